package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.money;

import io.budgetauthority.ledger.Optimistic.Attempt;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Tenants;
import io.budgetauthority.tenant.Tenants.ScopeId;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// Changes ceilings together with the accounts that they limit, in one transaction, so that a
/// changed limit applies at once (ledger.md#versions). Money that is held is never changed, and a
/// deleted ceiling leaves its account.
public final class CeilingChanges {

  private static final Duration TIMEOUT = Duration.ofMillis(2_500);

  /// Changes the limit, and what is available by the same difference, on the sums as they are:
  /// ledger.md#balance.
  private static final String MOVE =
      "SET lim = :limit, avl = avl + :change, cver = :cver, pver = :pver";

  private static final String SAME_LIMIT = "lim = :was AND ";

  private final Ledger ledger;
  private final Tenants tenants;

  public CeilingChanges(Ledger ledger, Tenants tenants) {
    this.ledger = ledger;
    this.tenants = tenants;
  }

  /// The outcome of a change.
  ///
  /// @param created whether no ceiling existed before
  /// @param done false where the precondition failed
  public record Changed(CeilingSet now, boolean created, boolean done) {}

  /// What must be true of the version that a caller changes.
  public interface Precondition {
    boolean holds(long version);
  }

  /// Sets a ceiling, and moves the limit of the account of its window's period at `now`. Both
  /// counters of the account's version are read strongly consistent and checked in the transaction.
  public Changed put(
      ScopeId scopeId,
      Window window,
      Ceiling ceiling,
      Instant now,
      Precondition precondition,
      Function<CeilingSet, AuditEntry> entry) {
    Deadline deadline = Deadline.in(TIMEOUT);
    return Optimistic.retry(
        deadline,
        nameOf(scopeId),
        () -> attemptPut(scopeId, window, ceiling, now, precondition, entry, deadline));
  }

  private Attempt<Changed> attemptPut(
      ScopeId scopeId,
      Window window,
      Ceiling ceiling,
      Instant now,
      Precondition precondition,
      Function<CeilingSet, AuditEntry> entry,
      Deadline deadline) {
    CeilingSet before = tenants.ceilingsNow(scopeId);
    if (!precondition.holds(before.version())) {
      return Attempt.done(new Changed(before, false, false));
    }
    Tenants.Versioned policy = tenants.policyNow(scopeId.tenantId());
    CeilingSet after = before.with(window, ceiling);
    List<TransactWriteItem> writes = writesOf(scopeId, window, before, after, entry);
    writes.add(tenants.unchanged(scopeId.tenantId(), policy));
    Account stored = accountNow(accountKey(scopeId, window, policy.calendar(), now), deadline);
    if (stored != null && ledger.repair(List.of(stored), deadline)) {
      return Attempt.conflict();
    }
    if (stored != null) {
      Account moved =
          stored.withLimit(ceiling.limit(), new LimitVersion(after.version(), policy.version()));
      writes.add(TransactWriteItem.builder().update(move(stored, moved)).build());
    }
    if (!ledger.write(writes, deadline)) {
      return Attempt.conflict();
    }
    tenants.cacheIfNewer(scopeId, after);
    return Attempt.done(new Changed(after, !before.byWindow().containsKey(window), true));
  }

  /// What every change of a scope id's ceilings writes.
  private List<TransactWriteItem> writesOf(
      ScopeId scopeId,
      Window window,
      CeilingSet before,
      CeilingSet after,
      Function<CeilingSet, AuditEntry> entry) {
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(TransactWriteItem.builder().put(tenants.replace(scopeId, after)).build());
    writes.add(tenants.listing(scopeId, after));
    writes.add(audit(scopeId, entry.apply(before)));
    if (changesModes(before, after, window)) {
      writes.add(tenants.toPublish(scopeId.tenantId()));
    }
    return writes;
  }

  private static AccountKey accountKey(
      ScopeId scopeId, Window window, Calendar calendar, Instant now) {
    return new AccountKey(
        scopeId.tenantId(),
        scopeId.scope(),
        scopeId.id(),
        window,
        calendar.periodOf(window, now),
        0);
  }

