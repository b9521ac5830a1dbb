package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.EntityTags;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/// Reads and changes the ceiling of a run, which is its limit. Every run has one.
final class RunCeiling {

  private final PutRunCeiling putRunCeiling;
  private final Runs runs;

  RunCeiling(PutRunCeiling putRunCeiling, Runs runs) {
    this.putRunCeiling = putRunCeiling;
    this.runs = runs;
  }

  Response get(Caller caller, String runId) {
    return VisibleRun.find(runs, caller, runId)
        .map(RunCeiling::answer)
        .orElseThrow(() -> CeilingAnswers.notFound("there is no run " + runId));
  }

  Response put(Caller caller, String runId, Ceiling ceiling, @Nullable String ifMatch) {
    PutRunCeiling.Result result =
        Ids.isRunId(runId)
            ? putRunCeiling.put(
                caller,
                runId,
                "ceilings/run/" + runId + "/total",
                run -> ceiling,
                version -> EntityTags.matches(ifMatch, tagged(version)))
            : new PutRunCeiling.Result.NoRun();
    return switch (result) {
      case PutRunCeiling.Result.Done done -> answer(done.run());
      case PutRunCeiling.Result.NoRun none ->
          throw CeilingAnswers.notFound("there is no run " + runId);
      case PutRunCeiling.Result.PreconditionFailed failed -> throw EntityTags.changed();
    };
  }

  /// The tag of a run's ceiling. A run has a ceiling from its creation, so its first version must
  /// not be 0, which means no ceiling.
  private static long tagged(long changes) {
    return changes + 1;
  }

  private static Response answer(Run run) {
    return CeilingAnswers.of(
        200,
        new ScopeId(run.tenantId(), Scope.RUN, run.runId()),
        Window.TOTAL,
        run.ceiling(),
        tagged(run.account().version().ceilings()));
  }
}
