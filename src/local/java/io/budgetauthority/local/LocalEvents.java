package io.budgetauthority.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.notification.BudgetEvent;
import io.budgetauthority.notification.EventBus;
import jakarta.inject.Singleton;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/// The event bus of the local build. It writes a line in the log for each event and keeps the last
/// events of each tenant in memory, so that a tenant with many events does not displace those of
/// another. Safe for use by many threads.
@Singleton
final class LocalEvents implements EventBus {

  private static final Logger LOG = Logger.getLogger("budget.events");
  private static final int MAX_EVENTS_OF_A_TENANT = 200;
  private static final int MAX_TENANTS = 100;

  private final ObjectMapper json;

  /// The last events of each tenant, the newest first. The tenant whose last event is the oldest is
  /// the first.
  private final SequencedMap<String, Deque<Kept>> byTenant = new LinkedHashMap<>();

  private long sent;

  LocalEvents(ObjectMapper json) {
    this.json = json;
  }

  @Override
  public synchronized void send(List<BudgetEvent> events) {
    for (BudgetEvent event : events) {
      LOG.infof("%s %s", event.type().wireName(), written(event));
      keep(event);
    }
  }

  private void keep(BudgetEvent event) {
    Deque<Kept> known = byTenant.remove(event.tenantId());
    Deque<Kept> ofTenant = known == null ? new ArrayDeque<>() : known;
    ofTenant.addFirst(new Kept(sent++, event));
    if (ofTenant.size() > MAX_EVENTS_OF_A_TENANT) {
      ofTenant.removeLast();
    }
    byTenant.putLast(event.tenantId(), ofTenant);
    if (byTenant.size() > MAX_TENANTS) {
      byTenant.pollFirstEntry();
    }
  }

  private String written(BudgetEvent event) {
    try {
      return json.writeValueAsString(event);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("event " + event.id() + " cannot be written", e);
    }
  }

  /// The last events since the start, the newest first.
  synchronized List<BudgetEvent> last(Predicate<BudgetEvent> wanted) {
    return byTenant.values().stream()
        .flatMap(Deque::stream)
        .filter(kept -> wanted.test(kept.event()))
        .sorted(Comparator.comparingLong(Kept::number).reversed())
        .map(Kept::event)
        .toList();
  }

  /// An event, and how many were sent before it.
  private record Kept(long number, BudgetEvent event) {}
}
