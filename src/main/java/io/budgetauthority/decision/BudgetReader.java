package io.budgetauthority.decision;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads what an ask is decided from: the decision under its key, its runs and its accounts. One
/// consistent batch has all of it, unless the run completes the tuple or has ancestors that this
/// process has not seen. Safe for use by many threads.
final class BudgetReader {

  private static final int MAX_KNOWN = 20_000;

  private final Ledger ledger;
  private final Accounts accounts;

  /// What is known of runs before they are read, so that a decision of a known run reads all that
  /// it needs together with the run.
  private final Cache<RunName, Known> known = Caffeine.newBuilder().maximumSize(MAX_KNOWN).build();

  private record RunName(String tenantId, String runId) {}

  /// @param chain the ancestors, which never change
  /// @param rates the rates of the run and its ancestors as they were last read
  private record Known(List<String> chain, List<RateKey> rates) {}

  BudgetReader(Ledger ledger, Policies policies, Ceilings ceilings) {
    this.ledger = ledger;
    this.accounts = new Accounts(policies, ceilings);
  }

  /// What was read.
  sealed interface Reading {
    record View(BudgetView view) implements Reading {}

    /// The ask's key was used before.
    record Decided(Reservation stored) implements Reading {}

    /// The policy or the run does not allow the ask.
    record Refused(Answer answer) implements Reading {}

    /// Something changed while it was read. It must be read again.
    record Stale() implements Reading {}
  }

  /// @param extent how much is read of accounts with several shards
  Reading read(Ask ask, VersionedPolicy policy, Instant now, Extent extent, Deadline deadline) {
    CallRun callRun = CallRun.of(ask, policy, now);
    Accounts.Applying applying =
        accounts.applyingTo(ask.tenantId(), ask.stated(), policy, now, now);
    Known expected = knownOf(ask, callRun, policy.policy());
    Snapshot seen =
        read(ask, callRun, applying, expected.chain(), expected.rates(), extent, deadline);
    if (seen.reservation() != null) {
      return new Reading.Decided(seen.reservation());
    }
    Answer notAllowed = ask.refusedBy(policy.policy());
    if (notAllowed != null) {
      return new Reading.Refused(notAllowed);
    }
    Instant asOf = now.minus(policy.policy().clockSkew());
    if (ledger.repair(seen.items(), deadline)
        || ledger.increases().endPassed(seen.accounts().values(), asOf, deadline)) {
      return new Reading.Stale();
    }
    Run run = callRun.runId() == null ? null : seen.runs().get(callRun.runId());
    String named = ask.request().parentRunId();
    Run parent = run != null || named == null ? null : seen.runs().get(named);
    Answer refused =
        run == null
            ? RunRules.refuseParent(callRun.runId(), named, parent, ask.stated(), now)
            : RunRules.refuseRun(run, ask, now);
    if (refused != null) {
      return new Reading.Refused(refused);
    }
    List<String> chain = chainOf(run, parent);
    Run bound = run == null ? parent : run;
    Tuple tuple = bound == null ? ask.stated() : bound.tuple().completedBy(ask.stated());
    List<Run> seenAncestors =
        chain.stream().map(seen.runs()::get).filter(Objects::nonNull).toList();
    List<RateKey> rates = rateKeys(ask, callRun, policy.policy(), run, seenAncestors);
    Known found = new Known(chain, rates);
    if (callRun.runId() != null && !found.equals(expected)) {
      known.put(new RunName(ask.tenantId(), callRun.runId()), found);
    }
    if (!tuple.equals(ask.stated())
        || !seen.runs().keySet().containsAll(chain)
        || !expected.rates().containsAll(rates)) {
      applying = accounts.applyingTo(ask.tenantId(), tuple, policy, now, now);
      seen = read(ask, callRun, applying, chain, rates, extent, deadline);
    }
    if (applying.isOlderThan(seen)) {
      accounts.evict(applying);
      return new Reading.Stale();
    }
    Run same = callRun.runId() == null ? null : seen.runs().get(callRun.runId());
    if (!Run.tupleOf(run).equals(Run.tupleOf(same)) || !seen.runs().keySet().containsAll(chain)) {
      return new Reading.Stale();
    }
    List<Run> ancestors = chain.stream().map(seen.runs()::get).toList();
    Answer outside = RunRules.refuseAncestors(ancestors, tuple, now);
    if (outside != null) {
      return new Reading.Refused(outside);
    }
    List<BudgetView.RunOfCall> runs = runs(ask, callRun, same, ancestors, policy.policy());
    List<EnforcedRate> enforcedRates = BudgetView.rates(runs, applying, seen, policy.policy(), now);
    List<EnforcedAccount> ceilings = applying.enforcedAccounts(seen.accounts());
    BudgetView view =
        new BudgetView(
            policy,
            now,
            new Decision.Subject(
                callRun.runId(), chain.isEmpty() ? null : chain.getFirst(), null, tuple),
            runs,
            callRun.isIssued(),
            ceilings,
            enforcedRates);
    return !areRead(enforcedRates, applying, rates)
            || ledger.putTerms(enforcedRates, deadline)
            || ledger.putLimits(ceilings, deadline)
            || ledger.split(view.accounts(), deadline)
        ? new Reading.Stale()
        : new Reading.View(view);
  }

