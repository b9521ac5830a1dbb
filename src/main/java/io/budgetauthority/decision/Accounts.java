package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Finds the accounts and rates that a tuple's calls are held against (ledger.md#versions). Each
/// ceiling of the tuple's scope ids has one. So has each of the policy's default ceilings and
/// templates that applies, and the run.
public final class Accounts {

  private final Policies policies;
  private final Ceilings ceilings;

  public Accounts(Policies policies, Ceilings ceilings) {
    this.policies = policies;
    this.ceilings = ceilings;
  }

  /// The accounts and rates of all ceilings that apply, before any balance is known.
  public record Applying(List<EnforcedAccount> unread, List<EnforcedRate> unreadRates) {
    public Applying {
      unread = List.copyOf(unread);
      unreadRates = List.copyOf(unreadRates);
    }

    public List<AccountKey> keys() {
      return unread.stream().map(enforced -> enforced.account().key()).toList();
    }

    public List<RateKey> rateKeys() {
      return unreadRates.stream().map(EnforcedRate::key).toList();
    }

    /// Whether a stored account or rate knows a newer ceiling or a newer policy than this process
    /// has read.
    public boolean isOlderThan(Snapshot seen) {
      return unread.stream()
              .map(EnforcedAccount::account)
              .anyMatch(
                  one -> {
                    Account account = seen.accounts().get(one.key());
                    return account != null && account.version().knowsMoreThan(one.version());
                  })
          || unreadRates.stream()
              .anyMatch(
                  one -> {
                    StoredRate rate = seen.rates().get(one.key());
                    return rate != null && rate.version().knowsMoreThan(one.version());
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
      evict(key.tenantId(), key.scope(), key.id());
    }
    for (RateKey key : applying.rateKeys()) {
      evict(key.tenantId(), key.scope(), key.id());
    }
  }

  private void evict(String tenantId, Scope scope, String id) {
    ceilings.evict(new ScopeId(tenantId, scope, id));
    policies.evict(tenantId);
  }

  /// What applies to the calls of a tuple.
  ///
  /// @param at the time of the call, which its periods are of
  /// @param now the time at which rates are judged; that of the call, unless it was made earlier
  public Applying applyingTo(
      String tenantId, Tuple tuple, VersionedPolicy policy, Instant at, Instant now) {
    Found applied = new Found(new ArrayList<>(), new ArrayList<>(), policy, at, now);
    add(applied, new ScopeId(tenantId, Scope.USER, orEmpty(tuple.userId())));
    add(applied, new ScopeId(tenantId, Scope.KEY, orEmpty(tuple.keyId())));
    add(applied, new ScopeId(tenantId, Scope.TEAM, orEmpty(tuple.teamId())));
    add(applied, new ScopeId(tenantId, Scope.FEATURE, orEmpty(tuple.featureId())));
    add(applied, new ScopeId(tenantId, Scope.TENANT, "-"));
    return new Applying(applied.accounts(), applied.rates());
  }

  /// What was found so far.
  private record Found(
      List<EnforcedAccount> accounts,
      List<EnforcedRate> rates,
      VersionedPolicy policy,
      Instant at,
      Instant now) {

    private void add(ScopeId scopeId, CeilingWindow window, Ceiling ceiling, LimitVersion version) {
      switch (window) {
        case Window one -> accounts.add(apply(scopeId, one, ceiling, version, policy, at));
        case RateName name ->
            rates.add(
                EnforcedRate.under(
                    RateKey.of(scopeId, name), ceiling, policy.policy(), version, now));
      }
    }
  }

  private void add(Found applied, ScopeId scopeId) {
    if (scopeId.id().isEmpty()) {
      return;
    }
    CeilingSet set = ceilings.of(scopeId);
    Map<CeilingWindow, Ceiling> given = applied.policy().policy().ceilingsWithout(scopeId);
    if (given.isEmpty() && set.byWindow().isEmpty()) {
      return;
    }
    Map<CeilingWindow, Ceiling> byWindow = new TreeMap<>(CeilingWindow.ORDER);
    byWindow.putAll(given);
    byWindow.putAll(set.byWindow());
    LimitVersion version = new LimitVersion(set.version(), applied.policy().version());
    byWindow.forEach((window, ceiling) -> applied.add(scopeId, window, ceiling, version));
  }

  /// The account of a ceiling in its running period, before its sums are known. Its version is that
  /// of no ceiling, so nothing may be written with it.
  public static EnforcedAccount ofCeiling(
      ScopeId scopeId, Window window, Ceiling ceiling, VersionedPolicy policy, Instant now) {
    return apply(scopeId, window, ceiling, new LimitVersion(0, policy.version()), policy, now);
  }

  /// The rate of a ceiling, before the ledger is read. Its version is that of no ceiling, so
  /// nothing may be written with it.
  public static EnforcedRate ofRate(
      ScopeId scopeId, RateName name, Ceiling ceiling, VersionedPolicy policy, Instant now) {
    return EnforcedRate.under(
        RateKey.of(scopeId, name),
        ceiling,
        policy.policy(),
        new LimitVersion(0, policy.version()),
        now);
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
        new EnforcedAccount.Own(ceiling.mode(), ceiling.margin(), ceiling.shards()));
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
    return ofRun(unused, null, Run.Rules.of(ceiling, Map.of()), policy);
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