  /// Deletes a ceiling. False where it does not exist, or where the precondition failed.
  public boolean delete(
      ScopeId scopeId,
      Window window,
      Precondition precondition,
      Function<CeilingSet, AuditEntry> entry) {
    Deadline deadline = Deadline.in(TIMEOUT);
    return Optimistic.retry(
        deadline,
        nameOf(scopeId),
        () -> {
          CeilingSet before = tenants.ceilingsNow(scopeId);
          if (!before.byWindow().containsKey(window) || !precondition.holds(before.version())) {
            return Attempt.done(false);
          }
          CeilingSet after = before.without(window);
          if (!ledger.write(writesOf(scopeId, window, before, after, entry), deadline)) {
            return Attempt.conflict();
          }
          tenants.cacheIfNewer(scopeId, after);
          return Attempt.done(true);
        });
  }

  /// Whether the change may change the strictest mode of the tenant.
  private static boolean changesModes(CeilingSet before, CeilingSet after, Window window) {
    return !Objects.equals(modeOf(before, window), modeOf(after, window));
  }

  private static @Nullable Mode modeOf(CeilingSet set, Window window) {
    Ceiling ceiling = set.byWindow().get(window);
    return ceiling == null ? null : ceiling.mode();
  }

  /// The outcome of a change of a run's ceiling.
  public sealed interface RunChanged {
    record Done(Run run) implements RunChanged {}

    record NoRun() implements RunChanged {}

    record PreconditionFailed() implements RunChanged {}
  }

  /// Changes the ceiling of a run. Its version is how often it was changed.
  ///
  /// @param change makes the new ceiling from the run as it is
  public RunChanged putOfRun(
      String tenantId,
      String runId,
      Function<Run, Ceiling> change,
      Precondition precondition,
      Function<Run, AuditEntry> entry) {
    Deadline deadline = Deadline.in(TIMEOUT);
    return Optimistic.retry(
        deadline,
        "the ceiling of run " + runId,
        () -> {
          Run seen = runNow(tenantId, runId, deadline);
          if (seen == null) {
            return Attempt.done(new RunChanged.NoRun());
          }
          if (!precondition.holds(seen.account().version().ceilings())) {
            return Attempt.done(new RunChanged.PreconditionFailed());
          }
          if (ledger.repair(List.of(seen.account()), deadline)) {
            return Attempt.conflict();
          }
          Ceiling ceiling = change.apply(seen);
          List<TransactWriteItem> writes =
              List.of(
                  TransactWriteItem.builder()
                      .update(RunItem.moveLimit(ledger.table(), seen, ceiling))
                      .build(),
                  TransactWriteItem.builder()
                      .put(tenants.audit(tenantId, entry.apply(seen)))
                      .build());
          return ledger.write(writes, deadline)
              ? Attempt.done(new RunChanged.Done(seen.withCeiling(ceiling)))
              : Attempt.conflict();
        });
  }

  private @Nullable Run runNow(String tenantId, String runId, Deadline deadline) {
    return ledger.read(null, tenantId, List.of(), List.of(runId), deadline).runs().get(runId);
  }

  private @Nullable Account accountNow(AccountKey key, Deadline deadline) {
    return ledger.read(null, key.tenantId(), List.of(key), List.of(), deadline).accounts().get(key);
  }

  private Update move(Account stored, Account moved) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":limit", money(moved.limit()));
    values.put(":change", money(moved.limit().minus(stored.limit())));
    values.put(":was", money(stored.limit()));
    AccountItem.putVersion(moved.version(), values);
    return Update.builder()
        .tableName(ledger.table())
        .key(AccountItem.key(stored.key()))
        .updateExpression(MOVE)
        .conditionExpression(SAME_LIMIT + AccountItem.sameVersion(stored.version(), values))
        .expressionAttributeValues(values)
        .build();
  }

  private TransactWriteItem audit(ScopeId scopeId, AuditEntry entry) {
    return TransactWriteItem.builder().put(tenants.audit(scopeId.tenantId(), entry)).build();
  }

  private static String nameOf(ScopeId scopeId) {
    return "the set of ceilings of " + scopeId.scope().wireName() + " " + scopeId.id();
  }
}
