package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.store.AuditEntry;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongPredicate;

/// Changes the ceiling of a run, which is its limit (protocol.md#runs).
public final class PutRunCeiling {

  private final ConfigurationWriter writer;
  private final Runs runs;
  private final Ledger ledger;
  private final Clock clock;

  public PutRunCeiling(ConfigurationWriter writer, Runs runs, Ledger ledger, Clock clock) {
    this.writer = writer;
    this.runs = runs;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// The outcome of a change.
  public sealed interface Result {
    record Done(Run run) implements Result {}

    record NoRun() implements Result {}

    /// The version that is stored is not the one that the caller requires.
    record PreconditionFailed() implements Result {}
  }

  /// The version of a run's ceiling is how often it was changed.
  ///
  /// @param by who changes it
  /// @param subject what the audit trail calls it
  /// @param change makes the new ceiling from the run as it is
  /// @param precondition what the stored version must be
  public Result put(
      Caller by,
      String runId,
      String subject,
      Function<Run, Ceiling> change,
      LongPredicate precondition) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline,
        "the ceiling of run " + runId,
        () -> attempt(by, runId, subject, change, precondition, deadline));
  }

  private Attempt<Result> attempt(
      Caller by,
      String runId,
      String subject,
      Function<Run, Ceiling> change,
      LongPredicate precondition,
      Deadline deadline) {
    Optional<Run> found = runs.find(by.tenantId(), runId);
    if (found.isEmpty()) {
      return Attempt.done(new Result.NoRun());
    }
    Run seen = found.get();
    if (!precondition.test(seen.account().version().ceilings())) {
      return Attempt.done(new Result.PreconditionFailed());
    }
    if (ledger.repair(List.of(seen.account()), deadline)) {
      return Attempt.conflict();
    }
    Ceiling ceiling = change.apply(seen);
    boolean written =
        writer.write(
            new ConfigurationChange(
                by.tenantId(),
                AuditEntry.of(by, clock.instant(), subject, seen.ceiling(), ceiling),
                List.of(runs.moveLimit(seen, ceiling)),
                List.of()),
            deadline,
            () -> {});
    return written ? Attempt.done(new Result.Done(seen.withCeiling(ceiling))) : Attempt.conflict();
  }
}
