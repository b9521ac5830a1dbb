package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.BudgetHeaders;
import io.budgetauthority.api.problem.BlockProblem;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.core.Response;
import java.time.Clock;

/// Answers the outcome of an ask.
final class DecisionAnswers {

  private final Policies policies;
  private final Clock clock;

  DecisionAnswers(Policies policies, Clock clock) {
    this.policies = policies;
    this.clock = clock;
  }

  /// The record with its headers, or the problem.
  Response answer(Caller caller, Answer answer) {
    return switch (answer) {
      case Answer.Decided decided -> decided(caller, decided);
      case Answer.DryRun dryRun -> dryRun(caller, dryRun);
      case Answer.AlreadySettled settled ->
          SettlementAnswers.settled(
              settled.reservation(),
              "the call of this idempotency key is over",
              clock.instant(),
              caller);
      case Answer.Refused refused ->
          throw Problem.of(ProblemType.valueOf(refused.code().name()), refused.reason())
              .exception();
      case Answer.Invalid invalid -> throw RequestFields.invalid(invalid.field(), invalid.reason());
      case Answer.Ambiguous ambiguous ->
          throw RequestFields.invalid(
              "/model", "means several rows: " + String.join(", ", ambiguous.candidates()));
      case Answer.KeyReused reused ->
          throw Problem.of(
                  ProblemType.IDEMPOTENCY_KEY_REUSED,
                  "the idempotency key was used with another request")
              .exception();
      case Answer.RunRefused refused -> throw RunRefusals.exception(refused);
      case Answer.Forbidden forbidden ->
          throw Problem.of(ProblemType.FORBIDDEN, forbidden.reason()).exception();
      case Answer.NoPrices noPrices ->
          throw new StorageUnavailable("no price table is loaded yet", null);
    };
  }

  private Response dryRun(Caller caller, Answer.DryRun dryRun) {
    Decision decision = dryRun.decision();
    Response.ResponseBuilder response =
        decision.verdict() instanceof Verdict.Block block
            ? BlockProblem.response(decision, block, null, policy(caller), caller, clock.instant())
            : Response.ok(DecisionRecord.ofDryRun(decision, dryRun.row(), caller));
    BudgetHeaders.put(response, decision, null, caller);
    return response.build();
  }

  private Response decided(Caller caller, Answer.Decided decided) {
    Reservation reservation = decided.reservation();
    Decision decision = reservation.decision();
    Response.ResponseBuilder response =
        decision.verdict() instanceof Verdict.Block block
            ? BlockProblem.response(
                decision, block, reservation.id(), policy(caller), caller, clock.instant())
            : Response.ok(DecisionRecord.of(reservation, clock.instant(), caller));
    BudgetHeaders.put(response, decision, reservation, caller);
    if (decided.replayed()) {
      response.header(BudgetHeaders.IDEMPOTENCY_REPLAYED, "true");
    }
    return response.build();
  }

  private Policy policy(Caller caller) {
    return policies.of(caller.tenantId()).policy();
  }
}
