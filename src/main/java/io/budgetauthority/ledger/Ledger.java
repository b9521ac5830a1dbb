package io.budgetauthority.ledger;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.account.RateItem;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.ledger.counter.CounterPlace;
import io.budgetauthority.ledger.counter.RunCounts;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.ledger.group.ReadGroups;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.ledger.increase.Increases;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.ledger.shard.KnownShards;
import io.budgetauthority.ledger.shard.ShardLoad;
import io.budgetauthority.ledger.shard.SharedDraw;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Page;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.Write;
import io.budgetauthority.storage.Written;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The ledger on DynamoDB. It reads accounts and decisions, holds amounts and posts charges, each
/// in one transaction (ledger.md#reserve and ledger.md#settle). It has no rule about which call may
/// be let through. Safe for use by many threads; every write is safe to send again.
public final class Ledger {

  private static final Logger LOG = Logger.getLogger("budget.ledger");

  /// How many transactions of one process may be under way where nothing else is said.
  static final int TRANSACTIONS_AT_ONCE = 32;

  /// How many reservations a process knows without reading them, a few KB each, and for how long.
  private static final int MAX_WRITTEN = 4_000;

  private static final Duration WRITTEN_KEPT = Duration.ofMinutes(15);

  private final Database database;
  private final String ledgerTable;
  private final String decisionsTable;
  private final Increases increases;
  private final Transactions transactions;
  private final DecisionWrites decisionWrites;
  private final StepWrites stepWrites;
  private final RunCounts counts;
  private final LedgerReader reader;

  /// Most calls are settled by the process that decided them.
  private final Cache<ReservationId, Reservation> lastWritten =
      Caffeine.newBuilder().maximumSize(MAX_WRITTEN).expireAfterWrite(WRITTEN_KEPT).build();

  private final ShardLoad load;

  public Ledger(Database database, String ledgerTable, String decisionsTable) {
    this(database, ledgerTable, decisionsTable, new WriteGroups(TRANSACTIONS_AT_ONCE));
  }

  /// @param groups what of this process's writes is sent together
  public Ledger(Database database, String ledgerTable, String decisionsTable, WriteGroups groups) {
    this(database, ledgerTable, decisionsTable, groups, new ShardLoad(System::nanoTime, null));
  }

  /// @param groups what of this process's writes is sent together
  /// @param load how many shards accounts have
  public Ledger(
      Database database,
      String ledgerTable,
      String decisionsTable,
      WriteGroups groups,
      ShardLoad load) {
    this.load = load;
    this.database = database;
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
    SharedDraw draw = new SharedDraw(groups.joinsAll());
    KnownShards known = new KnownShards(draw);
    ReadGroups reads = new ReadGroups(database, groups.atOnce());
    this.reader = new LedgerReader(database, reads, ledgerTable, decisionsTable, known);
    this.counts = new RunCounts(database, ledgerTable, draw);
    this.increases = new Increases(database, ledgerTable, decisionsTable);
    this.transactions = new Transactions(database, groups, load, known);
    this.decisionWrites = new DecisionWrites(ledgerTable, decisionsTable, load);
    this.stepWrites = new StepWrites(database, reader, ledgerTable, decisionsTable);
  }

  /// The increases of accounts.
  public Increases increases() {
    return increases;
  }

