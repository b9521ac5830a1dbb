package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// Changes the ceilings of a run: its limit, and its rates (protocol.md#runs).
public final class PutRunCeiling {

  private final ConfigurationWriter writer;
  private final Runs runs;
  private final Ledger ledger;
  private final Policies policies;
  private final Clock clock;

  public PutRunCeiling(
      ConfigurationWriter writer, Runs runs, Ledger ledger, Policies policies, Clock clock) {
    this.writer = writer;
    this.runs = runs;
    this.ledger = ledger;
    this.policies = policies;
    this.clock = clock;
  }

  /// The outcome of a change.
  public sealed interface Result {
    /// @param created whether the run had no such ceiling before
    record Done(Run run, boolean created) implements Result {}

    record NoRun() implements Result {}

    /// The version that is stored is not the one that the caller requires.
    record PreconditionFailed() implements Result {}

    /// The run has no such rate.
    record NoRate() implements Result {}

    /// The run has as many rates as it may have.
    record TooManyRates() implements Result {}
  }

  /// Changes the limit. The version of a run's ceilings is how often they were changed.
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
    return retry(
        by,
        runId,
        precondition,
        deadline,
        seen -> {
          if (ledger.repair(seen.account().items(), deadline)) {
            return Attempt.conflict();
          }
          Ceiling ceiling = change.apply(seen);
          return write(
              by,
              AuditEntry.of(by, clock.instant(), subject, seen.ceiling(), ceiling),
              List.of(runs.moveLimit(seen, ceiling)),
              new Result.Done(seen.withCeiling(ceiling), false),
              deadline);
        });
  }

  /// Sets a rate, or deletes it.
  ///
  /// @param rate null where it is deleted
  public Result changeRate(
      Caller by,
      String runId,
      RateName name,
      String subject,
      @Nullable Ceiling rate,
      LongPredicate precondition) {
    Deadline deadline = Deadline.ofRequest();
    return retry(
        by,
        runId,
        precondition,
        deadline,
        seen -> {
          Map<RateName, Ceiling> rates = new HashMap<>(seen.rules().rates());
          Ceiling before = rate == null ? rates.remove(name) : rates.put(name, rate);
          if (rate == null && before == null) {
            return Attempt.done(new Result.NoRate());
          }
          return rates.size() > RateName.MAX_RATES
              ? Attempt.done(new Result.TooManyRates())
              : write(
                  by,
                  AuditEntry.of(by, clock.instant(), subject, before, rate),
                  writesOf(seen, rates, name, rate, deadline),
                  new Result.Done(seen.withRates(rates), before == null),
                  deadline);
        });
  }

  /// The writes that change a run's rates. A rate that is stored gets its new terms.
  private List<Write> writesOf(
      Run seen,
      Map<RateName, Ceiling> rates,
      RateName name,
      @Nullable Ceiling rate,
      Deadline deadline) {
    List<Write> writes = new ArrayList<>();
    writes.add(runs.putRates(seen, rates));
    if (rate != null) {
      Policy policy = policies.of(seen.tenantId()).policy();
      LimitVersion version = seen.withRates(rates).account().version();
      Instant now = Instant.ofEpochMilli(clock.millis());
      ledger
          .rate(new RateKey(seen.tenantId(), Scope.RUN, seen.runId(), name), deadline)
          .map(stored -> EnforcedRate.of(stored, rate, policy, version, now))
          .ifPresent(it -> writes.add(ledger.termsOf(it)));
    }
    return writes;
  }

  private Result retry(
      Caller by,
      String runId,
      LongPredicate precondition,
      Deadline deadline,
      Function<Run, Attempt<Result>> change) {
    return Optimistic.retry(
        deadline,
        "the ceilings of run " + runId,
        () -> {
          Optional<Run> found = runs.find(by.tenantId(), runId);
          if (found.isEmpty()) {
            return Attempt.done(new Result.NoRun());
          }
          Run seen = found.get();
          return precondition.test(seen.account().version().ceilings())
              ? change.apply(seen)
              : Attempt.done(new Result.PreconditionFailed());
        });
  }

  private Attempt<Result> write(
      Caller by, AuditEntry entry, List<Write> changes, Result done, Deadline deadline) {
    return writer.write(
            new ConfigurationChange(by.tenantId(), entry, changes, List.of()), deadline, () -> {})
        ? Attempt.done(done)
        : Attempt.conflict();
  }
}
