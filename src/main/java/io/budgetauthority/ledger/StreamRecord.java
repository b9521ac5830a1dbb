package io.budgetauthority.ledger;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// One record of the decisions table's stream, as Lambda or a poller hands it over. What is no
/// decision and no notice gets an [IllegalStateException] when it is read.
///
/// @param sequenceNumber its place in its shard
/// @param at when the change was made, to about a second
/// @param before the item before the change; empty where there was none
/// @param after the item after the change; empty where it was removed, which only the end of its
///   retention does
public record StreamRecord(
    String sequenceNumber,
    Instant at,
    Map<String, AttributeValue> before,
    Map<String, AttributeValue> after) {

  public StreamRecord {
    before = Map.copyOf(before);
    after = Map.copyOf(after);
  }

  public boolean isRemoval() {
    return after.isEmpty();
  }

  public boolean isInsertion() {
    return before.isEmpty();
  }

  /// The notice that it is; empty where it is a decision.
  public Optional<RunClosed> runClosed() {
    return RunClosed.isOne(after) ? Optional.of(RunClosed.read(after)) : Optional.empty();
  }

  /// The decision after the change.
  public Reservation reservation() {
    return ReservationItem.read(after);
  }

  /// The decision before it; empty where it was made by it.
  public Optional<Reservation> reservationBefore() {
    return before.isEmpty() ? Optional.empty() : Optional.of(ReservationItem.read(before));
  }
}
