package io.budgetauthority.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.notification.BudgetEvent;
import io.budgetauthority.notification.EventBus;
import jakarta.inject.Singleton;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/// The event bus of the local build. It writes a line in the log for each event and keeps the last
/// events in memory. Safe for use by many threads.
@Singleton
final class LocalEvents implements EventBus {

  private static final Logger LOG = Logger.getLogger("budget.events");
  private static final int MAX_KEPT = 1_000;

  private final ObjectMapper json;
  private final Deque<BudgetEvent> last = new ArrayDeque<>();

  LocalEvents(ObjectMapper json) {
    this.json = json;
  }

  @Override
  public synchronized void send(List<BudgetEvent> events) {
    for (BudgetEvent event : events) {
      LOG.infof("%s %s", event.type().wireName(), written(event));
      last.addFirst(event);
      if (last.size() > MAX_KEPT) {
        last.removeLast();
      }
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
    return last.stream().filter(wanted).toList();
  }
}
