package io.budgetauthority.decision;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.ConditionalHold;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.LedgerContended;
import io.budgetauthority.ledger.LimitVersion;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunCounter;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Writes calls into the ledger that have no reservation: usage that had no decision, and decisions
/// that were made during an outage (protocol.md#usage-without-a-decision and
/// protocol.md#degraded-decisions). It refuses nothing, because the call has already been made. No
/// ceiling, closed run or full counter prevents the charge. Safe for use by many threads.
public final class UnreservedRecorder {

  private static final Duration TIMEOUT = Duration.ofMillis(2_500);

  private final Ledger ledger;
  private final Tenants tenants;
  private final Accounts accounts;

  public UnreservedRecorder(Ledger ledger, Tenants tenants) {
    this.ledger = ledger;
    this.tenants = tenants;
    this.accounts = new Accounts(tenants);
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
      Tuple stated,
      Instant at,
      MicroUsd charge,
      boolean decided,
      boolean issued) {}

  /// The run, the tuple and the accounts that a call is charged to.
  ///
  /// @param runId null where the call names no run, or one that is another principal's
  /// @param orphanOf the run that was named and is another principal's; null where the named run is
  ///   not, or where none was named
  /// @param enforcedAccounts every account that is charged, as it was before
  public record Target(
      Tenants.Versioned versioned,
      @Nullable String runId,
      @Nullable String parentRunId,
      @Nullable String orphanOf,
      Tuple tuple,
      List<EnforcedAccount> enforcedAccounts) {
    public Target {
      enforcedAccounts = List.copyOf(enforcedAccounts);
    }

    public Policy policy() {
      return versioned.policy();
    }

    /// A decision without a reservation, charged to this target.
    ///
    /// @param charge what each account is charged, in micro-USD
    public Decision charged(Decision decision, MicroUsd charge) {
      return decision.with(
          new Decision.Subject(runId, parentRunId, orphanOf, tuple),
          enforcedAccounts.stream().map(enforced -> enforced.sharingCharge(charge)).toList());
    }
  }

  /// Makes the item of a call.
  public interface Entry {
    /// The item to write; empty where the item that is stored under its id stays as it is.
    Optional<Reservation> at(Target target, @Nullable Reservation stored);
  }

  /// The reservation that is now stored under an id.
  ///
  /// @param recorded false where it was stored before and was left unchanged
  /// @param clockSkew how much the clocks of two processes may differ, by the tenant's policy
  public record Recorded(Reservation reservation, boolean recorded, Duration clockSkew) {}

  public Recorded record(ReservationId id, Occurrence occurrence, Entry entry) {
    Deadline deadline = Deadline.in(TIMEOUT);
    do {
      Recorded recorded = attempt(id, occurrence, entry, deadline);
      if (recorded != null) {
        return recorded;
      }
    } while (!deadline.isPast());
    throw new LedgerContended("the accounts moved in every round");
  }

  /// One round; null where the ledger changed between reading and writing.
  private @Nullable Recorded attempt(
      ReservationId id, Occurrence occurrence, Entry entry, Deadline deadline) {
    String tenantId = occurrence.tenantId();
    Tenants.Versioned policy = tenants.policy(tenantId);
    Duration skew = Duration.ofSeconds(policy.policy().clockSkewSeconds());
    RunBinding binding = binding(occurrence, deadline);
    Accounts.Applying applying =
        accounts.applyingTo(tenantId, binding.tuple(), policy, occurrence.at());
    Ledger.Snapshot seen = ledger.read(id, tenantId, applying.keys(), binding.runIds(), deadline);
    if (ledger.repair(seen.accounts().values(), deadline)) {
      return null;
    }
    if (applying.isOlderThan(seen.accounts())) {
      applying.evict(tenants);
      return null;
    }
    List<EnforcedAccount> enforcedAccounts = new ArrayList<>();
    for (String runId : binding.runIds()) {
      Run run = seen.runs().get(runId);
      Account account = run == null ? unused(occurrence, runId, policy.policy()) : run.account();
      enforcedAccounts.add(accounts.ofRun(account, run, policy.policy()));
    }
    enforcedAccounts.addAll(applying.enforcedAccounts(seen.accounts()));
    Target target =
        new Target(
            policy,
            binding.runId(),
            binding.chain().isEmpty() ? null : binding.chain().getFirst(),
            binding.orphanOf(),
            binding.tuple(),
            enforcedAccounts);
    Reservation stored = seen.reservation();
    Optional<Reservation> item = entry.at(target, stored);
    if (item.isEmpty()) {
      return stored == null ? null : new Recorded(stored, false, skew);
    }
    Ledger.Write order = order(occurrence, binding, target, seen.runs(), item.get());
    if (!(ledger.reserve(order, deadline) instanceof Ledger.Outcome.Reserved)) {
      return null;
    }
    if (target.orphanOf() != null) {
      Meters.afterWrite(Meters::orphaned);
    }
    return new Recorded(item.get(), true, skew);
  }