  /// Reads a decision, accounts and runs in one batch.
  public Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      Collection<String> runIds,
      Deadline deadline) {
    return read(id, tenantId, accounts, List.of(), runIds, Extent.WHOLE, deadline);
  }

  /// Reads a decision, accounts, rates and runs in one batch. It takes a second one where an
  /// account turns out to have more shards than this process knew.
  ///
  /// @param accounts the keys of their heads
  /// @param extent how much is read of accounts with several shards
  public Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      Collection<RateKey> rates,
      Collection<String> runIds,
      Extent extent,
      Deadline deadline) {
    return reader.read(id, tenantId, accounts, rates, runIds, extent, deadline);
  }

  /// One reservation by its id; empty where none exists or it is another tenant's.
  public Optional<Reservation> find(String tenantId, ReservationId id, Deadline deadline) {
    return find(id, deadline).filter(found -> found.tenantId().equals(tenantId));
  }

  /// One reservation by its id, of any tenant: for the sweeper and the queue, never for a caller.
  public Optional<Reservation> find(ReservationId id, Deadline deadline) {
    return reader.find(id, deadline);
  }

  /// A reservation that this process wrote a moment ago, as it wrote it; empty where it does not
  /// know it. Others may have changed it since. A step from it has the condition that nobody did,
  /// so only a step that is written may be answered.
  public Optional<Reservation> lastWritten(String tenantId, ReservationId id) {
    return Optional.ofNullable(lastWritten.getIfPresent(id))
        .filter(found -> found.tenantId().equals(tenantId));
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
    return Optional.ofNullable(reader.rates(key.tenantId(), List.of(key), deadline).get(key));
  }

  /// The accounts and rates of a reservation as they are now, with all shards of each.
  public Snapshot holding(Reservation reservation, Deadline deadline) {
    String tenantId = reservation.tenantId();
    Map<AccountKey, Integer> held = new HashMap<>();
    for (AccountShare share : reservation.shares()) {
      held.put(share.key(tenantId).head(), share.shard());
    }
    return read(
        null,
        tenantId,
        held.keySet(),
        reservation.rates().stream().map(rate -> EnforcedRate.keyOf(tenantId, rate)).toList(),
        List.of(),
        Extent.holdingOn(held),
        deadline);
  }

  /// Writes a decision: a block by one conditional put, any other in one transaction with its
  /// holds. A decision of a later revision than the first replaces the item of the revision before.
  public ReserveOutcome reserve(DecisionWrite write, Deadline deadline) {
    return reserve(write, null, deadline);
  }

  /// The same for a call that uses other shards where those that it uses are busy.
  ///
  /// @param busy how often they were; null for a call that waits for those that it uses
  public ReserveOutcome reserve(DecisionWrite write, @Nullable Integer busy, Deadline deadline) {
    Write.Put decision =
        write.reservation().revision() == 1
            ? ReservationItem.create(decisionsTable, write.reservation())
            : ReservationItem.replace(decisionsTable, write.reservation());
    if (write.runs().isEmpty() && write.holds().isEmpty() && write.rates().isEmpty()) {
      return record(write.reservation(), decision, deadline);
    }
    boolean wasBusy = busy != null && busy > 0;
    return switch (counts.place(write.counters(), wasBusy, deadline)) {
      case RunCounts.Placed.Full full ->
          isCountedSince(write, deadline)
              ? new ReserveOutcome.Conflict()
              : new ReserveOutcome.OverLimit(full.counter(), full.count());
      case RunCounts.Placed.Moved moved -> new ReserveOutcome.Conflict();
      case RunCounts.Placed.On on -> {
        ReserveOutcome outcome = reserve(write, decision, on, busy != null, deadline);
        if (outcome instanceof ReserveOutcome.Reserved && write.reservation().state().isOpen()) {
          lastWritten.put(write.reservation().id(), write.reservation());
        }
        yield outcome;
      }
    };
  }

  /// Whether another call has begun or bound a run of these since it was read. The run then has its
  /// place in the counters that are full.
  private boolean isCountedSince(DecisionWrite write, Deadline deadline) {
    String tenantId = write.reservation().tenantId();
    List<String> runIds = write.runs().stream().map(change -> change.run().runId()).toList();
    Map<String, Run> now = read(null, tenantId, List.of(), runIds, deadline).runs();
    return write.runs().stream()
        .anyMatch(
            change -> {
              Run seen = change.run();
              Run found = now.get(seen.runId());
              return found != null
                  && (change instanceof RunChange.Start
                      || found.counted() != seen.counted()
                      || !found.tuple().equals(seen.tuple()));
            });
  }

  private ReserveOutcome reserve(
      DecisionWrite write,
      Write.Put decision,
      RunCounts.Placed.On on,
      boolean mayUseOthers,
      Deadline deadline) {
    List<GroupedWrite> writes = decisionWrites.of(write, decision, on);
    if (writes.size() > Database.MAX_WRITES_A_TRANSACTION) {
      moveLimits(write.holds(), deadline);
      return new ReserveOutcome.Conflict();
    }
    boolean mayMove =
        mayUseOthers
            && (write.holds().stream().anyMatch(ConditionalHold::mayUseOthers)
                || on.places().stream().anyMatch(CounterPlace::isSplit));
    boolean waits =
        transactions.joinsAll()
            || !mayMove
            || write.holds().stream().noneMatch(ConditionalHold::dependsOnReading);
    return transactions.send(
        writes,
        deadline,
        ReserveOutcome.Reserved::new,
        () -> reserve(write, writes, on.places(), mayMove, deadline),
        waits ? null : ReserveOutcome.Busy::new);
  }

  private ReserveOutcome reserve(
      DecisionWrite write,
      List<GroupedWrite> writes,
      List<CounterPlace> places,
      boolean mayMove,
      Deadline deadline) {
    Written written =
        transactions.transact(
            writes,
            deadline,
            (number, busy) -> mayMove ? null : Transactions.pauseOfHolder(number, busy));
    if (written.isDone()) {
      return new ReserveOutcome.Reserved();
    }
    if (written.isBusy()) {
      return new ReserveOutcome.Busy();
    }
    return written.failed(0)
        ? recognise(write.reservation(), written.stored(0))
        : refusal(counts, places, writes.size() - places.size(), written);
  }

  /// Why a transaction was cancelled. The reason is a full counter if everything else was still as
  /// it had been read. Else something that was read has changed.
  static ReserveOutcome refusal(
      RunCounts counts, List<CounterPlace> places, int firstCounter, Written written) {
    for (int i = 0; i < firstCounter; i++) {
      if (written.failed(i)) {
        return new ReserveOutcome.Conflict();
      }
    }
    for (int i = 0; i < places.size(); i++) {
      if (written.failed(firstCounter + i)) {
        CounterPlace place = places.get(i);
        OptionalLong count = counts.countIfFull(place, written.stored(firstCounter + i));
        return count.isPresent()
            ? new ReserveOutcome.OverLimit(place.counter(), count.getAsLong())
            : new ReserveOutcome.Conflict();
      }
    }
    return new ReserveOutcome.Conflict();
  }

  private ReserveOutcome record(Reservation reservation, Write decision, Deadline deadline) {
    Written written = database.write(decision, deadline);
    return written.isDone()
        ? new ReserveOutcome.Reserved()
        : recognise(reservation, written.stored(0));
  }

  /// The outcome for a key that is taken, or for a revision that is over. If the stored item is the
  /// one that was being written, an attempt whose answer was lost has written it.
  private static ReserveOutcome recognise(Reservation written, Attributes item) {
    if (item.isEmpty()) {
      return new ReserveOutcome.Conflict();
    }
    Reservation stored = ReservationItem.read(item);
    return isSameWrite(stored, written)
        ? new ReserveOutcome.Reserved()
        : new ReserveOutcome.AlreadyDecided(stored);
  }

  /// Two steps from one revision lead to the same revision, so all that a step may change counts.
  private static boolean isSameWrite(Reservation stored, Reservation written) {
    return stored.nonce().equals(written.nonce())
        && stored.revision() == written.revision()
        && stored.state() == written.state()
        && stored.forwarded() == written.forwarded()
        && stored.expiresAt().equals(written.expiresAt())
        && Objects.equals(stored.charge(), written.charge())
        && Objects.equals(stored.releaseReason(), written.releaseReason())
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

  /// Moves limit to the shards that these holds need it on, where that and the holds are too much
  /// for one transaction. The caller then reads again.
  private void moveLimits(Collection<ConditionalHold> holds, Deadline deadline) {
    for (ConditionalHold hold : holds) {
      if (hold.shards() != null) {
        moveLimit(hold.limitMoves(), deadline);
      }
    }
  }

  /// Moves limit between the shards of one account, or does nothing where they have moved.
  private void moveLimit(List<Posting> moves, Deadline deadline) {
    if (moves.size() > 1
        && !transactions
            .transact(
                moves.stream()
                    .<GroupedWrite>map(one -> new GroupedPosting(ledgerTable, one))
                    .toList(),
                deadline,
                (number, conflicted) -> Deadline.Pause.LONG)
            .isDone()) {
      LOG.debugf("shards of %s moved before limit was; they are read again", moves.getFirst());
    }
  }

  /// Gives accounts in `hard_gate` the number of shards that their ceilings state, or that the
  /// conflicts on them call for (ledger.md#shards).
  ///
  /// @return whether there were any; the caller then reads again
  public boolean split(Collection<EnforcedAccount> accounts, Deadline deadline) {
    boolean any = false;
    for (EnforcedAccount enforced : accounts) {
      Account stored = enforced.stored();
      if (stored == null) {
        continue;
      }
      int count = stored.split().count();
      int wanted = load.wanted(enforced, stored.key(), count);
      if (wanted > count) {
        any = true;
        Write split =
            stored.key().scope() == Scope.RUN
                ? RunItem.split(ledgerTable, stored, wanted)
                : AccountItem.split(ledgerTable, stored, wanted);
        if (database.write(split, deadline).isDone()) {
          LOG.infof("account %s has %d shards, it had %d", stored.key(), wanted, count);
        }
      }
    }
    return any;
  }

  /// Gives accounts with several shards the limits that apply to them, each by a write of its head
  /// alone.
  ///
  /// @return whether there were any; the caller then reads again
  public boolean putLimits(Collection<EnforcedAccount> accounts, Deadline deadline) {
    boolean any = false;
    for (EnforcedAccount enforced : accounts) {
      Account stored = enforced.stored();
      Account account = enforced.account();
      if (stored == null
          || !stored.isSplit()
          || (stored.version().equals(account.version())
              && stored.limit().equals(account.limit()))) {
        continue;
      }
      any = true;
      Write write = moveLimit(stored, account.limitOfCeiling(), account.version());
      if (!database.write(write, deadline).isDone()) {
        LOG.debugf("account %s moved before its limit was put; it is read again", account.key());
      }
    }
    return any;
  }

  /// Writes a step of a reservation together with its postings, or nothing. A step that moves no
  /// money is one update.
  public SettleOutcome settle(Reservation.Step.Move move, Deadline deadline) {
    SettleOutcome outcome = write(move, deadline);
    Reservation next = move.next();
    if (outcome == SettleOutcome.SETTLED && next.state().isOpen() && move.rates().isEmpty()) {
      lastWritten.put(next.id(), next);
    } else {
      lastWritten.invalidate(next.id());
    }
    return outcome;
  }

  private SettleOutcome write(Reservation.Step.Move move, Deadline deadline) {
    List<GroupedWrite> writes = stepWrites.of(move, deadline);
    if (writes.size() > Database.MAX_WRITES_A_TRANSACTION) {
      move.limitMoves().forEach(moves -> moveLimit(moves, deadline));
      return SettleOutcome.INSUFFICIENT;
    }
    if (writes.size() == 1) {
      return record(move.next(), writes.getFirst().write(), deadline)
              instanceof ReserveOutcome.Reserved
          ? SettleOutcome.SETTLED
          : SettleOutcome.CONFLICT;
    }
    return transactions.send(
        writes, deadline, () -> SettleOutcome.SETTLED, () -> settle(move, writes, deadline), null);
  }

  private SettleOutcome settle(
      Reservation.Step.Move move, List<GroupedWrite> writes, Deadline deadline) {
    Written written = transactions.transact(writes, deadline, Transactions::pauseOfHolder);
    if (written.isDone()) {
      return SettleOutcome.SETTLED;
    }
    if (written.failed(0)) {
      return SettleOutcome.CONFLICT;
    }
    if (writes.stream().anyMatch(GroupedPosting::hasCondition) || !move.rates().isEmpty()) {
      return SettleOutcome.INSUFFICIENT;
    }
    throw new IllegalStateException(
        "an account of reservation " + move.next().id().hash() + " is missing from the ledger");
  }

  /// The writes of a step: the reservation, if it is still as it was read, then its postings. The
  /// rates that it changes are read for it.
  public List<Write> writesOf(Reservation.Step.Move move, Deadline deadline) {
    return stepWrites.of(move, deadline).stream().map(GroupedWrite::write).toList();
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
