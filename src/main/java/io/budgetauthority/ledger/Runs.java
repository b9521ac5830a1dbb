package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Shards;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.ledger.counter.RunCounts;
import io.budgetauthority.ledger.group.ReadGroups;
import io.budgetauthority.ledger.increase.Increases;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.ledger.shard.KnownShards;
import io.budgetauthority.ledger.shard.SharedDraw;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.storage.Page;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import io.budgetauthority.storage.Written;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Handles runs apart from their decisions. It creates runs before their first decision, finds
/// them, and ends them by a call or by time. Safe for use by many threads; every write is safe to
/// send again.
public final class Runs {

  /// How many parts the index of due runs has.
  public static final int DUE_BUCKETS = Increases.DUE_BUCKETS;

  /// How many writes the end of a run takes at most: the run, the notice, two counters.
  static final int MAX_WRITES_OF_AN_END = 4;

  /// What the index of due runs and increases names.
  public sealed interface Due {
    record OfRun(AccountKey account) implements Due {}

    record OfIncrease(Increases.Due increase) implements Due {}
  }

  /// The character before all that an id may have, and the one after them.
  private static final String FIRST_AFTER = " ";

  private static final String LAST = "~";

  private final Database database;
  private final String ledgerTable;
  private final String decisionsTable;
  private final RunCounts counts;
  private final LedgerReader reader;

  public Runs(Database database, String ledgerTable, String decisionsTable) {
    this.database = database;
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
    SharedDraw draw = new SharedDraw(false);
    this.counts = new RunCounts(database, ledgerTable, draw);
    this.reader =
        new LedgerReader(
            database,
            new ReadGroups(database, Ledger.TRANSACTIONS_AT_ONCE),
            ledgerTable,
            decisionsTable,
            new KnownShards(draw));
  }

  /// A run by its id; empty where none exists.
  public Optional<Run> find(String tenantId, String runId) {
    return Optional.ofNullable(read(tenantId, List.of(runId), Deadline.ofRequest()).get(runId));
  }

  /// Those of these runs that exist, by id, with the sums of all shards of their accounts.
  Map<String, Run> read(String tenantId, Collection<String> runIds, Deadline deadline) {
    return reader.read(null, tenantId, List.of(), List.of(), runIds, Extent.WHOLE, deadline).runs();
  }

  /// Creates a run without a decision, and increments its counters.
  ///
  /// @param parent the run that starts it, which must be open; null for none
  public ReserveOutcome start(Run run, @Nullable Run parent, List<RunCounter> counters) {
    Deadline deadline = Deadline.ofRequest();
    return switch (counts.place(counters, false, deadline)) {
      case RunCounts.Placed.Full full ->
          find(run.tenantId(), run.runId()).isPresent()
              ? new ReserveOutcome.Conflict()
              : new ReserveOutcome.OverLimit(full.counter(), full.count());
      case RunCounts.Placed.Moved moved -> new ReserveOutcome.Conflict();
      case RunCounts.Placed.On on -> start(run, parent, on, deadline);
    };
  }

  private ReserveOutcome start(
      Run run, @Nullable Run parent, RunCounts.Placed.On on, Deadline deadline) {
    List<Write> writes =
        new ArrayList<>(
            RunItem.start(ledgerTable, run.countedOn(DecisionWrites.countedOn(on)), parent));
    if (parent != null) {
      writes.add(RunItem.open(ledgerTable, parent, shardOf(parent)));
    }
    int firstCounter = writes.size();
    on.places().forEach(place -> writes.add(place.increment(ledgerTable, 1)));
    Written written = database.transact(writes, deadline);
    return written.isDone()
        ? new ReserveOutcome.Reserved()
        : Ledger.refusal(counts, on.places(), firstCounter, written);
  }

  /// The shard of a run that says whether the run is open. Where the run has several, the head is
  /// the one that most calls write.
  private static int shardOf(Run run) {
    int others = run.account().split().count() - 1;
    return others == 0 ? 0 : 1 + (int) Long.remainderUnsigned(SharedDraw.fresh(), others);
  }

