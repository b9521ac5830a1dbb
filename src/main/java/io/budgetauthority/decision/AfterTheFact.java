package io.budgetauthority.decision;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.AccountKey;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.Hold;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.LedgerContended;
import io.budgetauthority.ledger.LimitVersion;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunPlace;
import io.budgetauthority.ledger.Standing;
import io.budgetauthority.ledger.Take;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
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

/// Enters in the ledger what was not reserved beforehand: usage that never had a decision, and a
/// decision that was made while the ledger was away (protocol sections 5 and 8). Nothing here
/// refuses: what happened has happened, so no ceiling, closed run or full count stands in its way.
/// Safe for use by many threads.
public final class AfterTheFact {

  private static final Duration PATIENCE = Duration.ofMillis(2_500);
  private static final Run.Tuple UNBOUND = new Run.Tuple(null, null, null, null);

  private final Ledger ledger;
  private final Tenants tenants;
  private final Accounts accounts;

  public AfterTheFact(Ledger ledger, Tenants tenants) {
    this.ledger = ledger;
    this.tenants = tenants;
    this.accounts = new Accounts(tenants);
  }

  /// What happened.
  ///
  /// @param runId null where it belongs to no run
  /// @param parentRunId the parent that was named for a run that it may have started
  /// @param runLimit the limit for that run; null for the policy's
  /// @param at when; its calendar accounts are those of this time
  /// @param charge what every account is charged
  /// @param decided whether it was a decision, which renews an active run and binds it
  /// @param issued whether the run was issued to this call alone, so that it does not count as one
  public record Happening(
      String tenantId,
      @Nullable String runId,
      @Nullable String parentRunId,
      @Nullable MicroUsd runLimit,
      Run.Tuple stated,
      Instant at,
      MicroUsd charge,
      boolean decided,
      boolean issued) {}

  /// Where in the ledger it belongs.
  ///
  /// @param runId null where there is none, or where it is somebody else's
  /// @param orphanOf the run that was named and is somebody else's; null where none was
  /// @param standings every account that it is entered on, as they are before
  public record Place(
      Tenants.Versioned versioned,
      @Nullable String runId,
      @Nullable String parentRunId,
      @Nullable String orphanOf,
      Run.Tuple tuple,
      List<Standing> standings) {
    public Place {
      standings = List.copyOf(standings);
    }

    public Policy policy() {
      return versioned.policy();
    }

    /// A hold of nothing on each of them, which says where a charge goes.
    public List<Hold> holdsOfNothing() {
      return standings.stream()
          .map(standing -> new Hold(standing.account().key(), MicroUsd.ZERO))
          .toList();
    }
  }

  /// What is to be written at its place.
  public interface Entry {
    /// The item; empty where what is stored under its id stays as it is.
    Optional<Reservation> at(Place place, @Nullable Reservation stored);
  }

  /// What is stored under an id now.
  ///
  /// @param entered false where it was there before and stays as it was
  public record Entered(Reservation reservation, boolean entered) {}

  public Entered enter(ReservationId id, Happening happening, Entry entry) {
    Deadline deadline = Deadline.in(PATIENCE);
    do {
      Entered entered = attempt(id, happening, entry, deadline);
      if (entered != null) {
        return entered;
      }
    } while (!deadline.isPast());
    throw new LedgerContended("the accounts moved in every round");
  }

  /// Null where something moved between reading and writing.
  private @Nullable Entered attempt(
      ReservationId id, Happening happening, Entry entry, Deadline deadline) {
    String tenantId = happening.tenantId();
    Tenants.Versioned policy = tenants.policy(tenantId);
    Belonging belonging = belonging(happening, deadline);
    Accounts.Applying applying =
        accounts.applyingTo(tenantId, belonging.tuple(), policy, happening.at());
    Ledger.Snapshot seen = ledger.read(id, tenantId, applying.keys(), belonging.runIds(), deadline);
    if (ledger.repair(seen.accounts().values(), deadline)) {
      return null;
    }
    if (applying.isOlderThan(seen.accounts())) {
      applying.forget(tenants);
      return null;
    }
    List<Standing> standings = new ArrayList<>();
    for (String runId : belonging.runIds()) {
      Run run = seen.runs().get(runId);
      Account account = run == null ? unused(happening, runId, policy.policy()) : run.account();
      standings.add(accounts.ofRun(account, run, policy.policy()));
    }
    standings.addAll(applying.standings(seen.accounts()));
    Place place =
        new Place(
            policy,
            belonging.runId(),
            belonging.chain().isEmpty() ? null : belonging.chain().getFirst(),
            belonging.orphanOf(),
            belonging.tuple(),
            standings);
    Reservation stored = seen.reservation();
    Optional<Reservation> item = entry.at(place, stored);
    if (item.isEmpty()) {
      return stored == null ? null : new Entered(stored, false);
    }
    Ledger.Order order = order(happening, belonging, place, seen.runs(), item.get());
    if (!(ledger.reserve(order, deadline) instanceof Ledger.Outcome.Reserved)) {
      return null;
    }
    if (place.orphanOf() != null) {
      Meters.afterWrite(Meters::orphaned);
    }
    return new Entered(item.get(), true);
  }

