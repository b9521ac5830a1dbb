package io.budgetauthority.decision.unreserved;

import io.budgetauthority.decision.Accounts;
import io.budgetauthority.decision.Bookkeeping;
import io.budgetauthority.decision.BudgetView;
import io.budgetauthority.ledger.DecisionWrite;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReserveOutcome;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes calls into the ledger that have no reservation: usage that had no decision, and decisions
/// that were made during an outage (protocol.md#usage-without-a-decision and
/// protocol.md#degraded-decisions). It refuses nothing, because the call has already been made. No
/// ceiling, closed run or full counter prevents the charge. Safe for use by many threads.
public final class UnreservedRecorder {

  private final Ledger ledger;
  private final Policies policies;
  private final Accounts accounts;
  private final Clock clock;

  public UnreservedRecorder(Ledger ledger, Policies policies, Ceilings ceilings, Clock clock) {
    this.ledger = ledger;
    this.policies = policies;
    this.accounts = new Accounts(policies, ceilings);
    this.clock = clock;
  }

  /// A call that was made without a reservation.
  ///
  /// @param runId null where the call belongs to no run
  /// @param parentRunId the run that was named as parent of a run that the call may have started
  /// @param runLimit the limit that was stated for that run; null for the policy's
  /// @param at when the call was made; its periods are those of this time
  /// @param charge what every account is charged
  /// @param decided whether the call had a decision, which renews an active run and binds it
  /// @param issued whether the run was issued to this call alone, so that it does not count as
  ///   active or new
  public record Occurrence(
      String tenantId,
      @Nullable String runId,
      @Nullable String parentRunId,
      @Nullable MicroUsd runLimit,
      @Nullable String requestClass,
      Tuple stated,
      Instant at,
      MicroUsd charge,
      boolean decided,
      boolean issued) {}

  /// Makes the item of a call.
  public interface Entry {
    /// The item to write; empty where the item that is stored under its id stays as it is.
    Optional<Reservation> at(BudgetView view, @Nullable Reservation stored);
  }

  /// The reservation that is now stored under an id.
  ///
  /// @param recorded false where it was stored before and was left unchanged
  /// @param clockSkew how much the clocks of two processes may differ, by the tenant's policy
  public record Recorded(Reservation reservation, boolean recorded, Duration clockSkew) {}

