package io.budgetauthority.decision.unreserved;

import io.budgetauthority.decision.BudgetView;
import io.budgetauthority.decision.CallRun;
import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Creates the items of decisions that were answered while the ledger was unavailable, once it is
/// back (protocol.md#degraded-decisions). Recording the same decision again changes nothing. Safe
/// for use by many threads.
public final class LateDecisions {

  private final UnreservedRecorder recorder;
  private final Clock clock;

  public LateDecisions(UnreservedRecorder recorder, Clock clock) {
    this.recorder = recorder;
    this.clock = clock;
  }

  /// A degraded decision, and what its id is made of.
  ///
  /// @param sentAt when its message was sent
  public record Late(
      String tenantId,
      String principalId,
      String idempotencyKey,
      Instant sentAt,
      DegradedDecision decision) {

    private ReservationId id() {
      return ReservationId.of(tenantId, principalId, ReservationId.Kind.DECISION, idempotencyKey);
    }

    /// The id of the call where its key is taken. The same message always gives the same id.
    private ReservationId ownId() {
      return ReservationId.of(
          tenantId,
          principalId,
          ReservationId.Kind.DEGRADED,
          String.join("\n", idempotencyKey, decision.requestHash(), sentAt.toString()));
    }

    private boolean isIssued() {
      return CallRun.issued(id()).equals(decision.decision().subject().runId());
    }
  }

  /// Records a decision. The decision's item is created if its key is free. It replaces a block of
  /// the same request, because the caller did not receive the answer of that block before it asked
  /// again. A key that was cancelled stays a block. The call then counts as cancelled, unless the
  /// cancellation came before it. If the key has the same call already, nothing is added. In every
  /// other case the key was used twice, and the estimate is charged as presumed under an id of its
  /// own.
  public void record(Late late) {
    UnreservedRecorder.Recorded known =
        recorder.record(
            late.id(),
            occurrence(late, MicroUsd.ZERO),
            (view, stored) ->
                stored == null || becomes(stored, late)
                    ? Optional.of(reserved(late, view, stored))
                    : Optional.empty());
    if (!known.recorded() && !isAccountedFor(known, late)) {
      presume(late);
    }
  }

  private static boolean becomes(Reservation stored, Late late) {
    return stored.mayBecomeReservation()
        && stored.requestHash().equals(late.decision().requestHash());
  }

  /// Whether the call is already stored under its key. That is so for a cancelled key, unless the
  /// cancellation came before the message by more than the clock skew. It is so for a reservation
  /// of the same request if the message was sent by its `expires_at`, and the reservation was open
  /// then or was made in an outage. A replay of an open reservation would have been allowed. One of
  /// an outage could not be settled meanwhile.
  private static boolean isAccountedFor(UnreservedRecorder.Recorded known, Late late) {
    Reservation stored = known.reservation();
    Instant endedAt = stored.endedAt();
    if (stored.state() == ReservationState.NONE) {
      return !stored.mayBecomeReservation()
          && endedAt != null
          && !endedAt.plus(known.clockSkew()).isBefore(late.sentAt());
    }
    return stored.requestHash().equals(late.decision().requestHash())
        && !late.sentAt().isAfter(stored.expiresAt())
        && (endedAt == null
            || endedAt.isAfter(late.sentAt())
            || stored.decision().degraded() != null);
  }

  private void presume(Late late) {
    MicroUsd estimate = estimate(late);
    var unused =
        recorder.record(
            late.ownId(),
            occurrence(late, estimate),
            (view, stored) ->
                stored == null ? Optional.of(presumed(late, view, estimate)) : Optional.empty());
  }

  private static UnreservedRecorder.Occurrence occurrence(Late late, MicroUsd charge) {
    DegradedDecision degraded = late.decision();
    Decision decision = degraded.decision();
    return new UnreservedRecorder.Occurrence(
        late.tenantId(),
        decision.subject().runId(),
        degraded.parentRunId(),
        degraded.runLimit(),
        decision.model().requestClass(),
        decision.subject().tuple(),
        decision.createdAt(),
        charge,
        true,
        late.isIssued());
  }

  private static MicroUsd estimate(Late late) {
    MicroUsd estimate = late.decision().decision().estimate();
    return estimate == null ? MicroUsd.ZERO : estimate;
  }

  /// The reservation. Its `forward` is taken as `implicit`, whatever the ask stated. A caller's
  /// `forward` could not reach the ledger, and a call that was let through must not be released
  /// because it is missing.
  private static Reservation reserved(Late late, BudgetView view, @Nullable Reservation stored) {
    return item(
        late,
        late.id(),
        view,
        stored == null ? 1 : stored.revision() + 1,
        ReservationState.RESERVED,
        null);
  }

  private Reservation presumed(Late late, BudgetView view, MicroUsd estimate) {
    Instant now = Instant.ofEpochMilli(clock.millis());
    return item(
        late, late.ownId(), view, 1, ReservationState.RECONCILED, Charge.presumed(estimate, now));
  }

  private static Reservation item(
      Late late,
      ReservationId id,
      BudgetView view,
      long revision,
      ReservationState state,
      @Nullable Charge charge) {
    return new Reservation(
        id,
        late.tenantId(),
        late.principalId(),
        late.decision().requestHash(),
        Reservation.newNonce(),
        revision,
        state,
        false,
        false,
        view.charged(late.decision().decision(), charge == null ? MicroUsd.ZERO : charge.amount()),
        late.decision().priceRow(),
        charge,
        null,
        late.decision().expiresAt(),
        charge == null ? null : charge.at(),
        Duration.ofDays(view.policy().retentionDays()));
  }
}
