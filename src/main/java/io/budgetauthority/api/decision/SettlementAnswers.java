package io.budgetauthority.api.decision;

import io.budgetauthority.api.problem.BlockProblem;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.configuration.ReleaseHold;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Instant;

/// Answers the outcome of a step of a reservation.
final class SettlementAnswers {

  private final Policies policies;
  private final Clock clock;

  SettlementAnswers(Policies policies, Clock clock) {
    this.policies = policies;
    this.clock = clock;
  }

  /// The record, or the problem.
  Response answer(Settlement.Result result, String reservationId, Caller caller) {
    return switch (result) {
      case Settlement.Result.Done done ->
          Response.ok(DecisionRecord.of(done.reservation(), clock.instant(), caller)).build();
      // A block has no reservation. It may still become a degraded decision when the message of an
      // outage arrives, so its caller gets a 404 and sends the step again.
      case Settlement.Result.Refused refused when refused.reservation().mayBecomeReservation() ->
          throw notFound(reservationId);
      case Settlement.Result.Refused refused ->
          settled(
              refused.reservation(),
              refused.reservation().decision().isBlocked()
                  ? "a blocked decision reserved nothing"
                  : "the reservation is " + refused.reservation().state().wireName(),
              clock.instant(),
              caller);
      case Settlement.Result.Blocked blocked ->
          BlockProblem.response(
                  blocked.decision(),
                  blocked.block(),
                  blocked.reservation().id(),
                  policies.of(blocked.reservation().tenantId()).policy(),
                  caller,
                  clock.instant())
              .build();
      case Settlement.Result.Invalid invalid ->
          throw RequestFields.invalid(invalid.field(), invalid.reason());
      case Settlement.Result.Disallowed disallowed ->
          throw Problem.of(ProblemType.valueOf(disallowed.code().name()), disallowed.reason())
              .exception();
      case Settlement.Result.Forbidden forbidden ->
          throw Problem.of(
                  ProblemType.FORBIDDEN,
                  "another key made this reservation; it or a gateway may settle it")
              .exception();
      case Settlement.Result.NotFound notFound -> throw notFound(reservationId);
    };
  }

  /// The outcome of a release by an admin.
  Response answer(ReleaseHold.Result result, String reservationId, Caller caller) {
    return answer(
        switch (result) {
          case ReleaseHold.Result.Done done -> new Settlement.Result.Done(done.reservation());
          case ReleaseHold.Result.Refused refused ->
              new Settlement.Result.Refused(refused.reservation());
          case ReleaseHold.Result.NotFound notFound -> new Settlement.Result.NotFound();
        },
        reservationId,
        caller);
  }

  static ProblemException notFound(String reservationId) {
    return Problem.of(ProblemType.NOT_FOUND, "there is no reservation " + reservationId)
        .exception();
  }

  /// 409 `reservation_settled`, with the record as it is now.
  static Response settled(Reservation reservation, String detail, Instant now, Caller caller) {
    return Problem.of(ProblemType.RESERVATION_SETTLED, detail)
        .withRecord(DecisionRecord.of(reservation, now, caller))
        .withInstance("/budget/decisions/" + reservation.id().decisionId())
        .response()
        .build();
  }
}
