package io.budgetauthority.bench;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.Outage;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.RunCreation;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.UsagePricing;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.OutageSnapshots;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;

/// One limit that all calls of a tenant share, on a model of DynamoDB: how many lifecycles a second
/// it carries, and whether each answer was true. The limit is a ceiling of the tenant, or that of a
/// run of which all others are children. The code is the service's own but for HTTP.
public final class CeilingLoad {

  private static final int USERS = 1_000;
  private static final int KEYS = 32;
  private static final int SERVERS = 4;
  private static final int TRANSACTIONS_AT_ONCE = 32;
  private static final int CALLS_OF_A_RUN = 20;
  private static final int TOKENS = 100;
  private static final int PICOS_IN_A_MICRO = 5;
  private static final long CALL_MILLIS = 400;
  private static final Duration WARM_UP = Duration.ofSeconds(6);
  private static final String ROOT = "root";

  private final ModelledDynamoDb model;
  private final Timeline timeline = new Timeline();
  private final LocalCloud cloud = LocalCloudForTests.shared();
  private final String tenantId = "ceiling-" + UUID.randomUUID();
  private final Caller gateway = new Caller(tenantId, "gateway", Role.GATEWAY, null, null);
  private final PriceBook prices;
  private final boolean grouped;
  private final boolean isRoot;
  private final AccountKey shared;
  private final ConcurrentLinkedDeque<Service> idle = new ConcurrentLinkedDeque<>();
  private final List<Service> servers = new ArrayList<>();
  private final AtomicInteger services = new AtomicInteger();
  private final ConcurrentLinkedDeque<Agent> agents = new ConcurrentLinkedDeque<>();
  private final Samples asks = new Samples();
  private final Samples settlements = new Samples();
  private final AtomicInteger allowed = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger falselyRefused = new AtomicInteger();
  private final AtomicInteger contended = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();

  /// What the ceiling had available after each transaction.
  private static final class Timeline implements ModelledDynamoDb.Watch {

    private long[] states = new long[1 << 16];
    private int size = 1;

    @Override
    public synchronized void changed(long available) {
      if (available == 0) {
        return;
      }
      if (size == states.length) {
        states = Arrays.copyOf(states, size * 2);
      }
      states[size] = states[size - 1] + available;
      size++;
    }

    synchronized int mark() {
      return size - 1;
    }

    /// The least that was available from a mark until now.
    synchronized long leastSince(int mark) {
      return IntStream.range(mark, size).mapToLong(i -> states[i]).min().orElseThrow();
    }

    /// How often a call was let through that made less than nothing available.
    synchronized long below() {
      return IntStream.range(1, size)
          .filter(i -> states[i] < 0 && states[i] < states[i - 1])
          .count();
    }
  }

  /// Times in nanoseconds.
  private static final class Samples {

    private long[] values = new long[1 << 14];
    private int size;

    synchronized void add(long nanos) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = nanos;
    }

