package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.ledger.account.RateItem;
import io.budgetauthority.ledger.account.RateMove;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.ledger.increase.Increases;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Page;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.Write;
import io.budgetauthority.storage.Written;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The ledger on DynamoDB. It reads accounts and decisions, holds amounts and posts charges, each
/// in one transaction (ledger.md#reserve and ledger.md#settle). It has no rule about which call may
/// be let through. Safe for use by many threads; every write is safe to send again.
public final class Ledger {

  private static final Logger LOG = Logger.getLogger("budget.ledger");

  /// How many transactions of one process may be under way where nothing else is said.
  private static final int TRANSACTIONS_AT_ONCE = 32;

  private final Database database;
  private final String ledgerTable;
  private final String decisionsTable;
  private final Increases increases;
  private final WriteGroups groups;

  public Ledger(Database database, String ledgerTable, String decisionsTable) {
    this(database, ledgerTable, decisionsTable, new WriteGroups(TRANSACTIONS_AT_ONCE));
  }

  /// @param groups what of this process's writes is sent together
  public Ledger(Database database, String ledgerTable, String decisionsTable, WriteGroups groups) {
    this.groups = groups;
    this.database = database;
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
    this.increases = new Increases(database, ledgerTable, decisionsTable);
  }

  /// The increases of accounts.
  public Increases increases() {
    return increases;
  }

  /// What the ledger had when it was read, strongly consistent.
  ///
  /// @param runs those of the requested runs that exist, by id
  public record Snapshot(
      @Nullable Reservation reservation,
      Map<AccountKey, Account> accounts,
      Map<RateKey, StoredRate> rates,
      Map<String, Run> runs) {
    public Snapshot {
      accounts = Map.copyOf(accounts);
      rates = Map.copyOf(rates);
      runs = Map.copyOf(runs);
    }

    /// A rate with what the ledger had of it.
    public EnforcedRate over(EnforcedRate unread) {
      return unread.over(rates.get(unread.key()));
    }

    /// The accounts without the increases whose time has passed at an instant, for a reader that
    /// writes nothing.
    public Map<AccountKey, Account> accountsAt(Instant instant) {
      Map<AccountKey, Account> at = new HashMap<>();
      accounts.forEach((key, account) -> at.put(key, account.at(instant)));
      return at;
    }
  }

  /// A decision to write.
  ///
  /// @param holds one for every account that it touches, except the account of a run that it starts
  /// @param rates one for every rate that it touches
  /// @param runs the changes of the runs that it is held against; empty for a block
  /// @param counters the counters of the runs of its key, user and tenant that it increments
  public record DecisionWrite(
      Reservation reservation,
      List<ConditionalHold> holds,
      List<RateHold> rates,
      List<RunChange> runs,
      List<RunCounter> counters) {
    public DecisionWrite {
      holds = List.copyOf(holds);
      rates = List.copyOf(rates);
      runs = List.copyOf(runs);
      counters = List.copyOf(counters);
    }

    /// A decision that touches no account, such as a block.
    public static DecisionWrite of(Reservation reservation) {
      return new DecisionWrite(reservation, List.of(), List.of(), List.of(), List.of());
    }

    /// The same write, in which no counter of runs has a maximum.
    public DecisionWrite withoutRunLimits() {
      return new DecisionWrite(
          reservation, holds, rates, runs, counters.stream().map(RunCounter::unlimited).toList());
    }

    private @Nullable Renew renewalOf(ConditionalHold hold) {
      AccountKey account = hold.enforced().account().key();
      for (RunChange change : runs) {
        if (change instanceof Renew renew && renew.seen().account().key().equals(account)) {
          return renew;
        }
      }
      return null;
    }
  }

  /// What a decision does to a run.
  public sealed interface RunChange {}

  /// Creates the run, with its first hold in its account.
  public record Start(Run run) implements RunChange {}