  /// The runs that a call is charged to, and the tuple.
  ///
  /// @param chain the ancestors of its run, whether they exist or not
  private record RunBinding(
      @Nullable String runId, List<String> chain, Tuple tuple, @Nullable String orphanOf) {

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
      return new RunBinding(null, List.of(), stated, null);
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
        ? new RunBinding(runId, chain, tuple, null)
        : new RunBinding(null, List.of(), stated, runId);
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

  private static Account unused(Occurrence occurrence, String runId, Policy policy) {
    MicroUsd limit =
        runId.equals(occurrence.runId()) && occurrence.runLimit() != null
            ? occurrence.runLimit()
            : policy.defaultRunLimit();
    return Account.unused(
        AccountKey.total(occurrence.tenantId(), Scope.RUN, runId), limit, LimitVersion.ofRun(0));
  }

  private static Ledger.Write order(
      Occurrence occurrence,
      RunBinding binding,
      Target target,
      Map<String, Run> runs,
      Reservation item) {
    List<ConditionalHold> takes = new ArrayList<>();
    List<Ledger.RunChange> changes = new ArrayList<>();
    List<RunCounter> counters = new ArrayList<>();
    List<String> runIds = binding.runIds();
    for (int i = 0; i < target.enforcedAccounts().size(); i++) {
      EnforcedAccount enforced = target.enforcedAccounts().get(i);
      if (i >= runIds.size()) {
        takes.add(ConditionalHold.ofCharge(enforced, occurrence.charge()));
        continue;
      }
      boolean isOwn = i == 0;
      Run run = runs.get(runIds.get(i));
      if (run == null) {
        changes.add(new Ledger.Start(begun(occurrence, binding, target.policy(), enforced, isOwn)));
      } else {
        takes.add(ConditionalHold.ofCharge(enforced, occurrence.charge()));
        if (occurrence.decided() && run.stateAt(occurrence.at()) == Run.State.ACTIVE) {
          Tuple bound = isOwn ? binding.tuple() : run.tuple();
          changes.add(
              new Ledger.Renew(
                  run, bound, occurrence.at(), renewed(run, occurrence, target), isOwn));
        }
      }
      if (isOwn) {
        counters.addAll(countersOf(occurrence, binding, target, run));
      }
    }
    return new Ledger.Write(item, takes, changes, counters);
  }

  /// A new run that this call starts. An ancestor that is created with it is bound to nothing until
  /// a decision names that ancestor as its own run.
  private static Run begun(
      Occurrence occurrence,
      RunBinding binding,
      Policy policy,
      EnforcedAccount enforced,
      boolean isOwn) {
    Account account = enforced.account();
    Account charged =
        Account.of(
            account.key(), account.limit(), occurrence.charge(), MicroUsd.ZERO, account.version());
    return new Run(
        occurrence.tenantId(),
        account.key().id(),
        isOwn ? binding.chain() : List.of(),
        isOwn ? binding.tuple() : Tuple.UNBOUND,
        null,
        occurrence.at(),
        occurrence.at().plus(policy.runTtl()),
        account.limit(),
        Run.Rules.USUAL,
        !(isOwn && occurrence.issued()),
        charged);
  }

  private static Instant renewed(Run run, Occurrence occurrence, Target target) {
    Instant until = occurrence.at().plus(target.policy().runTtl());
    return until.isAfter(run.expiresAt()) ? until : run.expiresAt();
  }

  /// The counters that the call's run increments. They have no maximum here, so that nothing is
  /// refused. A parent that is created with the run does not count as another new run of the day.
  private static List<RunCounter> countersOf(
      Occurrence occurrence, RunBinding binding, Target target, @Nullable Run run) {
    List<RunCounter> counters = List.of();
    if (run == null) {
      if (!occurrence.issued()) {
        counters =
            RunCounters.ofNew(
                occurrence.tenantId(), target.versioned(), binding.tuple(), occurrence.at());
      }
    } else if (occurrence.decided() && run.stateAt(occurrence.at()) == Run.State.ACTIVE) {
      counters =
          RunCounters.ofKnown(
              occurrence.tenantId(), target.versioned(), run, binding.tuple(), occurrence.at());
    }
    return counters.stream().map(RunCounter::unlimited).toList();
  }
}
