package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/// Sets a ceiling together with the account that it limits, in one transaction, so that a changed
/// limit applies at once (ledger.md#versions). Money that is held is never changed.
public final class PutCeiling {

  private final ConfigurationWriter writer;
  private final Ceilings ceilings;
  private final Policies policies;
  private final Ledger ledger;
  private final Clock clock;

  public PutCeiling(
      ConfigurationWriter writer,
      Ceilings ceilings,
      Policies policies,
      Ledger ledger,
      Clock clock) {
    this.writer = writer;
    this.ceilings = ceilings;
    this.policies = policies;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// The outcome of a change.
  public sealed interface Result {

    /// @param now the ceilings of the scope id after the change
    /// @param created whether no such ceiling existed before
    record Done(CeilingSet now, boolean created) implements Result {}

    /// The version that is stored is not the one that the caller requires.
    record PreconditionFailed() implements Result {}

    /// The scope id has as many rates as it may have.
    record TooManyRates() implements Result {}
  }

  /// Sets a ceiling and moves the limit of the account of its window's period. Both counters of the
  /// account's version are read strongly consistent and checked in the transaction. A rate gets its
  /// new terms.
  ///
  /// @param by who sets it
  /// @param precondition what the stored version must be; 0 where the scope id never had a ceiling
  public Result put(
      Caller by,
      ScopeId scopeId,
      CeilingWindow window,
      Ceiling ceiling,
      LongPredicate precondition) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline,
        CeilingChange.nameOf(scopeId),
        () -> attempt(by, scopeId, window, ceiling, precondition, deadline));
  }

  private Attempt<Result> attempt(
      Caller by,
      ScopeId scopeId,
      CeilingWindow window,
      Ceiling ceiling,
      LongPredicate precondition,
      Deadline deadline) {
    CeilingSet before = ceilings.now(scopeId);
    if (!precondition.test(before.version())) {
      return Attempt.done(new Result.PreconditionFailed());
    }
    if (window instanceof RateName && isOneTooMany(before, window)) {
      return Attempt.done(new Result.TooManyRates());
    }
    VersionedPolicy policy = policies.now(scopeId.tenantId());
    Instant now = Instant.ofEpochMilli(clock.millis());
    CeilingSet after = before.with(window, ceiling);
    LimitVersion version = new LimitVersion(after.version(), policy.version());
    List<Write> writes = new ArrayList<>();
    writes.add(policies.unchanged(scopeId.tenantId(), policy));
    switch (window) {
      case RateName name -> {
        ledger
            .rate(RateKey.of(scopeId, name), deadline)
            .map(stored -> EnforcedRate.of(stored, ceiling, policy.policy(), version, now))
            .ifPresent(rate -> writes.add(ledger.termsOf(rate)));
      }
      case Window calendar -> {
        Account stored =
            ledger
                .account(
                    new AccountKey(
                        scopeId.tenantId(),
                        scopeId.scope(),
                        scopeId.id(),
                        calendar,
                        policy.calendar().periodOf(calendar, now),
                        0),
                    deadline)
                .orElse(null);
        if (stored != null) {
          if (ledger.repair(stored.items(), deadline)) {
            return Attempt.conflict();
          }
          writes.add(ledger.moveLimit(stored, ceiling.limit(), version));
        }
      }
    }
    CeilingChange change = new CeilingChange(by, scopeId, window, now, before, after);
    if (!writer.write(change.with(ceilings, writes), deadline, () -> ceilings.evict(scopeId))) {
      return Attempt.conflict();
    }
    ceilings.cacheIfNewer(scopeId, after);
    return Attempt.done(new Result.Done(after, !before.byWindow().containsKey(window)));
  }

  private static boolean isOneTooMany(CeilingSet before, CeilingWindow rate) {
    return !before.byWindow().containsKey(rate)
        && RateName.countIn(before.byWindow()) >= RateName.MAX_RATES;
  }
}
