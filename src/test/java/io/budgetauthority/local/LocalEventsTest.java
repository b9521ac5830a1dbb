package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.budgetauthority.notification.BudgetEvent;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The events that the local build keeps in memory.
class LocalEventsTest {

  private final LocalEvents events =
      new LocalEvents(JsonMapper.builder().findAndAddModules().build());

  private static BudgetEvent event(String tenantId, int number) {
    return new BudgetEvent(
        "evt_" + tenantId + number,
        BudgetEvent.Type.THRESHOLD_CROSSED,
        tenantId,
        Instant.EPOCH,
        Map.of("number", number));
  }

  private List<String> tenants() {
    return events.last(event -> true).stream().map(BudgetEvent::tenantId).toList();
  }

  @Test
  void whenATenantSendsMany_anothersEventStays() {
    events.send(List.of(event("quiet", 0)));
    events.send(IntStream.range(0, 500).mapToObj(i -> event("loud", i)).toList());

    assertThat(events.last(event -> event.tenantId().equals("quiet")))
        .isEqualTo(List.of(event("quiet", 0)));
    assertThat(events.last(event -> true)).as("200 of a tenant are kept").hasSize(201);
    assertThat(events.last(event -> true).getFirst()).isEqualTo(event("loud", 499));
  }

  @Test
  void whenTenantsTakeTurns_theNewestIsFirst() {
    events.send(List.of(event("a", 1), event("b", 2), event("a", 3)));

    assertThat(tenants()).isEqualTo(List.of("a", "b", "a"));
  }

  @Test
  void whenManyTenantsSend_theOldestIsForgotten() {
    IntStream.rangeClosed(1, 101).forEach(i -> events.send(List.of(event("t" + i, i))));

    assertThat(tenants()).hasSize(100);
    assertThat(tenants().getLast()).isEqualTo("t2");
  }
}
