package io.budgetauthority.notification;

import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.Change;
import io.budgetauthority.ledger.StreamRecord;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/// Everything that is done with the decisions' stream: it is added up, and its events go out. A
/// function and a poller hand their batches to this one method. Safe for use by many threads.
public final class DecisionsStream {

  private final AttributionStream attribution;
  private final Notifications notifications;
  private final Clock clock;

  public DecisionsStream(AttributionStream attribution, Notifications notifications, Clock clock) {
    this.attribution = attribution;
    this.notifications = notifications;
    this.clock = clock;
  }

  /// A record that will never be read: it is for a person to look at.
  public record Unreadable(String sequenceNumber, String reason) {}

  /// Does with a batch all that is to be done with it, each record once, however often it comes.
  /// Where it throws, the whole batch is to be handed over again.
  ///
  /// @return the records that were left out because they are broken or too old; the others are done
  public List<Unreadable> consume(List<StreamRecord> batch) {
    List<Change> changes = new ArrayList<>(batch.size());
    List<Unreadable> unreadable = new ArrayList<>();
    for (StreamRecord record : batch) {
      if (record.at().isBefore(clock.instant().minus(AttributionStream.MAX_AGE))) {
        unreadable.add(
            new Unreadable(record.sequenceNumber(), "is of " + record.at() + ", which is too old"));
        continue;
      }
      try {
        changes.add(Change.read(record));
      } catch (IllegalStateException | IllegalArgumentException e) {
        unreadable.add(new Unreadable(record.sequenceNumber(), String.valueOf(e.getMessage())));
      }
    }
    attribution.add(changes);
    notifications.announce(changes);
    return List.copyOf(unreadable);
  }
}