    synchronized long millis(int permille) {
      if (size == 0) {
        return 0;
      }
      long[] sorted = Arrays.copyOf(values, size);
      Arrays.sort(sorted);
      return sorted[Math.min(size - 1, size * permille / 1_000)] / 1_000_000;
    }
  }

  /// One session of an agent, which makes one call after the other.
  private record Agent(String userId, String runId, int calls) {}

  /// One process of the service, with caches of its own.
  private record Service(
      Authority authority, Settlement settlement, Ledger ledger, Runs runs, Policies policies) {}

  private CeilingLoad(boolean grouped, boolean isRoot, int shards, MicroUsd limit) {
    this.grouped = grouped;
    this.isRoot = isRoot;
    this.shared =
        isRoot
            ? AccountKey.total(tenantId, Scope.RUN, ROOT)
            : AccountKey.total(tenantId, Scope.TENANT, "-");
    this.model = new ModelledDynamoDb(shared.partitionKey(), timeline);
    S3Client s3 = LocalCloudForTests.s3(cloud);
    PriceStore store = new PriceStore(s3, cloud.definitions().pricesBucket().name());
    store.publish(TestAuthority.table());
    this.prices = new PriceBook(store);
    prices.refresh();
    TestConfiguration configuration = new TestConfiguration(cloud, model, s3, Clock.systemUTC());
    boolean made =
        configuration.create(
            tenantId,
            new PolicyBuilder()
                .newRunsPerDay(100_000_000)
                .activeRuns(isRoot ? 1_000_000 : Policy.DEFAULT.maxActiveRunsPerKey())
                .build());
    if (!made) {
      throw new IllegalStateException("the tenant exists");
    }
    if (isRoot) {
      startRoot(limit, shards);
    } else {
      var unused =
          configuration.put(
              new ScopeId(tenantId, Scope.TENANT, "-"),
              Window.TOTAL,
              new Ceiling(
                  limit,
                  null,
                  null,
                  Ceiling.DEFAULT_WARN_AT_PERCENT,
                  null,
                  null,
                  shards == 0 ? null : shards));
    }
    for (int i = 0; i < SERVERS && grouped; i++) {
      servers.add(service());
    }
  }

  /// Creates the run of which all others are children, with its shards.
  private void startRoot(MicroUsd limit, int shards) {
    Service service = service();
    RunCreation.Result result =
        new RunCreation(service.runs(), service.policies(), Clock.systemUTC())
            .create(new RunCreation.Wanted(tenantId, ROOT, Tuple.UNBOUND, limit, null));
    if (!(result instanceof RunCreation.Result.Created created)) {
      throw new IllegalStateException("no root: " + result);
    }
    if (shards > 1) {
      Account account = created.run().account();
      EnforcedAccount enforced =
          new EnforcedAccount(
              account,
              account,
              Mode.HARD_GATE,
              MicroUsd.ZERO,
              List.of(),
              null,
              new EnforcedAccount.Own(null, null, shards));
      if (!service.ledger().split(List.of(enforced), Deadline.in(Duration.ofSeconds(5)))) {
        throw new IllegalStateException("the root was not split");
      }
    }
  }

  private Service service() {
    services.incrementAndGet();
    String ledgerTable = cloud.definitions().ledgerTable().create().tableName();
    String decisionsTable = cloud.definitions().decisionsTable().create().tableName();
    Database database = new Database(model);
    Policies policies = new Policies(database, ledgerTable);
    Ceilings ceilings = new Ceilings(database, ledgerTable);
    Ledger ledger =
        new Ledger(database, ledgerTable, decisionsTable, new WriteGroups(TRANSACTIONS_AT_ONCE));
    PriceOverrides overrides = new PriceOverrides(database, ledgerTable, Clock.systemUTC());
    Outage outage =
        new Outage(
            new OutageSnapshots(
                new SnapshotStore(
                    LocalCloudForTests.s3(cloud), cloud.definitions().pricesBucket().name()),
                Clock.systemUTC()),
            LocalCloudForTests.sqs(),
            Optional.empty(),
            Clock.systemUTC());
    return new Service(
        new Authority(ledger, prices, overrides, policies, ceilings, outage, Clock.systemUTC()),
        new Settlement(ledger, new UsagePricing(prices, overrides), policies, Clock.systemUTC()),
        ledger,
        new Runs(database, ledgerTable, decisionsTable),
        policies);
  }

  /// The process that answers a request: a free one, or a new one, as Lambda does; or one of few
  /// servers.
  private <T> T with(Function<Service, T> call) {
    if (grouped) {
      return call.apply(
          servers.get((int) Long.remainderUnsigned(Thread.currentThread().threadId(), SERVERS)));
    }
    Service free = idle.pollFirst();
    Service one = free == null ? service() : free;
    try {
      return call.apply(one);
    } finally {
      idle.addFirst(one);
    }
  }

  /// Prints one row of the table: what a rate of lifecycles came to.
  ///
  /// @param arguments the form, the shards, the rate, the seconds, and the limit in percent of what
  ///   all calls would cost; then `ceiling` or `root`
  public static void main(String[] arguments) throws Exception {
    boolean grouped = arguments[0].equals("grouped");
    int shards = arguments[1].equals("auto") ? 0 : Integer.parseInt(arguments[1]);
    int rate = Integer.parseInt(arguments[2]);
    int seconds = Integer.parseInt(arguments[3]);
    int percent = Integer.parseInt(arguments[4]);
    boolean isRoot = arguments[5].equals("root");
    long meanMicros = PICOS_IN_A_MICRO * TOKENS * 35L / 100;
    long limit = rate * (seconds + WARM_UP.toSeconds()) * meanMicros * percent / 100;
    new CeilingLoad(grouped, isRoot, shards, MicroUsd.of(limit)).run(arguments, limit);
    System.exit(0);
  }

  private void run(String[] arguments, long limit) throws Exception {
    String shards = arguments[1];
    int rate = Integer.parseInt(arguments[2]);
    int seconds = Integer.parseInt(arguments[3]);
    RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(rate);
    double[] shares = zipf();
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    // Enough agents wait from the start on, so slow answers begin no more runs.
    for (int i = 0; i < rate; i++) {
      agents.add(
          new Agent(
              "user-" + drawn(shares, random.nextDouble()),
              "run-" + UUID.randomUUID(),
              random.nextInt(CALLS_OF_A_RUN)));
    }
    long start = System.nanoTime();
    long warm = start + WARM_UP.toNanos();
    long end = warm + Duration.ofSeconds(seconds).toNanos();
    long due = start;
    long transactionsBefore = 0;
    long conflictsBefore = 0;
    long writtenBefore = 0;
    long readBefore = 0;
    AtomicLong open = new AtomicLong();
    int offered = 0;
    for (int number = 0; due < end; number++) {
      due += (long) (-Math.log(1 - random.nextDouble()) * 1_000_000_000 / rate);
      LockSupport.parkNanos(due - System.nanoTime());
      boolean counts = due >= warm;
      if (counts && offered++ == 0) {
        transactionsBefore = model.transactions.get();
        conflictsBefore = model.conflicts.get();
        writtenBefore = model.writeUnits.get();
        readBefore = model.itemsRead.get();
      }
      String key = "call-" + number;
      String user = "user-" + drawn(shares, random.nextDouble());
      int kind = number % 4;
      int used = TOKENS * (10 + random.nextInt(50)) / 100;
      long provider = (long) (-Math.log(1 - random.nextDouble()) * CALL_MILLIS);
      open.incrementAndGet();
      var unused =
          threads.submit(
              () -> {
                try {
                  lifecycle(key, user, kind, used, provider, counts);
                } finally {
                  open.decrementAndGet();
                }
              });
    }
    long ended = System.nanoTime();
    while (open.get() > 0 && System.nanoTime() - ended < Duration.ofSeconds(30).toNanos()) {
      Thread.sleep(20);
    }
    long transactions = model.transactions.get() - transactionsBefore;
    long conflicts = model.conflicts.get() - conflictsBefore;
    long written = model.writeUnits.get() - writtenBefore;
    long read = model.itemsRead.get() - readBefore;
    Account account =
        service().ledger().account(shared, Deadline.in(Duration.ofSeconds(5))).orElseThrow();
    boolean addsUp =
        account.limit().equals(MicroUsd.of(limit))
            && account.items().stream().allMatch(Account::addsUp)
            && account.items().stream().mapToLong(it -> it.limit().micros()).sum() == limit
            && (open.get() > 0 || account.reserved().equals(MicroUsd.ZERO));
    System.out.printf(
        "| %s | %s | %s %% | %s | %d | %d | %d / %d | %d / %d | %d | %d | %d | %d | %d %% | %d / %d | %d | %d | %d | %s |%n",
        grouped ? "grouped" : "one at a time",
        arguments[5],
        arguments[4],
        shards.equals("auto") ? account.split().count() + " (by load)" : shards,
        rate,
        offered / seconds,
        asks.millis(500),
        asks.millis(990),
        settlements.millis(500),
        settlements.millis(990),
        allowed.get(),
        refused.get(),
        contended.get(),
        failed.get() + (int) open.get(),
        transactions == 0 ? 0 : conflicts * 100 / transactions,
        written / Math.max(1, offered),
        read / Math.max(1, offered),
        services.get(),
        timeline.below(),
        falselyRefused.get(),
        addsUp ? "adds up" : "DOES NOT ADD UP: " + account);
  }

  private static double[] zipf() {
    double[] shares = new double[USERS];
    double sum = 0;
    for (int i = 0; i < USERS; i++) {
      sum += 1.0 / (i + 1);
      shares[i] = sum;
    }
    for (int i = 0; i < USERS; i++) {
      shares[i] /= sum;
    }
    return shares;
  }

  private static int drawn(double[] shares, double at) {
    int found = Arrays.binarySearch(shares, at);
    return Math.min(USERS - 1, found < 0 ? -found - 1 : found);
  }

  /// A call of an agent's long run, a run of one call, or a call without a run. Where all runs have
  /// one parent, a call without a run would not be held against it, so it is a run of one call.
  private void lifecycle(
      String key, String user, int kind, int used, long provider, boolean counts) {
    Agent agent =
        switch (kind) {
          case 0 -> agent(user);
          case 1 -> new Agent(user, "run-" + UUID.randomUUID(), CALLS_OF_A_RUN);
          default -> isRoot ? new Agent(user, "run-" + key, CALLS_OF_A_RUN) : null;
        };
    try {
      ReservationId id = ask(key, agent, user, counts);
      if (id != null) {
        Thread.sleep(provider);
        settle(id, used, counts);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      failed.incrementAndGet();
      System.err.println(e);
    } finally {
      if (agent != null && agent.calls() < CALLS_OF_A_RUN) {
        agents.addLast(agent);
      }
    }
  }

  private Agent agent(String user) {
    Agent waiting = agents.pollFirst();
    return waiting == null
        ? new Agent(user, "run-" + UUID.randomUUID(), 1)
        : new Agent(waiting.userId(), waiting.runId(), waiting.calls() + 1);
  }

  /// A run is bound to the key of its first call, so calls of runs have one key.
  private static String keyOf(@Nullable Agent agent) {
    return agent == null ? "ci" : "ci-" + Math.floorMod(agent.runId().hashCode(), KEYS);
  }

  private @Nullable ReservationId ask(
      String key, @Nullable Agent agent, String user, boolean counts) {
    int mark = timeline.mark();
    long began = System.nanoTime();
    Answer answer;
    try {
      answer =
          with(
              it ->
                  it.authority()
                      .decide(
                          Ask.of(
                              gateway,
                              new AskBuilder()
                                  .input(0)
                                  .cap((long) TOKENS)
                                  .model(TestAuthority.MODEL)
                                  .parent(isRoot ? ROOT : null)
                                  .by(agent == null ? user : agent.userId(), keyOf(agent), null)
                                  .build(),
                              key,
                              agent == null ? null : agent.runId())));
    } catch (StorageContended e) {
      if (counts) {
        asks.add(System.nanoTime() - began);
        contended.incrementAndGet();
      }
      return null;
    }
    long least = timeline.leastSince(mark);
    if (!(answer instanceof Answer.Decided decided)) {
      throw new IllegalStateException("no decision: " + answer);
    }
    boolean isBlock = decided.decision().isBlocked();
    if (isBlock && least >= (long) PICOS_IN_A_MICRO * TOKENS) {
      falselyRefused.incrementAndGet();
    }
    if (counts) {
      asks.add(System.nanoTime() - began);
      (isBlock ? refused : allowed).incrementAndGet();
    }
    return isBlock ? null : decided.reservation().id();
  }

  private void settle(ReservationId id, int used, boolean counts) {
    long began = System.nanoTime();
    boolean done = false;
    while (!done) {
      try {
        Settlement.Result result =
            with(
                it ->
                    it.settlement()
                        .commit(
                            gateway,
                            id,
                            new UsageReport(
                                Usage.ofTokens(0, used), null, null, UsageQuality.EXACT)));
        if (!(result instanceof Settlement.Result.Done)) {
          throw new IllegalStateException("not settled: " + result);
        }
        done = true;
      } catch (StorageContended e) {
        contended.incrementAndGet();
      }
    }
    if (counts) {
      settlements.add(System.nanoTime() - began);
    }
  }
}
