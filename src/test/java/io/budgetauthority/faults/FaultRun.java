package io.budgetauthority.faults;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestClock;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.TestQueue;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.LedgerCheck;
import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountIncrease;
import io.budgetauthority.ledger.increase.Increase;
import io.budgetauthority.ledger.scan.AccountScan;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.WithoutToken;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.settlement.UsageQueue;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.SnapshotStore;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;

/// Many lifecycles at once while everything goes wrong that may, and the comparison of what their
/// gateways heard with what the ledger has once all of it has settled.
final class FaultRun {

  /// Shortly before midnight, so that calendar accounts change on the way.
  static final Instant START = Instant.parse("2026-11-24T23:57:00Z");

  private static final Duration SKEW = Duration.ofSeconds(5);
  private static final int GATEWAYS = Integer.getInteger("faults.gateways", 8);

  /// How many gateways one process of two has. The other one has one.
  private static final int THREADS_OF_A_PROCESS = 4;

  private static final int CONSUMERS = 2;

  /// How many shards ceilings state; the last one leaves it to the ledger.
  private static final Integer[] SHARDS = {1, 2, 7, 64, null};

  private static final long LIMIT_MICROS = 1_000_000_000_000L;
  private static final int CALLS_OF_A_RUN = 25;
  private static final int TOLD_EVERY = 5_000;

  private static final List<ZoneId> ZONES =
      List.of(
          ZoneId.of("UTC"),
          ZoneId.of("Asia/Kolkata"),
          ZoneId.of("Pacific/Auckland"),
          ZoneId.of("America/Los_Angeles"));

  /// High enough that a message is a dead letter only if it can never succeed.
  private static final int MAX_RECEIVES = 100_000;

  private final long seed;
  private final List<Lifecycle> lifecycles = new ArrayList<>();
  private final FaultInjector injector;
  private final TestClock clock = new TestClock(START);
  private final AtomicLong restarts = new AtomicLong();
  private final AtomicLong configurationChanges = new AtomicLong();
  private final AtomicInteger zoneChanges = new AtomicInteger();

  /// Counts the repairs of accounts, which would hide that they did not add up.
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  /// Every limit that a ceiling ever had. An account has one of them, whichever it read last.
  private final Map<LimitedBy, Set<MicroUsd>> limits = new ConcurrentHashMap<>();

  private record LimitedBy(ScopeId scopeId, Window window) {}

  private final TestQueue queue = TestQueue.onLocalCloud(1);
  private final Post post;
  private final String closedTenant = "closed-" + UUID.randomUUID();
  private final String openTenant = "open-" + UUID.randomUUID();
  private final Machine.Surroundings around;
  private final DynamoDbClient reliable;
  private final Database database;
  private volatile boolean over;

  FaultRun(long seed, int count) {
    this.seed = seed;
    this.injector = new FaultInjector(seed);
    this.post = new Post(seed);
    int runs = Math.max(Lifecycle.RUNS_OF_A_TUPLE, count / CALLS_OF_A_RUN);
    for (int number = 0; number < count; number++) {
      lifecycles.add(
          new Lifecycle(seed, number, runs, number % 2 == 0 ? closedTenant : openTenant));
    }
    LocalCloud cloud = LocalCloudForTests.shared();
    this.reliable = LocalCloudForTests.dynamoDb().build();
    this.database = new Database(reliable);
    S3Client s3 = LocalCloudForTests.s3(cloud);
    String bucket = cloud.definitions().pricesBucket().name();
    PriceStore store = new PriceStore(s3, bucket);
    store.publish(TestAuthority.table());
    PriceBook prices = new PriceBook(store);
    prices.refresh();
    this.around =
        new Machine.Surroundings(
            LocalCloudForTests.dynamoDb()
                .overrideConfiguration(
                    it ->
                        it.addExecutionInterceptor(new WithoutToken())
                            .addExecutionInterceptor(injector))
                .build(),
            cloud.definitions().ledgerTable().create().tableName(),
            cloud.definitions().decisionsTable().create().tableName(),
            prices,
            new SnapshotStore(s3, bucket),
            queue.sqs(),
            new UsageQueue.Settings(
                queue.sqs(), queue.url(), queue.deadUrl(), MAX_RECEIVES, Duration.ZERO));
    Metrics.addRegistry(registry);
    configure();
  }

