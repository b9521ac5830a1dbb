package io.budgetauthority.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.StorageUnavailable;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SweepTest {

  private static final Duration LIFE_AND_SKEW = Duration.ofSeconds(606);
  private static final Invocation A_MINUTE = new Invocation(Duration.ofSeconds(60));

  private final Map<String, Object> tick = Example.named("sweep").asMap();

  private static Sweep sweep(TestAuthority service) {
    return new Sweep(
        new Sweeper(service.ledger, service.runs, service.configuration.policies, service.clock),
        service.configuration.publisher);
  }

  private static ReservationState stateOf(TestAuthority service, String key) {
    return service
        .ledger
        .find(service.tenantId, service.idOf(key), Deadline.in(Duration.ofSeconds(5)))
        .orElseThrow()
        .state();
  }

  @Test
  void whenAReservationIsOverdue_itExpiresAndIsThenPresumed() {
    TestAuthority service = new TestAuthority();
    var unused = service.ask("a", "run", 0, 100, null);
    service.clock.advance(LIFE_AND_SKEW);

    Sweeper.Swept first = sweep(service).handleRequest(tick, A_MINUTE);
    assertThat(first.expired() >= 1 && first.finished()).as(first.toString()).isTrue();
    assertThat(stateOf(service, "a")).isEqualTo(ReservationState.EXPIRED);

    Sweeper.Swept second = sweep(service).handleRequest(tick, A_MINUTE);
    assertThat(second.presumed()).as(second.toString()).isGreaterThanOrEqualTo(1);
    assertThat(stateOf(service, "a")).isEqualTo(ReservationState.RECONCILED);
  }

  @Test
  void whenNoTimeIsLeft_nothingIsSwept() {
    TestAuthority service = new TestAuthority();
    var unused = service.ask("a", "run", 0, 100, null);
    service.clock.advance(LIFE_AND_SKEW);

    assertThat(sweep(service).handleRequest(tick, new Invocation(Duration.ofSeconds(9))).finished())
        .isFalse();
    assertThat(stateOf(service, "a")).isEqualTo(ReservationState.RESERVED);
  }

  @Test
  void whenTheLedgerIsUnavailable_theSweepFails() {
    Sweep sweep = sweep(new TestAuthority(new Faults(1, 100, 0)));
    assertThrows(StorageUnavailable.class, () -> sweep.handleRequest(tick, A_MINUTE));
  }
}
