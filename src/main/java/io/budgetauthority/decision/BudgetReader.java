package io.budgetauthority.decision;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads what an ask is decided from: the decision under its key, its runs and its accounts. One
/// consistent batch has all of it, unless the run completes the tuple or has ancestors that this
/// process has not seen. Safe for use by many threads.
final class BudgetReader {

  private static final int MAX_CHAINS = 20_000;

  private final Ledger ledger;
  private final Accounts accounts;

  /// The ancestors of runs. They never change, so a decision of a known run reads them together
  /// with the run.
  private final Cache<RunName, List<String>> chains =
      Caffeine.newBuilder().maximumSize(MAX_CHAINS).build();

  private record RunName(String tenantId, String runId) {}

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

  Reading read(Ask ask, VersionedPolicy policy, Instant now, Deadline deadline) {
    CallRun callRun = CallRun.of(ask, policy, now);
    Accounts.Applying applying = accounts.applyingTo(ask.tenantId(), ask.stated(), policy, now);
    Ledger.Snapshot seen = read(ask, callRun, applying, deadline);
    if (seen.reservation() != null) {
      return new Reading.Decided(seen.reservation());
    }
    Answer notAllowed = ask.refusedBy(policy.policy());
    if (notAllowed != null) {
      return new Reading.Refused(notAllowed);
    }
    Instant asOf = now.minus(policy.policy().clockSkew());
    if (ledger.repair(seen.accounts().values(), deadline)
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
    List<String> chain = chainOf(ask.tenantId(), callRun, run, parent);
    Run bound = run == null ? parent : run;
    Tuple tuple = bound == null ? ask.stated() : bound.tuple().completedBy(ask.stated());
    if (!tuple.equals(ask.stated()) || !seen.runs().keySet().containsAll(chain)) {
      applying = accounts.applyingTo(ask.tenantId(), tuple, policy, now);
      seen = read(ask, callRun, applying, deadline);
    }
    if (applying.isOlderThan(seen.accounts())) {
      accounts.evict(applying);
      return new Reading.Stale();
    }
    Run same = callRun.runId() == null ? null : seen.runs().get(callRun.runId());
    if ((run == null) != (same == null) || !seen.runs().keySet().containsAll(chain)) {
      return new Reading.Stale();
    }
    List<Run> ancestors = chain.stream().map(seen.runs()::get).toList();
    Answer outside = RunRules.refuseAncestors(ancestors, tuple, now);
    return outside != null
        ? new Reading.Refused(outside)
        : new Reading.View(
            new BudgetView(
                policy,
                now,
                new Decision.Subject(
                    callRun.runId(), chain.isEmpty() ? null : chain.getFirst(), null, tuple),
                runs(ask, callRun, same, ancestors, policy.policy()),
                callRun.isIssued(),
                applying.enforcedAccounts(seen.accounts())));
  }

  private Ledger.Snapshot read(
      Ask ask, CallRun callRun, Accounts.Applying applying, Deadline deadline) {
    return ledger.read(
        ask.id(), ask.tenantId(), applying.keys(), knownRuns(ask, callRun), deadline);
  }

  /// Every run that may matter, as far as it is known before the ledger is read.
  private List<String> knownRuns(Ask ask, CallRun callRun) {
    List<String> known = new ArrayList<>();
    String runId = callRun.runId();
    if (runId != null) {
      known.add(runId);
      List<String> chain = chains.getIfPresent(new RunName(ask.tenantId(), runId));
      if (chain != null) {
        known.addAll(chain);
      }
    }
    String parent = ask.request().parentRunId();
    if (parent != null && !known.contains(parent)) {
      known.add(parent);
    }
    return known;
  }

  private List<String> chainOf(
      String tenantId, CallRun callRun, @Nullable Run run, @Nullable Run parent) {
    List<String> chain =
        run != null
            ? run.ancestors()
            : parent != null ? parent.ancestorsOfChild() : List.<String>of();
    if (!chain.isEmpty() && callRun.runId() != null) {
      chains.put(new RunName(tenantId, callRun.runId()), chain);
    }
    return chain;
  }

  /// A dry run that names no run is judged by an unused run, as the call itself would be.
  private List<BudgetView.RunOfCall> runs(
      Ask ask, CallRun callRun, @Nullable Run run, List<Run> ancestors, Policy policy) {
    List<BudgetView.RunOfCall> runs = new ArrayList<>(ancestors.size() + 1);
    runs.add(
        new BudgetView.RunOfCall(
            callRun.runId(),
            run,
            run == null ? unused(ask, callRun, policy) : Accounts.ofRun(run, policy)));
    for (Run one : ancestors) {
      runs.add(new BudgetView.RunOfCall(one.runId(), one, Accounts.ofRun(one, policy)));
    }
    return runs;
  }

  private EnforcedAccount unused(Ask ask, CallRun callRun, Policy policy) {
    String runId = callRun.runId() == null ? "" : callRun.runId();
    Ceiling ceiling = policy.ceilingOfNewRun(runId, ask.request().requestClass());
    MicroUsd stated = ask.request().runLimit();
    return Accounts.ofNewRun(
        Account.ofNewRun(ask.tenantId(), runId, stated == null ? ceiling.limit() : stated),
        ceiling,
        policy);
  }
}