  private void configure() {
    TestConfiguration configuration = TestConfiguration.shared(clock);
    boolean made =
        configuration.create(closedTenant, withRates(Policy.DEFAULT))
            && configuration.create(
                openTenant,
                withRates(
                    TestAuthority.policyInOutage(Mode.HARD_GATE, Policy.OnLedgerOutage.FAIL_OPEN)));
    if (!made) {
      throw new IllegalStateException("the tenants exist");
    }
    for (String tenantId : List.of(closedTenant, openTenant)) {
      for (int i = 0; i < 8; i++) {
        ScopeId user = new ScopeId(tenantId, Scope.USER, Lifecycle.user(i));
        ScopeId key = new ScopeId(tenantId, Scope.KEY, Lifecycle.key(i));
        for (ScopeId limited : List.of(user, key)) {
          for (Window window : windowsOf(limited.scope())) {
            put(configuration, limited, window, LIMIT_MICROS, SHARDS[i % SHARDS.length]);
          }
        }
        var unusedSlow = configuration.put(user, RateCheck.SLOW, RateCheck.slow(LIMIT_MICROS));
        var unusedFast = configuration.put(key, RateCheck.FAST, RateCheck.fast(1));
      }
    }
  }

  /// Each run has a slow rate from its beginning.
  private static Policy withRates(Policy policy) {
    return new PolicyBuilder(policy)
        .template(Scope.RUN, "run-*", RateCheck.SLOW, RateCheck.slow(LIMIT_MICROS))
        .build();
  }

  private static List<Window> windowsOf(Scope scope) {
    return scope == Scope.USER
        ? List.of(Window.TOTAL, Window.WEEK)
        : List.of(Window.HOUR, Window.DAY);
  }

  private void put(
      TestConfiguration configuration,
      ScopeId scopeId,
      Window window,
      long limitMicros,
      @Nullable Integer shards) {
    MicroUsd limit = MicroUsd.of(limitMicros);
    limits
        .computeIfAbsent(
            new LimitedBy(scopeId, window), key -> Collections.synchronizedSet(new HashSet<>()))
        .add(limit);
    var unused =
        configuration.put(
            scopeId,
            window,
            new Ceiling(limit, null, null, Ceiling.DEFAULT_WARN_AT_PERCENT, null, null, shards));
  }

  /// What a run came to.
  ///
  /// @param discrepancies each with its lifecycle or account; empty where all is as it must be
  record Report(
      long seed,
      int lifecycles,
      Map<String, Integer> heard,
      Map<FaultInjector.Kind, Long> faults,
      long restarts,
      long configurationChanges,
      int degraded,
      int usedAgain,
      int orphans,
      int accounts,
      long committedMicros,
      Duration time,
      List<String> discrepancies) {

    @Override
    public String toString() {
      return "seed %d: %d lifecycles in %d s, %s, %d degraded, %d under a used key, %d orphans; faults %s, %d processes killed, %d configuration changes; %d accounts, %d micro-USD committed; %d discrepancies"
          .formatted(
              seed,
              lifecycles,
              time.toSeconds(),
              heard,
              degraded,
              usedAgain,
              orphans,
              faults,
              restarts,
              configurationChanges,
              accounts,
              committedMicros,
              discrepancies.size());
    }
  }

