package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.AuditEntry;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Ends a run and all its descendants (protocol.md#runs).
public final class CloseRun {

  private final ConfigurationWriter writer;
  private final Runs runs;
  private final Clock clock;

  public CloseRun(ConfigurationWriter writer, Runs runs, Clock clock) {
    this.writer = writer;
    this.runs = runs;
    this.clock = clock;
  }

  /// Ends the runs. They get no more decisions, and what they hold is still settled. False where
  /// the run does not exist. A run that has ended stays as it is. Its descendants are ended all the
  /// same, because an earlier call may have failed before it ended them.
  ///
  /// @param by who ends them; the audit trail names the run itself
  public boolean close(Caller by, String runId) {
    Instant now = clock.instant();
    AuditEntry entry =
        AuditEntry.of(
            by,
            now,
            "runs/" + runId,
            Map.of("state", Run.State.ACTIVE.wireName()),
            Map.of("state", Run.State.CLOSED.wireName()));
    Deadline deadline = Deadline.ofRequest();
    Optional<Run> ended =
        runs.ended(
            by.tenantId(),
            runId,
            deadline,
            run ->
                writer.write(
                    new ConfigurationChange(
                        by.tenantId(), entry, runs.endingOf(run, Run.State.CLOSED, now), List.of()),
                    deadline,
                    () -> {}));
    ended.ifPresent(run -> runs.closeDescendants(run, now));
    return ended.isPresent();
  }
}