  public Recorded record(ReservationId id, Occurrence occurrence, Entry entry) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline, "the accounts", () -> attempt(id, occurrence, entry, deadline));
  }

  private Attempt<Recorded> attempt(
      ReservationId id, Occurrence occurrence, Entry entry, Deadline deadline) {
    String tenantId = occurrence.tenantId();
    VersionedPolicy policy = policies.of(tenantId);
    RunBinding binding = binding(occurrence, deadline);
    Instant now = Instant.ofEpochMilli(clock.millis());
    Accounts.Applying applying =
        accounts.applyingTo(tenantId, binding.tuple(), policy, occurrence.at(), now);
    Set<RateKey> rateKeys = new LinkedHashSet<>(applying.rateKeys());
    for (BudgetView.RunOfCall run : runs(occurrence, policy.policy(), binding, binding.seen())) {
      run.unreadRates(policy.policy(), now).forEach(rate -> rateKeys.add(rate.key()));
    }
    Snapshot seen =
        ledger.read(
            id, tenantId, applying.keys(), rateKeys, binding.runIds(), Extent.one(0), deadline);
    if (ledger.repair(seen.items(), deadline)) {
      return Attempt.conflict();
    }
    if (applying.isOlderThan(seen)) {
      accounts.evict(applying);
      return Attempt.conflict();
    }
    if (!binding.isOf(seen.runs())) {
      return Attempt.conflict();
    }
    BudgetView view = view(occurrence, policy, binding, applying, seen, now);
    if (!view.rates().stream().allMatch(rate -> rateKeys.contains(rate.key()))
        || ledger.putTerms(view.rates(), deadline)
        || ledger.putLimits(view.ceilings(), deadline)) {
      return Attempt.conflict();
    }
    Reservation stored = seen.reservation();
    Duration skew = policy.policy().clockSkew();
    Optional<Reservation> item = entry.at(view, stored);
    if (item.isEmpty()) {
      return stored == null ? Attempt.conflict() : Attempt.done(new Recorded(stored, false, skew));
    }
    List<ConditionalHold> charges =
        view.accounts().stream()
            .map(account -> ConditionalHold.ofCharge(account, occurrence.charge()))
            .toList();
    List<RateHold> rateCharges =
        view.rates().stream()
            .map(rate -> RateHold.ofCharge(rate, view.owedOf(occurrence.charge(), rate)))
            .toList();
    Bookkeeping.Use use =
        occurrence.decided() ? Bookkeeping.Use.LATE_DECISION : Bookkeeping.Use.USAGE;
    DecisionWrite write =
        Bookkeeping.write(item.get(), view, charges, rateCharges, use).withoutRunLimits();
    if (!(ledger.reserve(write, deadline) instanceof ReserveOutcome.Reserved)) {
      return Attempt.conflict();
    }
    if (binding.orphanOf() != null) {
      Meters.afterWrite(Meters::orphaned);
    }
    return Attempt.done(new Recorded(item.get(), true, skew));
  }

  private BudgetView view(
      Occurrence occurrence,
      VersionedPolicy policy,
      RunBinding binding,
      Accounts.Applying applying,
      Snapshot seen,
      Instant now) {
    List<BudgetView.RunOfCall> runs = runs(occurrence, policy.policy(), binding, seen.runs());
    return new BudgetView(
        policy,
        occurrence.at(),
        new Decision.Subject(
            binding.runId(),
            binding.chain().isEmpty() ? null : binding.chain().getFirst(),
            binding.orphanOf(),
            binding.tuple()),
        runs,
        occurrence.issued(),
        applying.enforcedAccounts(seen.accounts()),
        BudgetView.rates(runs, applying, seen, policy.policy(), now));
  }

  private static List<BudgetView.RunOfCall> runs(
      Occurrence occurrence, Policy policy, RunBinding binding, Map<String, Run> seen) {
    return binding.runIds().stream()
        .map(
            runId -> {
              Run run = seen.get(runId);
              return run == null
                  ? unused(occurrence, runId, policy)
                  : BudgetView.RunOfCall.of(run, policy);
            })
        .toList();
  }

  /// The runs that a call is charged to, and the tuple.
  ///
  /// @param chain the ancestors of its run, whether they exist or not
  /// @param seen those of these runs that exist
  private record RunBinding(
      @Nullable String runId,
      List<String> chain,
      Tuple tuple,
      @Nullable String orphanOf,
      Map<String, Run> seen) {

    /// Whether the runs are still bound as they were when this was made.
    boolean isOf(Map<String, Run> now) {
      return runIds().stream()
          .allMatch(id -> Run.tupleOf(now.get(id)).equals(Run.tupleOf(seen.get(id))));
    }

    List<String> runIds() {
      List<String> ids = new ArrayList<>(chain.size() + 1);
      if (runId != null) {
        ids.add(runId);
        ids.addAll(chain);
      }
      return ids;
    }
  }

  private RunBinding binding(Occurrence occurrence, Deadline deadline) {
    String runId = occurrence.runId();
    Tuple stated = occurrence.stated();
    if (runId == null) {
      return new RunBinding(null, List.of(), stated, null, Map.of());
    }
    Map<String, Run> runs = new HashMap<>();
    List<String> named =
        occurrence.parentRunId() == null || occurrence.parentRunId().equals(runId)
            ? List.of(runId)
            : List.of(runId, occurrence.parentRunId());
    read(occurrence.tenantId(), named, runs, deadline);
    Run run = runs.get(runId);
    List<String> chain = run == null ? chainOfNew(occurrence, runs) : run.ancestors();
    read(
        occurrence.tenantId(),
        chain.stream().filter(one -> !runs.containsKey(one)).toList(),
        runs,
        deadline);
    Run first = run == null && !chain.isEmpty() ? runs.get(chain.getFirst()) : run;
    Tuple tuple = first == null ? stated : first.tuple().completedBy(stated);
    boolean isItsOwn =
        !chain.contains(runId)
            && chain.size() < Run.MAX_LEVELS
            && runs.values().stream()
                .filter(one -> one.runId().equals(runId) || chain.contains(one.runId()))
                .allMatch(one -> one.tuple().admits(stated) && one.tuple().admits(tuple));
    return isItsOwn
        ? new RunBinding(runId, chain, tuple, null, runs)
        : new RunBinding(null, List.of(), stated, runId, Map.of());
  }

  private static List<String> chainOfNew(Occurrence occurrence, Map<String, Run> runs) {
    String parentRunId = occurrence.parentRunId();
    if (parentRunId == null) {
      return List.of();
    }
    Run parent = runs.get(parentRunId);
    return parent == null ? List.of(parentRunId) : parent.ancestorsOfChild();
  }

  private void read(
      String tenantId, List<String> runIds, Map<String, Run> into, Deadline deadline) {
    if (!runIds.isEmpty()) {
      into.putAll(ledger.read(null, tenantId, List.of(), runIds, deadline).runs());
    }
  }

  private static BudgetView.RunOfCall unused(Occurrence occurrence, String runId, Policy policy) {
    boolean own = runId.equals(occurrence.runId());
    String requestClass = own ? occurrence.requestClass() : null;
    Ceiling ceiling = policy.ceilingOfNewRun(runId, requestClass);
    MicroUsd limit = own && occurrence.runLimit() != null ? occurrence.runLimit() : ceiling.limit();
    return new BudgetView.RunOfCall(
        runId,
        null,
        Accounts.ofNewRun(Account.ofNewRun(occurrence.tenantId(), runId, limit), ceiling, policy),
        policy.ratesOfNewRun(runId, requestClass));
  }
}
