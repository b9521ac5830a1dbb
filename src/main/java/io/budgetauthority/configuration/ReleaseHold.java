package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.AuditEntry;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// Releases a reservation on behalf of a person, with an entry in the audit trail
/// (protocol.md#release).
public final class ReleaseHold {

  private final ConfigurationWriter writer;
  private final Ledger ledger;
  private final Clock clock;

  public ReleaseHold(ConfigurationWriter writer, Ledger ledger, Clock clock) {
    this.writer = writer;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// What became of the reservation.
  public sealed interface Result {
    /// It is released, or was settled before and stays so.
    record Done(Reservation reservation) implements Result {}

    /// It is a block, which reserves nothing.
    record Refused(Reservation reservation) implements Result {}

    record NotFound() implements Result {}
  }

  /// @param by who releases it; the audit trail names the reservation
  /// @param reason why, in that person's words
  public Result release(Caller by, ReservationId id, String reason) {
    Instant now = Instant.ofEpochMilli(clock.millis());
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline,
        "reservation " + id.reservationId(),
        () -> {
          Reservation seen = ledger.find(by.tenantId(), id, deadline).orElse(null);
          if (seen == null) {
            return Attempt.done(new Result.NotFound());
          }
          return switch (seen.release(reason, now)) {
            case Reservation.Step.Unchanged unchanged -> Attempt.done(new Result.Done(seen));
            case Reservation.Step.Refused refused -> Attempt.done(new Result.Refused(seen));
            case Reservation.Step.Move move -> {
              if (!writer.write(
                  change(by, seen, move, reason, now, deadline), deadline, () -> {})) {
                yield Attempt.conflict();
              }
              Meters.afterWrite(Meters::released);
              yield Attempt.done(new Result.Done(move.next()));
            }
          };
        });
  }

  private ConfigurationChange change(
      Caller by,
      Reservation seen,
      Reservation.Step.Move move,
      String reason,
      Instant now,
      Deadline deadline) {
    AuditEntry entry =
        AuditEntry.of(
            by,
            now,
            "reservations/" + seen.id().reservationId(),
            Map.of("state", seen.state().wireName()),
            Map.of("state", move.next().state().wireName(), "reason", reason));
    return new ConfigurationChange(
        by.tenantId(), entry, ledger.writesOf(move, deadline), List.of());
  }
}