  /// Renews the run. The write's holds include its account.
  ///
  /// @param counts whether the run counts as active and new from now on, if it did not before
  public record Renew(Run seen, Tuple completed, Instant now, Instant expiresAt, boolean counts)
      implements RunChange {}

  /// The outcome of a write.
  public sealed interface Outcome {
    record Reserved() implements Outcome {}

    /// The key was used before, and this is stored under it.
    record AlreadyDecided(Reservation stored) implements Outcome {}

    /// Accounts or runs were no longer as they had been read. The caller reads and decides again.
    record Conflict() implements Outcome {}

    /// A counter of runs has reached its maximum.
    ///
    /// @param count how many runs it counts
    record OverLimit(RunCounter counter, long count) implements Outcome {
      /// The count and the limit, in words.
      public String reason() {
        return switch (counter.of()) {
              case ACTIVE_OF_KEY -> "key " + counter.id() + " has " + count + " active runs";
              case ACTIVE_OF_USER -> "user " + counter.id() + " has " + count + " active runs";
              case NEW_ON_DAY -> count + " runs were begun on " + counter.id();
            }
            + ", the limit is "
            + counter.max();
      }
    }
  }

  /// Reads a decision, accounts and runs in one batch.
  public Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      Collection<String> runIds,
      Deadline deadline) {
    return read(id, tenantId, accounts, List.of(), runIds, deadline);
  }

  /// Reads a decision, accounts, rates and runs in one batch.
  public Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      Collection<RateKey> rates,
      Collection<String> runIds,
      Deadline deadline) {
    Set<Key> ledgerKeys = new LinkedHashSet<>();
    accounts.forEach(account -> ledgerKeys.add(AccountItem.key(account)));
    rates.forEach(rate -> ledgerKeys.add(RateItem.key(rate)));
    runIds.forEach(runId -> ledgerKeys.add(RunItem.key(tenantId, runId)));
    Map<String, Collection<Key>> wanted = new HashMap<>();
    wanted.put(ledgerTable, ledgerKeys);
    if (id != null) {
      wanted.put(decisionsTable, List.of(ReservationItem.key(id)));
    }
    Map<AccountKey, Account> found = new HashMap<>();
    Map<RateKey, StoredRate> foundRates = new HashMap<>();
    Map<String, Run> runs = new HashMap<>();
    Reservation reservation = null;
    for (Attributes item : database.getAll(wanted, deadline)) {
      if (!item.has("sk")) {
        reservation = ReservationItem.read(item);
      } else if (RateItem.isRate(item)) {
        StoredRate rate = RateItem.read(item);
        foundRates.put(rate.key(), rate);
      } else if (RunItem.isRun(item)) {
        Run run = RunItem.read(item);
        runs.put(run.runId(), run);
        found.put(run.account().key(), run.account());
      } else {
        Account account = AccountItem.read(item);
        found.put(account.key(), account);
      }
    }
    return new Snapshot(reservation, found, foundRates, runs);
  }

  /// One reservation by its id; empty where none exists or it is another tenant's.
  public Optional<Reservation> find(String tenantId, ReservationId id, Deadline deadline) {
    return find(id, deadline).filter(found -> found.tenantId().equals(tenantId));
  }

  /// One reservation by its id, of any tenant: for the sweeper and the queue, never for a caller.
  public Optional<Reservation> find(ReservationId id, Deadline deadline) {
    return database
        .get(decisionsTable, ReservationItem.key(id), deadline)
        .map(ReservationItem::read);
  }

  /// The reservations of these ids that exist and are the tenant's, at most 200 ids.
  public Map<ReservationId, Reservation> findAll(
      String tenantId, Collection<ReservationId> ids, Deadline deadline) {
    Map<ReservationId, Reservation> found = new HashMap<>();
    for (Attributes item :
        database.getAll(
            decisionsTable, ids.stream().distinct().map(ReservationItem::key).toList(), deadline)) {
      Reservation reservation = ReservationItem.read(item);
      if (reservation.tenantId().equals(tenantId)) {
        found.put(reservation.id(), reservation);
      }
    }
    return found;
  }

  /// An account as it is now; empty where it does not exist.
  public Optional<Account> account(AccountKey key, Deadline deadline) {
    return Optional.ofNullable(
        read(null, key.tenantId(), List.of(key), List.of(), deadline).accounts().get(key));
  }

  /// A rate as it is now; empty where it does not exist.
  public Optional<StoredRate> rate(RateKey key, Deadline deadline) {
    return Optional.ofNullable(rates(key.tenantId(), List.of(key), deadline).get(key));
  }

  private Map<RateKey, StoredRate> rates(
      String tenantId, Collection<RateKey> keys, Deadline deadline) {
    return keys.isEmpty()
        ? Map.of()
        : read(null, tenantId, List.of(), keys, List.of(), deadline).rates();
  }

  /// The accounts and rates of a reservation as they are now.
  public Snapshot holding(Reservation reservation, Deadline deadline) {
    String tenantId = reservation.tenantId();
    return read(
        null,
        tenantId,
        reservation.shares().stream().map(share -> share.key(tenantId)).toList(),
        reservation.rates().stream().map(rate -> EnforcedRate.keyOf(tenantId, rate)).toList(),
        List.of(),
        deadline);
  }

  /// Writes a decision: a block by one conditional put, any other in one transaction with its
  /// holds. A decision of a later revision than the first replaces the item of the revision before.
  public Outcome reserve(DecisionWrite write, Deadline deadline) {
    Write.Put decision =
        write.reservation().revision() == 1
            ? ReservationItem.create(decisionsTable, write.reservation())
            : ReservationItem.replace(decisionsTable, write.reservation());
    if (write.runs().isEmpty() && write.holds().isEmpty() && write.rates().isEmpty()) {
      return record(write.reservation(), decision, deadline);
    }
    List<GroupedWrite> writes = writesOf(write, decision);
    return groups.send(
        writes,
        deadline,
        this::isWritten,
        Outcome.Reserved::new,
        () -> reserve(write, writes, deadline));
  }

  private boolean isWritten(List<Write> writes, Deadline deadline) {
    return database.transact(writes, deadline).isDone();
  }

  private Outcome reserve(DecisionWrite write, List<GroupedWrite> writes, Deadline deadline) {
    Written written =
        database.transact(writes.stream().map(GroupedWrite::write).toList(), deadline);
    if (written.isDone()) {
      return new Outcome.Reserved();
    }
    return written.failed(0)
        ? recognise(write.reservation(), written.stored(0))
        : refusal(write.counters(), writes.size() - write.counters().size(), written);
  }

  /// The decision first, the counters last.
  private List<GroupedWrite> writesOf(DecisionWrite write, Write.Put decision) {
    List<GroupedWrite> writes = new ArrayList<>();
    writes.add(alone(decisionsTable, ReservationItem.key(write.reservation().id()), decision));
    for (RunChange change : write.runs()) {
      if (change instanceof Start start) {
        for (Write.Put put : RunItem.start(ledgerTable, start.run())) {
          writes.add(alone(ledgerTable, put.item().key(), put));
        }
      }
    }
    for (ConditionalHold hold : write.holds()) {
      writes.add(new GroupedHold(ledgerTable, hold, write.renewalOf(hold)));
    }
    for (RateHold hold : write.rates()) {
      if (hold.taken().signum() > 0) {
        writes.add(
            alone(ledgerTable, RateItem.key(hold.rate().key()), RateItem.hold(ledgerTable, hold)));
      }
    }
    write.counters().forEach(counter -> writes.add(new GroupedCount(ledgerTable, counter, 1)));
    return writes;
  }

  private static GroupedWrite alone(String table, Key key, Write write) {
    return GroupedWrite.alone(new GroupedWrite.Item(table, key), write);
  }

  /// Why a transaction was cancelled. The reason is a full counter if everything else was still as
  /// it had been read. Else something that was read has changed.
  static Outcome refusal(List<RunCounter> counters, int firstCounter, Written written) {
    for (int i = 0; i < firstCounter; i++) {
      if (written.failed(i)) {
        return new Outcome.Conflict();
      }
    }
    for (int i = 0; i < counters.size(); i++) {
      if (written.failed(firstCounter + i)) {
        return new Outcome.OverLimit(
            counters.get(i), RunCounter.count(written.stored(firstCounter + i)));
      }
    }
    return new Outcome.Conflict();
  }

  private Outcome record(Reservation reservation, Write decision, Deadline deadline) {
    Written written = database.write(decision, deadline);
    return written.isDone() ? new Outcome.Reserved() : recognise(reservation, written.stored(0));
  }

  /// The outcome for a key that is taken. If the stored item is the one that was being written, an
  /// attempt whose answer was lost has written it.
  private static Outcome recognise(Reservation written, Attributes item) {
    if (item.isEmpty()) {
      return new Outcome.Conflict();
    }
    Reservation stored = ReservationItem.read(item);
    return isSameWrite(stored, written)
        ? new Outcome.Reserved()
        : new Outcome.AlreadyDecided(stored);
  }

  private static boolean isSameWrite(Reservation stored, Reservation written) {
    return stored.nonce().equals(written.nonce())
        && stored.revision() == written.revision()
        && stored.requestHash().equals(written.requestHash())
        && stored.decision().accounts().equals(written.decision().accounts())
        && stored.decision().rates().equals(written.decision().rates());
  }

  /// Corrects those of these accounts that do not add up, each under the condition that it is still
  /// as it was read, and raises an alarm for each.
  ///
  /// @return whether there were any; the caller then reads again
  public boolean repair(Collection<Account> seen, Deadline deadline) {
    boolean any = false;
    for (Account account : seen) {
      if (account.addsUp()) {
        continue;
      }
      any = true;
      Meters.accountRepaired();
      LOG.errorf(
          "account %s does not add up: limit %s, committed %s, reserved %s, available %s;"
              + " available is set to %s",
          account.key(),
          account.limit(),
          account.committed(),
          account.reserved(),
          account.storedAvailable(),
          account.available());
      if (!database.write(AccountItem.repair(ledgerTable, account), deadline).isDone()) {
        LOG.infof("account %s moved before it was put right; it is read again", account.key());
      }
    }
    return any;
  }

  /// The outcome of a step.
  public enum SettleOutcome {
    /// The step and its postings are written.
    SETTLED,
    /// The reservation has changed meanwhile. The caller reads it and computes the step again.
    CONFLICT,
    /// An account has not enough available for a posting that holds more on it, or a rate has moved
    /// since it was read. The caller reads and judges again.
    INSUFFICIENT
  }

  /// Writes a step of a reservation together with its postings, or nothing. A step that moves no
  /// money is one update.
  public SettleOutcome settle(Reservation.Step.Move move, Deadline deadline) {
    List<GroupedWrite> writes = groupedWritesOf(move, deadline);
    if (writes.size() == 1) {
      return record(move.next(), writes.getFirst().write(), deadline) instanceof Outcome.Reserved
          ? SettleOutcome.SETTLED
          : SettleOutcome.CONFLICT;
    }
    return groups.send(
        writes,
        deadline,
        this::isWritten,
        () -> SettleOutcome.SETTLED,
        () -> settle(move, writes, deadline));
  }

  private SettleOutcome settle(
      Reservation.Step.Move move, List<GroupedWrite> writes, Deadline deadline) {
    Written written =
        database.transact(writes.stream().map(GroupedWrite::write).toList(), deadline);
    if (written.isDone()) {
      return SettleOutcome.SETTLED;
    }
    if (written.failed(0)) {
      return SettleOutcome.CONFLICT;
    }
    if (move.postings().stream().anyMatch(posting -> posting.leastAvailable() != null)
        || !move.rates().isEmpty()) {
      return SettleOutcome.INSUFFICIENT;
    }
    throw new IllegalStateException(
        "an account of reservation " + move.next().id().hash() + " is missing from the ledger");
  }

  /// The writes of a step: the reservation, if it is still as it was read, then its postings. The
  /// rates that it changes are read for it.
  public List<Write> writesOf(Reservation.Step.Move move, Deadline deadline) {
    return groupedWritesOf(move, deadline).stream().map(GroupedWrite::write).toList();
  }

  private List<GroupedWrite> groupedWritesOf(Reservation.Step.Move move, Deadline deadline) {
    Map<RateKey, StoredRate> stored =
        rates(move.next().tenantId(), move.rates().stream().map(RateMove::key).toList(), deadline);
    List<GroupedWrite> writes = new ArrayList<>();
    writes.add(
        alone(
            decisionsTable,
            ReservationItem.key(move.next().id()),
            ReservationItem.change(decisionsTable, move.seen(), after(move, stored))));
    for (Posting posting : move.postings()) {
      if (!posting.isNothing()) {
        writes.add(new GroupedPosting(ledgerTable, posting));
      }
    }
    for (RateMove rate : move.rates()) {
      Write write = RateItem.post(ledgerTable, stored.get(rate.key()), rate);
      if (write != null) {
        writes.add(alone(ledgerTable, RateItem.key(rate.key()), write));
      }
    }
    return writes;
  }

  private static Reservation after(Reservation.Step.Move move, Map<RateKey, StoredRate> stored) {
    return move.rates().isEmpty()
        ? move.next()
        : move.next()
            .withRates(
                move.rates().stream()
                    .map(rate -> rate.share().taking(rate.takenAfter(stored.get(rate.key()))))
                    .toList());
  }

  /// A write that moves the limit of an account, and what is available by the same difference, if
  /// the account still has the limit and the version that it was read with (ledger.md#versions).
  public Write moveLimit(Account stored, MicroUsd limit, LimitVersion to) {
    return AccountItem.moveLimit(ledgerTable, stored, limit, to);
  }

  /// A write that gives a stored rate the terms of its ceiling, if it still is as it was read
  /// (ledger.md#rates).
  public Write termsOf(EnforcedRate rate) {
    return RateItem.putTerms(ledgerTable, rate);
  }

  /// Gives those of these rates that the ledger has with other terms the terms of their ceilings,
  /// each under the condition that it still is as it was read.
  ///
  /// @return whether there were any; the caller then reads again
  public boolean putTerms(Collection<EnforcedRate> rates, Deadline deadline) {
    boolean any = false;
    for (EnforcedRate rate : rates) {
      if (rate.hasOtherTerms()) {
        any = true;
        if (!database.write(termsOf(rate), deadline).isDone()) {
          LOG.debugf("rate %s moved before its terms were put; it is read again", rate.key());
        }
      }
    }
    return any;
  }

  /// Gives an account other sums and writes the audit entry of that, in one transaction. False
  /// where the account is no longer as it was read.
  ///
  /// @param seen the account as it was read; null where it did not exist
  public boolean correct(@Nullable Account seen, Account right, Write audit, Deadline deadline) {
    return database
        .transact(List.of(AccountItem.correct(ledgerTable, seen, right), audit), deadline)
        .isDone();
  }

  /// The reservations of one part of the due index whose time had passed, the longest due first.
  ///
  /// @param bucket which part, from 0 to [ReservationId#DUE_BUCKETS] - 1
  /// @param from where the page before ended; null for the first
  public Page<ReservationId> due(
      int bucket, Instant before, int limit, Page.@Nullable Next from, Deadline deadline) {
    Query query =
        Query.ofIndex(
            decisionsTable,
            "due",
            "due_bucket = :bucket AND due_at <= :before",
            Attributes.builder().put(":bucket", bucket).put(":before", before).build());
    return database
        .page(query, limit, from, deadline)
        .map(item -> new ReservationId(item.text("pk")));
  }
}
