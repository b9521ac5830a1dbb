package io.budgetauthority.api.http;

import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import java.util.Optional;

/// Finds a run for a caller (protocol.md#runs). An agent sees the runs of its own user and key.
public final class VisibleRun {

  private VisibleRun() {}

  /// A run that the caller may see; empty where there is none. A text that is not the form of a
  /// run's id names none.
  public static Optional<Run> find(Runs runs, Caller caller, String runId) {
    return Ids.isRunId(runId)
        ? runs.find(caller.tenantId(), runId).filter(run -> run.tuple().isVisibleTo(caller))
        : Optional.empty();
  }
}