  /// A write that replaces the ceiling of a run, if the ceiling is still as it was read.
  public Write moveLimit(Run seen, Ceiling ceiling) {
    return RunItem.moveLimit(ledgerTable, seen, ceiling);
  }

  /// A write that replaces the rates of a run, if its ceilings are still as they were read.
  public Write putRates(Run seen, Map<RateName, Ceiling> rates) {
    return RunItem.putRates(ledgerTable, seen, rates);
  }

  /// A run by its id, which has ended; empty where none exists.
  ///
  /// @param end ends the run as it was read; false where it was changed since, and is read again
  public Optional<Run> ended(String tenantId, String runId, Deadline deadline, Predicate<Run> end) {
    return Optimistic.retry(
        deadline,
        "run " + runId,
        () -> {
          Optional<Run> run = find(tenantId, runId);
          return run.isEmpty() || run.get().ended() != null || end.test(run.get())
              ? Attempt.done(run)
              : Attempt.conflict();
        });
  }

  /// Marks the shards of a run that has ended, and ends all its descendants. It does the same for
  /// those that ended before, because who ended them may have stopped half way.
  public void closeDescendants(Run ended, Instant now) {
    new Descendants(this, database, ledgerTable, ended.tenantId(), now).close(ended);
  }

  /// Ends a run as it was read, decrements its counters and writes the notice of it. False where it
  /// was ended, bound or, for an end by time, renewed meanwhile.
  public boolean end(Run seen, Run.State as, Instant now) {
    boolean ended = isEnded(seen, as, now);
    if (ended) {
      markShards(seen);
    }
    return ended;
  }

  boolean isEnded(Run seen, Run.State as, Instant now) {
    return database.transact(endingOf(seen, as, now), Deadline.ofRequest()).isDone();
  }

  /// Marks the shards of a run that has ended, so that calls that read the run before are not held
  /// on them any more (ledger.md#runs). Does nothing where the run has one item. Until it is done
  /// the run is due, so the sweeper does it where the caller of [#end] stopped.
  public void markShards(Run ended) {
    List<AccountKey> shards = Shards.keysBesideHead(ended.account());
    if (shards.isEmpty()) {
      return;
    }
    List<Write> marks = new ArrayList<>();
    shards.forEach(shard -> marks.add(RunItem.markEnded(ledgerTable, shard)));
    marks.add(RunItem.leaveDue(ledgerTable, ended));
    // Where calls write some of the shards, one transaction of all of them would not be written.
    if (database.transact(marks, Deadline.ofRequest(), (number, busy) -> null).isBusy()) {
      marks.forEach(mark -> database.write(mark, Deadline.ofRequest()));
    }
  }

  /// The writes that end a run, if it is still as it was read. Once they are written, the caller
  /// calls [#closeDescendants].
  public List<Write> endingOf(Run seen, Run.State as, Instant now) {
    return endingOf(List.of(seen), as, now);
  }

  /// The writes that end runs, if they are still as they were read: at most [#MAX_WRITES_OF_AN_END]
  /// for each.
  List<Write> endingOf(Collection<Run> seen, Run.State as, Instant now) {
    List<Write> writes = new ArrayList<>();
    Map<Place, Integer> counted = new LinkedHashMap<>();
    for (Run run : seen) {
      writes.add(RunItem.end(ledgerTable, run, as, now));
      writes.add(RunClosed.of(run, as, now).write(decisionsTable));
      placesOf(run).forEach(place -> counted.merge(place, 1, Integer::sum));
    }
    counted.forEach(
        (place, runs) -> writes.add(place.counter().decrement(ledgerTable, place.shard(), runs)));
    return writes;
  }

  /// A shard of a counter that counts active runs.
  private record Place(RunCounter counter, int shard) {}

  /// Where a run that is active is counted.
  private static List<Place> placesOf(Run run) {
    List<Place> places = new ArrayList<>();
    if (!run.counted()) {
      return places;
    }
    String key = run.tuple().keyId();
    String user = run.tuple().userId();
    if (key != null) {
      places.add(place(run, RunCounter.Of.ACTIVE_OF_KEY, key, run.countedOn().keyShard()));
    }
    if (user != null) {
      places.add(place(run, RunCounter.Of.ACTIVE_OF_USER, user, run.countedOn().userShard()));
    }
    return places;
  }

