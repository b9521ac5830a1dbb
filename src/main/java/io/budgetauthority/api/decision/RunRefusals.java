package io.budgetauthority.api.decision;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.counter.RunCounter;

/// The problems for a run that does not allow a decision, or that cannot be created as asked
/// (protocol.md#runs and protocol.md#problems).
final class RunRefusals {

  private RunRefusals() {}

  static RuntimeException exception(Answer.RunRefused refused) {
    return switch (refused) {
      case Answer.InvalidParent parent -> RequestFields.invalid("/parent_run_id", parent.reason());
      case Answer.UnknownParent parent -> notFound(parent.runId());
      case Answer.RunClosed closed ->
          problem(ProblemType.RUN_CLOSED, "run " + closed.runId() + " has ended");
      case Answer.RunConflict conflict -> problem(ProblemType.RUN_CONFLICT, conflict.reason());
      case Answer.RunMismatch mismatch ->
          problem(
              ProblemType.RUN_PRINCIPAL_MISMATCH,
              "run " + mismatch.runId() + " is bound to another " + mismatch.field());
      case Answer.TooManyRuns tooMany ->
          problem(
              tooMany.counter().of() == RunCounter.Of.NEW_ON_DAY
                  ? ProblemType.TOO_MANY_RUNS
                  : ProblemType.TOO_MANY_ACTIVE_RUNS,
              tooMany.reason());
    };
  }

  static ProblemException notFound(String runId) {
    return problem(ProblemType.NOT_FOUND, "there is no run " + runId);
  }

  private static ProblemException problem(ProblemType type, String detail) {
    return Problem.of(type, detail).exception();
  }
}