  /// The runs that it is charged to, and under which tuple.
  ///
  /// @param chain the ancestors of its run, whether they are there or not
  private record Belonging(
      @Nullable String runId, List<String> chain, Run.Tuple tuple, @Nullable String orphanOf) {

    List<String> runIds() {
      List<String> ids = new ArrayList<>(chain.size() + 1);
      if (runId != null) {
        ids.add(runId);
        ids.addAll(chain);
      }
      return ids;
    }
  }

  private Belonging belonging(Happening happening, Deadline deadline) {
    String runId = happening.runId();
    Run.Tuple stated = happening.stated();
    if (runId == null) {
      return new Belonging(null, List.of(), stated, null);
    }
    Map<String, Run> runs = new HashMap<>();
    List<String> named =
        happening.parentRunId() == null || happening.parentRunId().equals(runId)
            ? List.of(runId)
            : List.of(runId, happening.parentRunId());
    read(happening.tenantId(), named, runs, deadline);
    Run run = runs.get(runId);
    List<String> chain = run == null ? chainOfNew(happening, runs) : run.ancestors();
    read(
        happening.tenantId(),
        chain.stream().filter(one -> !runs.containsKey(one)).toList(),
        runs,
        deadline);
    Run first = run == null && !chain.isEmpty() ? runs.get(chain.getFirst()) : run;
    Run.Tuple tuple = first == null ? stated : first.tuple().completedBy(stated);
    boolean isItsOwn =
        !chain.contains(runId)
            && chain.size() < Run.MOST_LEVELS
            && runs.values().stream()
                .filter(one -> one.runId().equals(runId) || chain.contains(one.runId()))
                .allMatch(one -> one.tuple().admits(stated) && one.tuple().admits(tuple));
    return isItsOwn
        ? new Belonging(runId, chain, tuple, null)
        : new Belonging(null, List.of(), stated, runId);
  }

  private static List<String> chainOfNew(Happening happening, Map<String, Run> runs) {
    String parentRunId = happening.parentRunId();
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

  private static Account unused(Happening happening, String runId, Policy policy) {
    MicroUsd limit =
        runId.equals(happening.runId()) && happening.runLimit() != null
            ? happening.runLimit()
            : policy.defaultRunLimit();
    return Account.unused(
        AccountKey.total(happening.tenantId(), Scope.RUN, runId), limit, LimitVersion.ofRun(0));
  }

  private static Ledger.Order order(
      Happening happening,
      Belonging belonging,
      Place place,
      Map<String, Run> runs,
      Reservation item) {
    List<Take> takes = new ArrayList<>();
    List<Ledger.RunChange> changes = new ArrayList<>();
    List<RunPlace> places = new ArrayList<>();
    List<String> runIds = belonging.runIds();
    for (int i = 0; i < place.standings().size(); i++) {
      Standing standing = place.standings().get(i);
      if (i >= runIds.size()) {
        takes.add(Take.ofCharge(standing, happening.charge()));
        continue;
      }
      boolean isOwn = i == 0;
      Run run = runs.get(runIds.get(i));
      if (run == null) {
        changes.add(new Ledger.Start(begun(happening, belonging, place.policy(), standing, isOwn)));
      } else {
        takes.add(Take.ofCharge(standing, happening.charge()));
        if (happening.decided() && run.stateAt(happening.at()) == Run.State.ACTIVE) {
          Run.Tuple bound = isOwn ? belonging.tuple() : run.tuple();
          changes.add(
              new Ledger.Renew(run, bound, happening.at(), renewed(run, happening, place), isOwn));
        }
      }
      if (isOwn) {
        places.addAll(placesOf(happening, belonging, place, run));
      }
    }
    return new Ledger.Order(item, takes, changes, places);
  }

  /// A run of which this is the first word. An ancestor is bound to nothing until it is heard of
  /// itself.
  private static Run begun(
      Happening happening, Belonging belonging, Policy policy, Standing standing, boolean isOwn) {
    Account account = standing.account();
    Account charged =
        Account.of(
            account.key(), account.limit(), happening.charge(), MicroUsd.ZERO, account.version());
    return new Run(
        happening.tenantId(),
        account.key().id(),
        isOwn ? belonging.chain() : List.of(),
        isOwn ? belonging.tuple() : UNBOUND,
        null,
        happening.at(),
        happening.at().plus(policy.runTtl()),
        account.limit(),
        Run.Rules.USUAL,
        !(isOwn && happening.issued()),
        charged);
  }

  private static Instant renewed(Run run, Happening happening, Place place) {
    Instant until = happening.at().plus(place.policy().runTtl());
    return until.isAfter(run.expiresAt()) ? until : run.expiresAt();
  }

  /// The places that its run takes: they are counted, and nothing is refused for them. A parent
  /// that is made with it is not counted as another new run of the day.
  private static List<RunPlace> placesOf(
      Happening happening, Belonging belonging, Place place, @Nullable Run run) {
    List<RunPlace> places = List.of();
    if (run == null) {
      if (!happening.issued()) {
        places =
            RunPlaces.ofNew(
                happening.tenantId(), place.versioned(), belonging.tuple(), happening.at());
      }
    } else if (happening.decided() && run.stateAt(happening.at()) == Run.State.ACTIVE) {
      places =
          RunPlaces.ofKnown(
              happening.tenantId(), place.versioned(), run, belonging.tuple(), happening.at());
    }
    return places.stream().map(RunPlace::unlimited).toList();
  }
}
