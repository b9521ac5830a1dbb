package io.budgetauthority.notification;

import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.Change;
import io.budgetauthority.ledger.scan.StreamRecord;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/// Does everything that is done with the decisions' stream: adds it up, and sends its events. A
/// function and a poller both pass their batches to this one method. Safe for use by many threads.
public final class DecisionsStream {

  private final AttributionStream attribution;
  private final Notifications notifications;
  private final Clock clock;

  public DecisionsStream(AttributionStream attribution, Notifications notifications, Clock clock) {
    this.attribution = attribution;
    this.notifications = notifications;
    this.clock = clock;
  }

  /// A record that can never be processed, for a person to look at.
  public record Unreadable(String sequenceNumber, String reason) {}

  /// Processes a batch. However often a record comes, it is added up once, and its events have the
  /// same ids. Where this throws, the whole batch must be passed again.
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
