package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.ledger.increase.Increase;
import io.budgetauthority.ledger.increase.Increases;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Gives an account more money for a while, in one transaction with the record of it
/// (protocol.md#increases).
public final class AddIncrease {

  /// How many increases an account has at most at one time.
  public static final int MAX_INCREASES = 20;

  private final ConfigurationWriter writer;
  private final Ceilings ceilings;
  private final Policies policies;
  private final Ledger ledger;
  private final Runs runs;
  private final Increases increases;
  private final Clock clock;

  public AddIncrease(
      ConfigurationWriter writer,
      Ceilings ceilings,
      Policies policies,
      Ledger ledger,
      Runs runs,
      Clock clock) {
    this.writer = writer;
    this.ceilings = ceilings;
    this.policies = policies;
    this.ledger = ledger;
    this.runs = runs;
    this.increases = ledger.increases();
    this.clock = clock;
  }

  /// An increase that is asked for.
  ///
  /// @param hash over tenant, principal and idempotency key
  /// @param requestHash a hash of the request, to tell a replay from a reused key
  /// @param until null for the end of the window's period
  public record Wanted(
      String hash,
      String requestHash,
      ScopeId scopeId,
      Window window,
      MicroUsd amount,
      @Nullable Instant until,
      String reason) {}

  /// The outcome.
  public sealed interface Result {
    record Added(Increase increase) implements Result {}

    /// The same request was made before.
    record Present(Increase increase) implements Result {}

    /// The key was used for another request.
    record KeyReused() implements Result {}

    /// No ceiling applies to the scope id in that window, or there is no such run.
    record NoCeiling() implements Result {}

    record RunEnded() implements Result {}

    /// The time is not one that an increase may end at.
    record WrongEnd(String reason) implements Result {}

    /// The account has as many as it may have.
    record TooMany() implements Result {}
  }

  /// @param by who gives it
  public Result add(Caller by, Wanted wanted) {
    Deadline deadline = Deadline.ofRequest();
    String id = Increase.idOf(wanted.hash());
    return Optimistic.retry(
        deadline,
        "increase " + id,
        () -> {
          Increase before = increases.find(by.tenantId(), id, deadline).orElse(null);
          if (before != null) {
            return Attempt.done(
                before.requestHash().equals(wanted.requestHash())
                    ? new Result.Present(before)
                    : new Result.KeyReused());
          }
          return wanted.scopeId().scope() == Scope.RUN
              ? ofRun(by, id, wanted, deadline)
              : ofCeiling(by, id, wanted, deadline);
        });
  }

  private Attempt<Result> ofRun(Caller by, String id, Wanted wanted, Deadline deadline) {
    Run run = runs.find(by.tenantId(), wanted.scopeId().id()).orElse(null);
    if (run == null) {
      return Attempt.done(new Result.NoCeiling());
    }
    Instant now = now();
    if (run.stateAt(now) != Run.State.ACTIVE) {
      return Attempt.done(new Result.RunEnded());
    }
    String wrong = wrongEnd(wanted.until(), null, now);
    if (wrong != null) {
      return Attempt.done(new Result.WrongEnd(wrong));
    }
    VersionedPolicy policy = policies.now(by.tenantId());
    return toExisting(
        by,
        increase(by, id, wanted, run.account().key(), Objects.requireNonNull(wanted.until()), now),
        run.account(),
        policy,
        deadline);
  }

  private Attempt<Result> ofCeiling(Caller by, String id, Wanted wanted, Deadline deadline) {
    ScopeId scopeId = wanted.scopeId();
    CeilingSet set = ceilings.now(scopeId);
    VersionedPolicy policy = policies.now(by.tenantId());
    Ceiling own = set.byWindow().get(wanted.window());
    Ceiling ceiling =
        own != null ? own : policy.policy().ceilingsWithout(scopeId).get(wanted.window());
    if (ceiling == null) {
      return Attempt.done(new Result.NoCeiling());
    }
    Instant now = now();
    Instant periodEnds = policy.calendar().resetsAt(wanted.window(), now).orElse(null);
    String wrong = wrongEnd(wanted.until(), periodEnds, now);
    if (wrong != null) {
      return Attempt.done(new Result.WrongEnd(wrong));
    }
    AccountKey key =
        new AccountKey(
            by.tenantId(),
            scopeId.scope(),
            scopeId.id(),
            wanted.window(),
            policy.calendar().periodOf(wanted.window(), now),
            0);
    Increase increase =
        increase(
            by,
            id,
            wanted,
            key,
            Objects.requireNonNull(wanted.until() == null ? periodEnds : wanted.until()),
            now);
    Account stored = ledger.account(key, deadline).orElse(null);
    if (stored != null) {
      return toExisting(by, increase, stored, policy, deadline);
    }
    Account unused =
        Account.unused(key, ceiling.limit(), new LimitVersion(set.version(), policy.version()));
    List<Write> writes = new ArrayList<>(increases.making(increase, unused));
    writes.add(policies.unchanged(by.tenantId(), policy));
    writes.add(ceilings.unchanged(scopeId, set));
    return write(by, increase, writes, deadline);
  }

  /// The time as it is stored, in milliseconds.
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  /// Why an increase may not end at a time; null where it may.
  ///
  /// @param periodEnds null for a window without an end
  private static @Nullable String wrongEnd(
      @Nullable Instant until, @Nullable Instant periodEnds, Instant now) {
    if (until == null) {
      return periodEnds == null ? "is required for the window total, which has no end" : null;
    }
    if (!until.isAfter(now)) {
      return "must be in the future";
    }
    return periodEnds != null && until.isAfter(periodEnds)
        ? "must be at most the end of the period, " + periodEnds
        : null;
  }

  private Increase increase(
      Caller by, String id, Wanted wanted, AccountKey account, Instant until, Instant now) {
    return new Increase(
        id,
        account,
        wanted.amount(),
        until,
        wanted.reason(),
        by.principalId(),
        now,
        wanted.requestHash(),
        null,
        false);
  }

  private Attempt<Result> toExisting(
      Caller by, Increase increase, Account stored, VersionedPolicy policy, Deadline deadline) {
    Instant asOf = clock.instant().minus(policy.policy().clockSkew());
    if (ledger.repair(stored.items(), deadline)
        || increases.endPassed(List.of(stored), asOf, deadline)) {
      return Attempt.conflict();
    }
    if (stored.increases().included().size() >= MAX_INCREASES) {
      return Attempt.done(new Result.TooMany());
    }
    return write(by, increase, increases.adding(increase, stored), deadline);
  }

  private Attempt<Result> write(
      Caller by, Increase increase, List<Write> writes, Deadline deadline) {
    AuditEntry entry =
        AuditEntry.of(
            by,
            increase.createdAt(),
            "increases/" + increase.id(),
            null,
            Map.of(
                "scope", increase.scope().wireName(),
                "id", increase.account().id(),
                "window", increase.window().wireName(),
                "amount_usd", increase.amount().toString(),
                "until", increase.until().toString(),
                "reason", increase.reason()));
    ConfigurationChange change = new ConfigurationChange(by.tenantId(), entry, writes, List.of());
    return writer.write(change, deadline, () -> {})
        ? Attempt.done(new Result.Added(increase))
        : Attempt.conflict();
  }
}
