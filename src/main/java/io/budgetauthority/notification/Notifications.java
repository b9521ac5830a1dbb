package io.budgetauthority.notification;

import io.budgetauthority.attribution.Change;
import java.util.ArrayList;
import java.util.List;

/// Sends the events of changes of the decisions table, at least once. A batch that is read again
/// sends them again, with the same ids. The event of a threshold is not sent again as long as its
/// mark is stored.
public final class Notifications {

  private final Thresholds thresholds;
  private final EventBus bus;

  public Notifications(Thresholds thresholds, EventBus bus) {
    this.thresholds = thresholds;
    this.bus = bus;
  }

  /// Sends the events of these changes. Where this throws, some may be sent, and all may be passed
  /// again.
  public void announce(List<Change> changes) {
    List<Thresholds.Crossing> crossed = thresholds.unsent(changes);
    List<BudgetEvent> events = new ArrayList<>();
    changes.forEach(change -> events.addAll(DecisionEvents.of(change)));
    crossed.forEach(crossing -> events.add(crossing.event()));
    if (!events.isEmpty()) {
      bus.send(events);
    }
    // Marks are written only after the events are sent: a mark without its event would lose it for
    // good.
    thresholds.markSent(crossed);
  }
}