  Report run() throws InterruptedException, ExecutionException {
    long began = System.nanoTime();
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<?>> gateways = new ArrayList<>();
      for (int i = 0; i < GATEWAYS; i += THREADS_OF_A_PROCESS + 1) {
        Client.Process several = process(i);
        for (int j = 0; j < THREADS_OF_A_PROCESS && i + j < GATEWAYS; j++) {
          gateways.add(threads.submit(() -> gateway(new Client(several), next)));
        }
        if (i + THREADS_OF_A_PROCESS < GATEWAYS) {
          Client alone = client(i + THREADS_OF_A_PROCESS);
          gateways.add(threads.submit(() -> gateway(alone, next)));
        }
      }
      List<Future<?>> others = new ArrayList<>();
      for (int i = 0; i < CONSUMERS; i++) {
        int consumer = GATEWAYS + i;
        others.add(threads.submit(() -> consume(consumer)));
      }
      others.add(threads.submit(this::sweep));
      others.add(threads.submit(this::makeOutages));
      others.add(threads.submit(this::deliver));
      others.add(threads.submit(() -> administrate(1)));
      others.add(threads.submit(() -> administrate(2)));
      try {
        for (Future<?> gateway : gateways) {
          gateway.get();
        }
      } finally {
        // The others would go on for ever where a gateway has failed.
        over = true;
      }
      for (Future<?> other : others) {
        other.get();
      }
    }
    settle();
    return report(Duration.ofNanos(System.nanoTime() - began));
  }

  private Client client(int number) {
    return new Client(process(number));
  }

  private Client.Process process(int number) {
    Random random = new Random(seed + number);
    return new Client.Process(
        () -> Machine.started(around, clock, Client.skew(random, SKEW)), restarts);
  }

  private void gateway(Client client, AtomicInteger next) {
    while (true) {
      int at = next.getAndIncrement();
      if (at >= lifecycles.size()) {
        return;
      }
      lifecycles.get(at).live(client, post);
      if ((at + 1) % TOLD_EVERY == 0) {
        System.out.println(at + 1 + " lifecycles");
      }
    }
  }

  private void consume(int number) {
    Client client = client(number);
    while (!over) {
      client.once(machine -> queue.deliverTo(machine.queue()));
    }
  }

  private void deliver() {
    Random random = new Random(seed - 1);
    while (!over) {
      String message = post.takeAny();
      if (message == null) {
        Client.pause();
        continue;
      }
      queue.send(message);
      if (random.nextInt(4) == 0) {
        queue.send(message);
      }
    }
  }

  private void sweep() {
    Client client = client(GATEWAYS + CONSUMERS);
    Random random = new Random(seed - 2);
    while (!over) {
      clock.advance(Duration.ofMillis(random.nextInt(4_000)));
      try {
        client.once(machine -> machine.sweeper().sweep(Duration.ofSeconds(2)));
      } catch (IllegalStateException e) {
        // A walk of it was killed, and the sweep with it.
        restarts.incrementAndGet();
      }
      for (int i = 0; i < 15; i++) {
        Client.pause();
      }
    }
  }

  /// Changes policies and ceilings all the while, from a process with caches of its own. No limit
  /// is ever low enough to matter; what matters is that every account goes on adding up.
  private void administrate(int number) {
    Random random = new Random(seed - 10 - number);
    TestConfiguration configuration = TestConfiguration.shared(clock);
    while (!over) {
      String tenantId = random.nextBoolean() ? closedTenant : openTenant;
      int what = random.nextInt(5);
      if (what == 0) {
        changePolicy(configuration, tenantId, random);
      } else if (what == 1) {
        changeIncrease(configuration, tenantId, random);
      } else if (what == 2) {
        changeRate(configuration, tenantId, random);
      } else {
        boolean ofUser = random.nextBoolean();
        int who = random.nextInt(8);
        Scope scope = ofUser ? Scope.USER : Scope.KEY;
        try {
          put(
              configuration,
              new ScopeId(tenantId, scope, ofUser ? Lifecycle.user(who) : Lifecycle.key(who)),
              windowsOf(scope).get(random.nextInt(2)),
              LIMIT_MICROS + random.nextInt(1_000_000),
              SHARDS[random.nextInt(SHARDS.length)]);
          configurationChanges.incrementAndGet();
        } catch (StorageContended e) {
          // The other one kept changing it.
          Client.pause();
        }
      }
      for (int i = 0; i < 20; i++) {
        Client.pause();
      }
    }
  }

  /// Gives an account more for a few seconds of the clock, or takes away what was given. Most of
  /// the increases end by the clock, while gateways and sweepers of other processes are killed.
  private void changeIncrease(TestConfiguration configuration, String tenantId, Random random) {
    boolean ofUser = random.nextBoolean();
    Scope scope = ofUser ? Scope.USER : Scope.KEY;
    int who = random.nextInt(8);
    ScopeId scopeId =
        new ScopeId(tenantId, scope, ofUser ? Lifecycle.user(who) : Lifecycle.key(who));
    String hash = "fault" + seed + "-" + random.nextInt(400);
    try {
      if (random.nextInt(4) == 0) {
        var unused =
            configuration.revokeIncrease.revoke(
                TestConfiguration.admin(tenantId), Increase.idOf(hash));
      } else {
        var unused =
            configuration.addIncrease.add(
                TestConfiguration.admin(tenantId),
                new AddIncrease.Wanted(
                    hash,
                    "any",
                    scopeId,
                    windowsOf(scope).get(random.nextInt(2)),
                    MicroUsd.of(1 + random.nextInt(1_000_000)),
                    clock.instant().plusSeconds(1 + random.nextInt(30)),
                    "a fault run"));
      }
      configurationChanges.incrementAndGet();
    } catch (StorageContended e) {
      // The gateways kept using the account.
      Client.pause();
    }
  }

  /// The policy is written again as it is, or in another time zone.
  private void changePolicy(TestConfiguration configuration, String tenantId, Random random) {
    Policy policy = configuration.policies.now(tenantId).policy();
    boolean moves = random.nextInt(4) == 0 && zoneChanges.incrementAndGet() < Calendar.MAX_CHANGES;
    Policy next = moves ? policy.in(ZONES.get(random.nextInt(ZONES.size()))) : policy;
    configuration.replace(tenantId, next);
    configurationChanges.incrementAndGet();
  }

  /// A rate gets other terms in which it refills as fast as before, or another burst.
  private void changeRate(TestConfiguration configuration, String tenantId, Random random) {
    int who = random.nextInt(8);
    try {
      if (random.nextBoolean()) {
        var unused =
            configuration.put(
                new ScopeId(tenantId, Scope.KEY, Lifecycle.key(who)),
                RateCheck.FAST,
                RateCheck.fast(1 + random.nextInt(4)));
      } else {
        var unused =
            configuration.put(
                new ScopeId(tenantId, Scope.USER, Lifecycle.user(who)),
                RateCheck.SLOW,
                RateCheck.slow(LIMIT_MICROS + random.nextInt(1_000)));
      }
      configurationChanges.incrementAndGet();
    } catch (StorageContended e) {
      // The gateways kept using the rate.
      Client.pause();
    }
  }

  private void makeOutages() {
    Random random = new Random(seed - 3);
    while (!over) {
      for (int i = 0; i < 100 + random.nextInt(200) && !over; i++) {
        Client.pause();
      }
      injector.setUnavailable(true);
      for (int i = 0; i < 5 + random.nextInt(20); i++) {
        Client.pause();
      }
      injector.setUnavailable(false);
    }
  }

  /// Everything arrives, and the time of what nobody came back for passes.
  private void settle() {
    injector.stop();
    Client client = client(GATEWAYS + CONSUMERS + 1);
    String message = post.takeAny();
    while (message != null) {
      queue.send(message);
      message = post.takeAny();
    }
    int idle = 0;
    while (idle < 3) {
      idle = client.untilAnswered(it -> queue.deliverTo(it.queue())) == 0 ? idle + 1 : 0;
      if (idle > 0) {
        // What was delivered to somebody who was killed is hidden for a second.
        for (int i = 0; i < 60; i++) {
          Client.pause();
        }
      }
    }
    clock.advance(Duration.ofHours(1));
    Sweeper.Swept swept;
    do {
      swept = client.untilAnswered(it -> it.sweeper().sweep(Duration.ofSeconds(60)));
    } while (!swept.finished() || swept.expired() + swept.presumed() + swept.released() > 0);
  }

  private Report report(Duration time) {
    List<String> discrepancies = new ArrayList<>();
    long repaired = Math.round(registry.counter("budget.accounts.repaired").count());
    Metrics.removeRegistry(registry);
    if (repaired > 0) {
      discrepancies.add("accounts did not add up and were repaired: " + repaired);
    }
    Map<ReservationId, Reservation> items = new HashMap<>();
    new DecisionScan(database, around.decisionsTable())
        .each(
            "",
            page ->
                page.stream()
                    .filter(
                        it ->
                            it.tenantId().equals(closedTenant) || it.tenantId().equals(openTenant))
                    .forEach(it -> items.put(it.id(), it)));
    Set<ReservationId> known = new HashSet<>();
    Map<String, Integer> heard = new HashMap<>();
    Runs runs = new Runs(database, around.ledgerTable(), around.decisionsTable());
    int degraded = 0;
    int orphans = 0;
    int usedAgain = 0;
    for (Lifecycle lifecycle : lifecycles) {
      known.add(lifecycle.id());
      heard.merge(lifecycle.heard.name().toLowerCase(Locale.ROOT), 1, Integer::sum);
      degraded += lifecycle.degraded ? 1 : 0;
      Reservation item = items.get(lifecycle.id());
      String wrong = lifecycle.compare(item);
      if (wrong != null) {
        discrepancies.add(lifecycle + ": " + wrong);
      }
      lifecycle.again().forEach(again -> known.add(lifecycle.idOf(again)));
      usedAgain += lifecycle.again().size();
      String wrongAgain = item == null ? null : lifecycle.compareAgain(item, items);
      if (wrongAgain != null) {
        discrepancies.add(lifecycle + ": " + wrongAgain);
      }
      if (item != null && lifecycle.isOrphan(item)) {
        orphans++;
        if (!lifecycle.isForeign(runId -> runs.find(lifecycle.tenantId(), runId))) {
          discrepancies.add(lifecycle + ": it is an orphan of a run that is its own");
        }
      }
    }
    List<Reservation> asked = known.stream().map(items::get).filter(Objects::nonNull).toList();
    items.values().stream()
        .filter(item -> !known.contains(item.id()))
        .filter(item -> asked.stream().noneMatch(first -> isUsedAgain(first, item)))
        .filter(
            item ->
                !isPresumed(item) || lifecycles.stream().noneMatch(it -> it.isOfOtherBody(item)))
        .forEach(item -> discrepancies.add("nobody asked for " + item));
    queue.reasonsOfTheDead().forEach(reason -> discrepancies.add("a dead letter: " + reason));
    Map<AccountKey, Long> charged = charged(items.values());
    long committed = compareAccounts(charged, discrepancies);
    discrepancies.addAll(
        new RateCheck(
                new Ledger(database, around.ledgerTable(), around.decisionsTable()),
                clock.instant())
            .compare(items.values()));
    for (String tenantId : List.of(closedTenant, openTenant)) {
      ledgerCheck()
          .run(tenantId)
          .differences()
          .forEach(difference -> discrepancies.add("the check found " + difference));
    }
    Map<FaultInjector.Kind, Long> faults = new EnumMap<>(FaultInjector.Kind.class);
    injector.counts().forEach((kind, count) -> faults.put(kind, count.get()));
    return new Report(
        seed,
        lifecycles.size(),
        heard,
        faults,
        restarts.get(),
        configurationChanges.get(),
        degraded,
        usedAgain,
        orphans,
        charged.size(),
        committed,
        time,
        discrepancies);
  }

  private LedgerCheck ledgerCheck() {
    TestConfiguration configuration = TestConfiguration.shared(clock);
    return new LedgerCheck(
        new AccountScan(database, around.ledgerTable()),
        new DecisionScan(database, around.decisionsTable()),
        new AttributionTable(
            database,
            LocalCloudForTests.shared().definitions().attributionTable().create().tableName()),
        new Ledger(database, around.ledgerTable(), around.decisionsTable()),
        configuration.tenants,
        configuration.audit,
        clock);
  }

  /// Whether a charge is for a call that an outage let through under the key of another one, whose
  /// life was over by then as far as clocks agree: it is presumed under an id of its own
  /// (protocol.md#degraded-decisions).
  private static boolean isUsedAgain(Reservation first, Reservation again) {
    Instant latest = again.createdAt().plus(SKEW.multipliedBy(2));
    Instant endedAt = first.endedAt();
    return isPresumed(again)
        && first.tenantId().equals(again.tenantId())
        && first.requestHash().equals(again.requestHash())
        && (latest.isAfter(first.expiresAt()) || (endedAt != null && latest.isAfter(endedAt)));
  }

  /// Whether an item is charged its estimate because nobody reported its usage.
  private static boolean isPresumed(Reservation item) {
    Charge charge = item.charge();
    return item.state() == ReservationState.RECONCILED
        && charge != null
        && charge.quality() == UsageQuality.PRESUMED
        && charge.amount().equals(item.estimate());
  }

  private static Map<AccountKey, Long> charged(Collection<Reservation> items) {
    Map<AccountKey, Long> charged = new HashMap<>();
    for (Reservation item : items) {
      long charge = item.state() == ReservationState.RELEASED ? 0 : item.charged().micros();
      item.shares().stream()
          .map(share -> share.key(item.tenantId()).head())
          .forEach(account -> charged.merge(account, charge, Long::sum));
    }
    return charged;
  }

  /// @return what is committed on the runs that have no parent, which every charge in a run reaches
  private long compareAccounts(Map<AccountKey, Long> charged, List<String> discrepancies) {
    Ledger ledger = new Ledger(database, around.ledgerTable(), around.decisionsTable());
    long committed = 0;
    for (Map.Entry<AccountKey, Long> entry : charged.entrySet()) {
      AccountKey key = entry.getKey();
      Account account =
          ledger
              .read(
                  null, key.tenantId(), List.of(key), List.of(), Deadline.in(Duration.ofSeconds(5)))
              .accounts()
              .get(key);
      if (account == null) {
        discrepancies.add("there is no account " + key);
        continue;
      }
      MicroUsd ofItems = MicroUsd.ZERO;
      for (Account item : account.items()) {
        ofItems = ofItems.plus(item.limit());
        if (!item.addsUp()) {
          discrepancies.add(key + " has " + item.storedAvailable() + " available: " + item);
        }
      }
      if (!ofItems.equals(account.limit())) {
        discrepancies.add(key + " has shards with the limits " + ofItems + ": " + account);
      }
      Set<MicroUsd> everSet =
          limits.get(
              new LimitedBy(new ScopeId(key.tenantId(), key.scope(), key.id()), key.window()));
      if (everSet != null && !everSet.contains(account.limitOfCeiling())) {
        discrepancies.add(key + " has the limit " + account.limit() + ", which nobody set");
      }
      for (AccountIncrease included : account.increases().included()) {
        Increase increase =
            ledger
                .increases()
                .find(key.tenantId(), included.id(), Deadline.in(Duration.ofSeconds(5)))
                .orElse(null);
        if (increase == null
            || increase.endedAt() != null
            || !increase.account().equals(key)
            || !increase.amount().equals(included.amount())) {
          discrepancies.add(key + " has an increase that was not given, or ended: " + increase);
        }
      }
      if (!account.reserved().equals(MicroUsd.ZERO)) {
        discrepancies.add(key + " still holds " + account.reserved());
      }
      if (account.committed().micros() != entry.getValue()) {
        discrepancies.add(
            key
                + " has committed "
                + account.committed()
                + ", its charges are "
                + entry.getValue());
      }
      if (key.scope() == Scope.KEY) {
        committed += account.committed().micros();
      }
    }
    for (String tenantId : List.of(closedTenant, openTenant)) {
      compareIncreases(ledger, tenantId, discrepancies);
    }
    return committed;
  }

  /// Every increase that has not ended is in its account.
  private static void compareIncreases(Ledger ledger, String tenantId, List<String> discrepancies) {
    String after = null;
    List<Increase> page;
    do {
      page = ledger.increases().list(tenantId, 100, after);
      for (Increase increase : page) {
        boolean included =
            ledger
                .account(increase.account(), Deadline.in(Duration.ofSeconds(5)))
                .flatMap(account -> account.increases().find(increase.id()))
                .isPresent();
        if (included == (increase.endedAt() != null)) {
          discrepancies.add(increase + " is " + (included ? "" : "not ") + "in its account");
        }
        after = increase.id();
      }
    } while (page.size() == 100);
  }
}
