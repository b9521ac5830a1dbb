package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Refill;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What the configuration and the ledger say about one call, as it was read for it.
///
/// @param at the time of the call, which its periods are of
/// @param subject the run and the tuple of the call; the tuple is completed by the run
/// @param runs the call's own run, then its ancestors, the parent first; empty where the call
///   belongs to no run, and in an outage
/// @param issued whether the run was issued to this call alone, so that it does not count as active
///   or new
/// @param ceilings the accounts of the ceilings that apply
/// @param rates the rates that apply, those of the runs first
public record BudgetView(
    VersionedPolicy versioned,
    Instant at,
    Decision.Subject subject,
    List<RunOfCall> runs,
    boolean issued,
    List<EnforcedAccount> ceilings,
    List<EnforcedRate> rates) {

  public BudgetView {
    runs = List.copyOf(runs);
    ceilings = List.copyOf(ceilings);
    rates = List.copyOf(rates);
  }

  /// One run whose account a call is held against.
  ///
  /// @param runId null for a dry run that neither names a run nor gets one
  /// @param stored null where the call starts the run
  /// @param rates the run's rates as its item has them, or as the policy gives them to a new run
  public record RunOfCall(
      @Nullable String runId,
      @Nullable Run stored,
      EnforcedAccount account,
      Map<RateName, Ceiling> rates) {
    public RunOfCall {
      rates = Map.copyOf(rates);
    }

    /// A run that exists.
    public static RunOfCall of(Run run, Policy policy) {
      return new RunOfCall(run.runId(), run, Accounts.ofRun(run, policy), run.rules().rates());
    }

    private RunOfCall with(EnforcedAccount other) {
      return new RunOfCall(runId, stored, other, rates);
    }

    /// The run's rates, before the ledger is read.
    public List<EnforcedRate> unreadRates(Policy policy, Instant now) {
      AccountKey key = account.account().key();
      ScopeId scopeId = new ScopeId(key.tenantId(), key.scope(), key.id());
      LimitVersion version = account.account().version();
      return rates.entrySet().stream()
          .sorted(Map.Entry.comparingByKey(CeilingWindow.ORDER))
          .map(
              it ->
                  EnforcedRate.under(
                      RateKey.of(scopeId, it.getKey()), it.getValue(), policy, version, now))
          .toList();
    }
  }

  /// The rates of runs and of ceilings, with what the ledger has of them.
  public static List<EnforcedRate> rates(
      List<RunOfCall> runs, Accounts.Applying applying, Snapshot seen, Policy policy, Instant now) {
    return Stream.concat(
            runs.stream().flatMap(run -> run.unreadRates(policy, now).stream()),
            applying.unreadRates().stream())
        .map(seen::over)
        .toList();
  }

  public Policy policy() {
    return versioned.policy();
  }

  /// Every account that applies, that of the call's own run first.
  public List<EnforcedAccount> accounts() {
    List<EnforcedAccount> accounts = new ArrayList<>(runs.size() + ceilings.size());
    runs.forEach(run -> accounts.add(run.account()));
    accounts.addAll(ceilings);
    return accounts;
  }

  /// Whether all shards of every account were read.
  boolean isWhole() {
    return accounts().stream().allMatch(EnforcedAccount::isWhole);
  }

  /// Whether an account has several shards.
  boolean isSplit() {
    return accounts().stream().anyMatch(EnforcedAccount::isSplit);
  }

  /// The same with the most that each account may have had since an earlier reading
  /// (ledger.md#shards); empty where the accounts are not the same ones under the same limits.
  Optional<BudgetView> atMostSince(BudgetView earlier) {
    List<EnforcedAccount> now = accounts();
    List<EnforcedAccount> before = earlier.accounts();
    if (before.size() != now.size() || earlier.runs.size() != runs.size()) {
      return Optional.empty();
    }
    List<EnforcedAccount> most = new ArrayList<>(now.size());
    for (int i = 0; i < now.size(); i++) {
      Optional<EnforcedAccount> one =
          now.get(i).name().equals(before.get(i).name())
              ? now.get(i).atMostSince(before.get(i))
              : Optional.empty();
      if (one.isEmpty()) {
        return Optional.empty();
      }
      most.add(one.get());
    }
    List<RunOfCall> mostOfRuns = new ArrayList<>(runs.size());
    for (int i = 0; i < runs.size(); i++) {
      mostOfRuns.add(runs.get(i).with(most.get(i)));
    }
    return Optional.of(
        new BudgetView(
            versioned,
            at,
            subject,
            mostOfRuns,
            issued,
            most.subList(runs.size(), most.size()),
            rates));
  }

  /// The accounts and the rates.
  public List<Enforced> enforced() {
    List<Enforced> enforced = new ArrayList<>(accounts());
    enforced.addAll(rates);
    return enforced;
  }

  /// A decision that is charged to these accounts and rates without a reservation.
  ///
  /// @param charge what each account is charged, in micro-USD
  public Decision charged(Decision decision, MicroUsd charge) {
    return decision.with(
        subject,
        accounts().stream()
            .map(account -> ConditionalHold.ofCharge(account, charge).share())
            .toList(),
        rates.stream().map(rate -> rate.sharingCharge(charge, owedOf(charge, rate))).toList());
  }

  /// What a rate owes of a charge without a reservation, in places of its refill: it has refilled
  /// since the call was made.
  public BigInteger owedOf(MicroUsd charge, EnforcedRate rate) {
    Refill refill = rate.refill();
    return refill
        .placesOf(charge)
        .subtract(refill.refilledIn(Duration.between(at, rate.now())))
        .max(BigInteger.ZERO);
  }

  /// The ids of the ancestors, the parent's first.
  List<String> ancestors() {
    return runs.stream().skip(1).map(RunOfCall::runId).toList();
  }
}