  /// Whether the ledger was read for all of these rates. A run may have got others meanwhile.
  private static boolean areRead(
      List<EnforcedRate> enforced, Accounts.Applying applying, List<RateKey> ofRuns) {
    Set<RateKey> read = new HashSet<>(applying.rateKeys());
    read.addAll(ofRuns);
    return enforced.stream().map(EnforcedRate::key).allMatch(read::contains);
  }

  private Snapshot read(
      Ask ask,
      CallRun callRun,
      Accounts.Applying applying,
      List<String> chain,
      List<RateKey> rates,
      Extent extent,
      Deadline deadline) {
    Set<String> runIds = new LinkedHashSet<>();
    if (callRun.runId() != null) {
      runIds.add(callRun.runId());
      runIds.addAll(chain);
    }
    if (ask.request().parentRunId() != null) {
      runIds.add(ask.request().parentRunId());
    }
    List<RateKey> allRates = new ArrayList<>(applying.rateKeys());
    allRates.addAll(rates);
    return ledger.read(
        ask.id(), ask.tenantId(), applying.keys(), allRates, runIds, extent, deadline);
  }

  /// What this process knows of the call's run before the ledger is read. A run that it does not
  /// know may be new.
  private Known knownOf(Ask ask, CallRun callRun, Policy policy) {
    String runId = callRun.runId();
    Known found = runId == null ? null : known.getIfPresent(new RunName(ask.tenantId(), runId));
    return found == null
        ? new Known(List.of(), rateKeys(ask, callRun, policy, null, List.of()))
        : found;
  }

  private static List<String> chainOf(@Nullable Run run, @Nullable Run parent) {
    return run != null
        ? run.ancestors()
        : parent != null ? parent.ancestorsOfChild() : List.<String>of();
  }

  /// The rates of the call's run and of those of its ancestors that were read.
  ///
  /// @param run null for a new one
  private static List<RateKey> rateKeys(
      Ask ask, CallRun callRun, Policy policy, @Nullable Run run, List<Run> ancestors) {
    String runId = callRun.runId() == null ? "" : callRun.runId();
    List<RateKey> keys = new ArrayList<>();
    Set<RateName> own =
        run == null
            ? policy.ratesOfNewRun(runId, ask.request().requestClass()).keySet()
            : run.rules().rates().keySet();
    own.forEach(name -> keys.add(new RateKey(ask.tenantId(), Scope.RUN, runId, name)));
    for (Run one : ancestors) {
      for (RateName name : one.rules().rates().keySet()) {
        keys.add(new RateKey(ask.tenantId(), Scope.RUN, one.runId(), name));
      }
    }
    return keys;
  }

  /// A dry run that names no run is judged by an unused run, as the call itself would be.
  private List<BudgetView.RunOfCall> runs(
      Ask ask, CallRun callRun, @Nullable Run run, List<Run> ancestors, Policy policy) {
    List<BudgetView.RunOfCall> runs = new ArrayList<>(ancestors.size() + 1);
    runs.add(run == null ? unused(ask, callRun, policy) : BudgetView.RunOfCall.of(run, policy));
    for (Run one : ancestors) {
      runs.add(BudgetView.RunOfCall.of(one, policy));
    }
    return runs;
  }

  private static BudgetView.RunOfCall unused(Ask ask, CallRun callRun, Policy policy) {
    String runId = callRun.runId() == null ? "" : callRun.runId();
    Ceiling ceiling = policy.ceilingOfNewRun(runId, ask.request().requestClass());
    MicroUsd stated = ask.request().runLimit();
    return new BudgetView.RunOfCall(
        callRun.runId(),
        null,
        Accounts.ofNewRun(
            Account.ofNewRun(ask.tenantId(), runId, stated == null ? ceiling.limit() : stated),
            ceiling,
            policy),
        policy.ratesOfNewRun(runId, ask.request().requestClass()));
  }
}
