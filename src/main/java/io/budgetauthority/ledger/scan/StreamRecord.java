package io.budgetauthority.ledger.scan;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationItem;
import io.budgetauthority.ledger.RunClosed;
import io.budgetauthority.ledger.increase.IncreaseEnded;
import io.budgetauthority.storage.Attributes;
import java.time.Instant;
import java.util.Optional;

/// One record of the decisions table's stream, as Lambda or a poller delivers it. Reading a record
/// that is neither a decision nor a notice throws an [IllegalStateException].
///
/// @param sequenceNumber its place in its shard
/// @param at when the change was made, to about a second
/// @param before the item before the change; empty where none existed
/// @param after the item after the change; empty where it was removed, which happens only at the
///   end of its retention
public record StreamRecord(String sequenceNumber, Instant at, Attributes before, Attributes after) {

  public boolean isRemoval() {
    return after.isEmpty();
  }

  /// The notice in the record; empty where the record is a decision.
  public Optional<RunClosed> runClosed() {
    return RunClosed.isOne(after) ? Optional.of(RunClosed.read(after)) : Optional.empty();
  }

  /// The notice that an increase has ended; empty where the record is another.
  public Optional<IncreaseEnded> increaseEnded() {
    return IncreaseEnded.isOne(after) ? Optional.of(IncreaseEnded.read(after)) : Optional.empty();
  }

  /// The decision after the change.
  public Reservation reservation() {
    return ReservationItem.read(after);
  }

  /// The decision before the change; empty where the change created it.
  public Optional<Reservation> reservationBefore() {
    return before.isEmpty() ? Optional.empty() : Optional.of(ReservationItem.read(before));
  }
}
