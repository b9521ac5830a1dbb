package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the accounts that a tuple's calls are held against (ledger.md#versions). Each ceiling of
/// the tuple's scope ids has one. So has each of the policy's default ceilings that applies, and
/// the run.
public final class Accounts {

  private final Policies policies;
  private final Ceilings ceilings;

  public Accounts(Policies policies, Ceilings ceilings) {
    this.policies = policies;
    this.ceilings = ceilings;
  }

  /// The accounts of all ceilings that apply, before any balance is known.
  public record Applying(List<EnforcedAccount> unread) {
    public Applying {
      unread = List.copyOf(unread);
    }

    public List<AccountKey> keys() {
      return unread.stream().map(enforced -> enforced.account().key()).toList();
    }

    /// Whether a stored account knows a newer ceiling or a newer policy than this process has read.
    public boolean isOlderThan(Map<AccountKey, Account> stored) {
      return unread.stream()
          .map(EnforcedAccount::account)
          .anyMatch(
              one -> {
                Account account = stored.get(one.key());
                return account != null && account.version().knowsMoreThan(one.version());
              });
    }

    /// The accounts with the sums that the ledger has, under the limits that apply.
    public List<EnforcedAccount> enforcedAccounts(Map<AccountKey, Account> stored) {
      return unread.stream().map(enforced -> withSums(enforced, stored)).toList();
    }
  }

  /// Removes what this process has cached of the ceilings that apply and of their policy.
  public void evict(Applying applying) {
    for (AccountKey key : applying.keys()) {
      ceilings.evict(new ScopeId(key.tenantId(), key.scope(), key.id()));
      policies.evict(key.tenantId());
    }
  }

  public Applying applyingTo(String tenantId, Tuple tuple, VersionedPolicy policy, Instant now) {
    List<EnforcedAccount> applied = new ArrayList<>();
    add(applied, new ScopeId(tenantId, Scope.USER, orEmpty(tuple.userId())), policy, now);
    add(applied, new ScopeId(tenantId, Scope.KEY, orEmpty(tuple.keyId())), policy, now);
    add(applied, new ScopeId(tenantId, Scope.TEAM, orEmpty(tuple.teamId())), policy, now);
    add(applied, new ScopeId(tenantId, Scope.FEATURE, orEmpty(tuple.featureId())), policy, now);
    add(applied, new ScopeId(tenantId, Scope.TENANT, "-"), policy, now);
    return new Applying(applied);
  }

  private void add(
      List<EnforcedAccount> applied, ScopeId scopeId, VersionedPolicy policy, Instant now) {
    if (scopeId.id().isEmpty()) {
      return;
    }
    CeilingSet set = ceilings.of(scopeId);
    Map<Window, Ceiling> byWindow = policy.policy().ceilingsWithout(scopeId);
    if (!set.byWindow().isEmpty()) {
      Map<Window, Ceiling> own = new EnumMap<>(Window.class);
      own.putAll(byWindow);
      own.putAll(set.byWindow());
      byWindow = own;
    }
    for (Window window : Window.values()) {
      Ceiling ceiling = byWindow.get(window);
      if (ceiling != null) {
        applied.add(
            apply(
                scopeId,
                window,
                ceiling,
                new LimitVersion(set.version(), policy.version()),
                policy,
                now));
      }
    }
  }

  /// The account of a ceiling in its running period, before its sums are known. Its version is that
  /// of no ceiling, so nothing may be written with it.
  public static EnforcedAccount ofCeiling(
      ScopeId scopeId, Window window, Ceiling ceiling, VersionedPolicy policy, Instant now) {
    return apply(scopeId, window, ceiling, new LimitVersion(0, policy.version()), policy, now);
  }

  /// An account with the sums that the ledger has, under the limit that applies.
  public static EnforcedAccount withSums(EnforcedAccount unread, Map<AccountKey, Account> stored) {
    Account account = stored.get(unread.account().key());
    return account == null ? unread : unread.over(account);
  }

  private static EnforcedAccount apply(
      ScopeId scopeId,
      Window window,
      Ceiling ceiling,
      LimitVersion version,
      VersionedPolicy policy,
      Instant now) {
    AccountKey key =
        new AccountKey(
            scopeId.tenantId(),
            scopeId.scope(),
            scopeId.id(),
            window,
            policy.calendar().periodOf(window, now),
            0);
    return new EnforcedAccount(
        Account.unused(key, ceiling.limit(), version),
        null,
        ceiling.mode() == null ? policy.policy().mode() : ceiling.mode(),
        ceiling.margin() == null ? policy.policy().softGate().margin() : ceiling.margin(),
        ceiling.warnAtPercent(),
        policy.calendar().resetsAt(window, now).orElse(null),
        new EnforcedAccount.Own(ceiling.mode(), ceiling.margin()));
  }

  /// A run's account. Its limit is its own, so no ceiling of another scope and no policy changes
  /// it.
  public static EnforcedAccount ofRun(Run run, Policy policy) {
    return ofRun(run.account(), run, run.rules(), policy);
  }

  /// The account of a run that does not exist yet.
  ///
  /// @param ceiling what the policy gives to the run
  public static EnforcedAccount ofNewRun(Account unused, Ceiling ceiling, Policy policy) {
    return ofRun(unused, null, Run.Rules.of(ceiling), policy);
  }

  private static EnforcedAccount ofRun(
      Account account, @Nullable Run stored, Run.Rules rules, Policy policy) {
    return new EnforcedAccount(
        account,
        stored == null ? null : stored.account(),
        rules.mode() == null ? policy.mode() : rules.mode(),
        rules.margin() == null ? policy.softGate().margin() : rules.margin(),
        rules.warnAtPercent(),
        null,
        new EnforcedAccount.Own(rules.mode(), rules.margin()));
  }

  private static String orEmpty(@Nullable String id) {
    return id == null ? "" : id;
  }
}
