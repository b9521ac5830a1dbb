package io.budgetauthority.notification;

import io.budgetauthority.attribution.Change;
import java.util.ArrayList;
import java.util.List;

/// Sends the events that changes of the decisions table are, at least once: a batch that is read
/// again sends them again, with the same ids; a threshold goes out once as long as its mark is
/// kept.
public final class Notifications {

  private final Thresholds thresholds;
  private final EventBus bus;

  public Notifications(Thresholds thresholds, EventBus bus) {
    this.thresholds = thresholds;
    this.bus = bus;
  }

  /// Where it throws, some may have gone out, and all of it may be handed over again.
  public void announce(List<Change> changes) {
    List<BudgetEvent> crossed = thresholds.untold(changes);
    List<BudgetEvent> events = new ArrayList<>();
    changes.forEach(change -> events.addAll(DecisionEvents.of(change)));
    events.addAll(crossed);
    if (!events.isEmpty()) {
      bus.send(events);
    }
    // Only then: a mark without its event would lose it for good.
    thresholds.markTold(crossed);
  }
}