  private static Place place(Run run, RunCounter.Of kind, String id, int shard) {
    return new Place(new RunCounter(kind, run.tenantId(), id, RunCounter.UNLIMITED), shard);
  }

  /// The children of a run, also those that have ended, in the order of their ids.
  ///
  /// @param after the id of the last one of the page before; null for the first page
  public List<Run> children(Run parent, int limit, @Nullable String after) {
    Deadline deadline = Deadline.ofRequest();
    String from = RunItem.CHILD + (after == null ? "" : after + FIRST_AFTER);
    List<Attributes> marks = new ArrayList<>();
    for (AccountKey shard : Shards.keys(parent.account())) {
      marks.addAll(
          database.first(
              Query.between(ledgerTable, shard.partitionKey(), from, RunItem.CHILD + LAST),
              limit,
              deadline));
    }
    List<String> first = marks.stream().map(RunItem::child).sorted().limit(limit).toList();
    return read(parent.tenantId(), first, deadline).values().stream()
        .sorted(Comparator.comparing(Run::runId))
        .toList();
  }

  /// The accounts of the runs in one part of the index of due runs. The runs are due or will be
  /// soon. The index moves in coarse steps, so the caller judges each run by its own `expiresAt`.
  ///
  /// @param bucket which part, from 0 to [#DUE_BUCKETS] - 1
  public Page<Due> due(
      int bucket, Instant before, int limit, Page.@Nullable Next from, Deadline deadline) {
    Query query =
        Query.ofIndex(
            ledgerTable,
            "runs-due",
            "run_due_bucket = :bucket AND run_due_at <= :before",
            Attributes.builder().put(":bucket", bucket).put(":before", before).build());
    return database
        .page(query, limit, from, deadline)
        .map(
            item ->
                Increases.due(item)
                    .<Due>map(Due.OfIncrease::new)
                    .orElseGet(
                        () -> new Due.OfRun(AccountKey.parse(item.text("pk"), item.text("sk")))));
  }

  /// A page of the runs of a tenant or of one of its users, newest first. It may have fewer runs
  /// than `limit`, or none, and not be the last.
  ///
  /// @param userId null for all of the tenant
  /// @param from where the page before ended, or [#placeAfter]; null for the first page
  public Page<Run> list(
      String tenantId, @Nullable String userId, int limit, Page.@Nullable Next from) {
    Deadline deadline = Deadline.ofRequest();
    Query newestFirst =
        Query.ofIndex(
                ledgerTable,
                userId == null ? "runs-of-tenant" : "runs-of-user",
                ownerName(userId) + " = :owner",
                Attributes.of(":owner", owner(tenantId, userId)))
            .reversed();
    Page<Attributes> found = database.page(newestFirst, limit, from, deadline);
    List<String> runIds =
        found.items().stream()
            .map(item -> AccountKey.parse(item.text("pk"), item.text("sk")).id())
            .toList();
    List<Run> runs = new ArrayList<>(read(tenantId, runIds, deadline).values());
    runs.sort(Comparator.comparing(Run::createdAt).thenComparing(Run::runId).reversed());
    return new Page<>(runs, found.next());
  }

  /// The place after a run in the list of a tenant's runs, or of those of one of its users.
  public Page.Next placeAfter(Run run, @Nullable String userId) {
    return new Page.Next(
        Attributes.at(RunItem.key(run.tenantId(), run.runId()))
            .put(ownerName(userId), owner(run.tenantId(), userId))
            .put("run_created", run.createdAt())
            .build());
  }

  private static String ownerName(@Nullable String userId) {
    return userId == null ? "run_tenant" : "run_user";
  }

  private static String owner(String tenantId, @Nullable String userId) {
    return userId == null
        ? StoredIds.escape(tenantId)
        : ScopeId.partitionKey(tenantId, Scope.USER, userId);
  }
}
