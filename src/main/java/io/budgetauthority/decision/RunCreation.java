package io.budgetauthority.decision;

import io.budgetauthority.ledger.ReserveOutcome;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Creates runs ahead of their first decision (protocol.md#runs). The same request again answers
/// with the run as it is. Safe for use by many threads.
public final class RunCreation {

  private final Runs runs;
  private final Policies policies;
  private final Clock clock;

  public RunCreation(Runs runs, Policies policies, Clock clock) {
    this.runs = runs;
    this.policies = policies;
    this.clock = clock;
  }

  /// A run that is wanted.
  ///
  /// @param tuple what the run is bound to from the start
  /// @param limit in micro-USD; null for the policy's
  public record Wanted(
      String tenantId,
      String runId,
      Tuple tuple,
      @Nullable MicroUsd limit,
      @Nullable String parentRunId) {}

  /// The outcome of a creation.
  public sealed interface Result {
    record Created(Run run) implements Result {}

    /// The run exists as it is wanted.
    record Present(Run run) implements Result {}

    record Refused(Answer.RunRefused reason) implements Result {}
  }

  public Result create(Wanted wanted) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(deadline, "run " + wanted.runId(), () -> attempt(wanted));
  }

  private Attempt<Result> attempt(Wanted wanted) {
    Optional<Run> present = runs.find(wanted.tenantId(), wanted.runId());
    if (present.isPresent()) {
      return Attempt.done(
          isAsWanted(present.get(), wanted)
              ? new Result.Present(present.get())
              : new Result.Refused(
                  new Answer.RunConflict(
                      wanted.runId(), "run " + wanted.runId() + " exists with other settings")));
    }
    Instant now = Instant.ofEpochMilli(clock.millis());
    String named = wanted.parentRunId();
    Run parent = named == null ? null : runs.find(wanted.tenantId(), named).orElse(null);
    Answer.RunRefused refused =
        RunRules.refuseParent(wanted.runId(), named, parent, wanted.tuple(), now);
    if (refused != null) {
      return Attempt.done(new Result.Refused(refused));
    }
    VersionedPolicy policy = policies.of(wanted.tenantId());
    Run run = run(wanted, parent, policy, now);
    return switch (runs.start(run, parent, counters(run, policy))) {
      case ReserveOutcome.Reserved started -> Attempt.done(new Result.Created(run));
      case ReserveOutcome.OverLimit full ->
          Attempt.done(new Result.Refused(new Answer.TooManyRuns(full.counter(), full.reason())));
      case ReserveOutcome.Conflict conflict -> Attempt.conflict();
      case ReserveOutcome.Busy busy -> Attempt.conflict();
      case ReserveOutcome.AlreadyDecided already -> Attempt.conflict();
    };
  }

  private static boolean isAsWanted(Run present, Wanted wanted) {
    MicroUsd limit = wanted.limit();
    boolean sameLimit =
        limit == null
            || present.account().limitOfCeiling().equals(limit)
            || present.madeLimit().equals(limit);
    // Decisions may have bound parts of the tuple since, and a parent binds them at once.
    boolean sameTuple =
        present.tuple().admits(wanted.tuple())
            && present.tuple().completedBy(wanted.tuple()).equals(present.tuple());
    return sameTuple && sameLimit && Objects.equals(present.parentRunId(), wanted.parentRunId());
  }

  /// The counters of a new run. An advisory tenant's runs are counted and never refused.
  private static List<RunCounter> counters(Run run, VersionedPolicy policy) {
    List<RunCounter> counters =
        RunCounters.ofNew(run.tenantId(), policy, run.tuple(), run.createdAt());
    return policy.policy().mode() == Mode.ADVISORY_ESTIMATE
        ? counters.stream().map(RunCounter::unlimited).toList()
        : counters;
  }

  private static Run run(Wanted wanted, @Nullable Run parent, VersionedPolicy policy, Instant now) {
    Ceiling ceiling = policy.policy().ceilingOfNewRun(wanted.runId(), null);
    MicroUsd limit = wanted.limit() == null ? ceiling.limit() : wanted.limit();
    return new Run(
        wanted.tenantId(),
        wanted.runId(),
        parent == null ? List.of() : parent.ancestorsOfChild(),
        parent == null ? wanted.tuple() : parent.tuple().completedBy(wanted.tuple()),
        null,
        now,
        now.plus(policy.policy().runTtl()),
        limit,
        Run.Rules.of(ceiling, policy.policy().ratesOfNewRun(wanted.runId(), null)),
        true,
        Run.CountedOn.HEADS,
        Account.ofNewRun(wanted.tenantId(), wanted.runId(), limit));
  }
}
