package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.EntityTags;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import jakarta.ws.rs.core.Response;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// Reads and changes the ceilings of a run: its limit, which every run has, and its rates.
final class RunCeiling {

  private final PutRunCeiling putRunCeiling;
  private final Runs runs;

  RunCeiling(PutRunCeiling putRunCeiling, Runs runs) {
    this.putRunCeiling = putRunCeiling;
    this.runs = runs;
  }

  Response get(Caller caller, String runId, CeilingWindow window) {
    return VisibleRun.find(runs, caller, runId)
        .map(run -> answer(200, run, window))
        .orElseThrow(() -> noRun(runId));
  }

  Response put(
      Caller caller,
      String runId,
      CeilingWindow window,
      Ceiling ceiling,
      @Nullable String ifMatch) {
    if (!Ids.isRunId(runId)) {
      throw noRun(runId);
    }
    LongPredicate precondition = version -> EntityTags.matches(ifMatch, tagged(version));
    String subject = subject(runId, window);
    PutRunCeiling.Result result =
        switch (window) {
          case Window total ->
              putRunCeiling.put(caller, runId, subject, run -> ceiling, precondition);
          case RateName name ->
              putRunCeiling.changeRate(caller, runId, name, subject, ceiling, precondition);
        };
    PutRunCeiling.Result.Done done = done(result, runId);
    return answer(done.created() ? 201 : 200, done.run(), window);
  }

  Response delete(Caller caller, String runId, CeilingWindow window, @Nullable String ifMatch) {
    if (!(window instanceof RateName name)) {
      throw Problem.of(
              ProblemType.METHOD_NOT_ALLOWED,
              "a run always has a limit; it ends when the run is closed")
          .exception();
    }
    if (!Ids.isRunId(runId)) {
      throw noRun(runId);
    }
    var unused =
        done(
            putRunCeiling.changeRate(
                caller,
                runId,
                name,
                subject(runId, window),
                null,
                version -> EntityTags.matches(ifMatch, tagged(version))),
            runId);
    return Response.noContent().build();
  }

  private static PutRunCeiling.Result.Done done(PutRunCeiling.Result result, String runId) {
    return switch (result) {
      case PutRunCeiling.Result.Done done -> done;
      case PutRunCeiling.Result.NoRun none -> throw noRun(runId);
      case PutRunCeiling.Result.PreconditionFailed failed -> throw EntityTags.changed();
      case PutRunCeiling.Result.NoRate none ->
          throw CeilingAnswers.notFound("run " + runId + " has no such rate");
      case PutRunCeiling.Result.TooManyRates many -> throw CeilingAnswers.tooManyRates();
    };
  }

  private static String subject(String runId, CeilingWindow window) {
    return "ceilings/run/" + runId + "/" + window.wireName();
  }

  private static ProblemException noRun(String runId) {
    return CeilingAnswers.notFound("there is no run " + runId);
  }

  /// The tag of a run's ceilings. A run has a limit from its creation, so its first version must
  /// not be 0, which means no ceiling.
  private static long tagged(long changes) {
    return changes + 1;
  }

  private static Response answer(int status, Run run, CeilingWindow window) {
    Ceiling ceiling = run.ceilings().get(window);
    if (ceiling == null) {
      throw CeilingAnswers.notFound("run " + run.runId() + " has no such rate");
    }
    return CeilingAnswers.of(
        status,
        new ScopeId(run.tenantId(), Scope.RUN, run.runId()),
        window,
        ceiling,
        tagged(run.account().version().ceilings()));
  }
}
