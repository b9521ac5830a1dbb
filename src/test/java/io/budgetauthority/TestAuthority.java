package io.budgetauthority;

import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.Outage;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.unreserved.LateDecisions;
import io.budgetauthority.decision.unreserved.UnreservedRecorder;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.ledger.shard.ShardLoad;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.WithoutToken;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.Usage;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsagePricing;
import io.budgetauthority.settlement.UsageQueue;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.OutageSnapshots;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// An authority with its own tenant on the real local servers, without HTTP: what the tests of the
/// core ask and settle through. Its one model costs 1 USD a million input tokens and 5 USD a
/// million output tokens, so that a call of 0 input tokens and N output tokens costs 5 N micro-USD.
public final class TestAuthority {

  public static final String MODEL = "model-a";
  public static final String CHEAP_MODEL = "model-b";

  /// Costs what [#MODEL] costs and has a window of [#NARROW_WINDOW] tokens.
  public static final String NARROW_MODEL = "model-c";

  public static final long NARROW_WINDOW = 4_096;
  public static final int MAX_RECEIVES = 3;
  private static final int TRANSACTIONS_AT_ONCE = 32;
  private static final String TABLE_VERSION = "service-1";

  public final String tenantId;
  public final TestClock clock;
  public final Caller gateway;
  public final Database database;
  public final String decisionsTable;
  public final Ledger ledger;
  public final Runs runs;
  public final TestConfiguration configuration;
  public final Authority authority;
  public final Settlement settlement;
  public final UsageCharges charges;
  public final UsageQueue usageQueue;
  public final TestQueue queue;
  private final @Nullable Integer shards;

  /// Puts the queue out of reach of whoever sends to it from here.
  public final InjectedOutage queueOutage = new InjectedOutage();

  public TestAuthority(ExecutionInterceptor... faults) {
    this(newTenant(), newClock(), List.of(faults), List.of(), UnaryOperator.identity(), null);
  }

  /// One whose accounts have so many shards each, whatever their load is.
  public static TestAuthority withShards(int shards) {
    return new TestAuthority(
        newTenant(), newClock(), List.of(), List.of(), UnaryOperator.identity(), shards);
  }

  /// A tenant of a given name, which no other test uses.
  public static TestAuthority of(String tenantId) {
    return new TestAuthority(
        tenantId, newClock(), List.of(), List.of(), UnaryOperator.identity(), null);
  }

  /// A process of a tenant of a given name, whose accounts have so many shards each.
  public static TestAuthority of(String tenantId, int shards) {
    return new TestAuthority(
        tenantId, newClock(), List.of(), List.of(), UnaryOperator.identity(), shards);
  }

  private static String newTenant() {
    return "tenant-" + UUID.randomUUID();
  }

  private static TestClock newClock() {
    return new TestClock(Instant.parse("2026-11-24T10:00:00.123Z"));
  }

  /// The same tenant in another process, which has caches of its own.
  public TestAuthority anotherProcess(ExecutionInterceptor... faults) {
    return new TestAuthority(
        tenantId, clock, List.of(faults), List.of(), UnaryOperator.identity(), shards);
  }

  /// The same tenant in another process, whose calls to DynamoDB go through a client around the
  /// usual one.
  public TestAuthority anotherProcess(
      UnaryOperator<DynamoDbClient> client, ExecutionInterceptor... faults) {
    return new TestAuthority(tenantId, clock, List.of(faults), List.of(), client, shards);
  }

  /// The local build of which every call to DynamoDB is seen, those for configuration too.
  public static TestAuthority watchedBy(ExecutionInterceptor watch) {
    return new TestAuthority(
        newTenant(), newClock(), List.of(watch), List.of(watch), UnaryOperator.identity(), null);
  }

  private TestAuthority(
      String tenantId,
      TestClock clock,
      List<ExecutionInterceptor> faults,
      List<ExecutionInterceptor> ofConfiguration,
      UnaryOperator<DynamoDbClient> client,
      @Nullable Integer shards) {
    this.shards = shards;
    this.tenantId = tenantId;
    this.clock = clock;
    this.gateway = new Caller(tenantId, "gateway", Role.GATEWAY, null, null);
    LocalCloud cloud = LocalCloudForTests.shared();
    String ledgerTable = cloud.definitions().ledgerTable().create().tableName();
    Database database =
        new Database(
            client.apply(
                LocalCloudForTests.dynamoDb()
                    .overrideConfiguration(
                        override -> {
                          // As in the local build, a lost answer is recognised by what is stored.
                          override.addExecutionInterceptor(new WithoutToken());
                          faults.forEach(override::addExecutionInterceptor);
                        })
                    .build()));
    this.decisionsTable = cloud.definitions().decisionsTable().create().tableName();
    this.database = database;
    this.configuration =
        TestConfiguration.shared(clock, ofConfiguration.toArray(ExecutionInterceptor[]::new));
    this.ledger =
        new Ledger(
            database,
            ledgerTable,
            decisionsTable,
            new WriteGroups(TRANSACTIONS_AT_ONCE),
            new ShardLoad(System::nanoTime, shards));
    this.runs = new Runs(database, ledgerTable, decisionsTable);
    PriceStore store =
        new PriceStore(LocalCloudForTests.s3(cloud), cloud.definitions().pricesBucket().name());
    store.publish(table());
    PriceBook prices = new PriceBook(store);
    prices.refresh();
    Policies policies = configuration.policies;
    PriceOverrides overrides = configuration.overrides;
    SnapshotStore published =
        new SnapshotStore(LocalCloudForTests.s3(cloud), cloud.definitions().pricesBucket().name());
    this.queue = TestQueue.onLocalCloud(0);
    Outage outage =
        new Outage(
            new OutageSnapshots(published, clock),
            LocalCloudForTests.sqs(queueOutage),
            Optional.of(queue.url()),
            clock);
    this.authority =
        new Authority(ledger, prices, overrides, policies, configuration.ceilings, outage, clock);
    UsagePricing pricing = new UsagePricing(prices, overrides);
    this.settlement = new Settlement(ledger, pricing, policies, clock);
    UnreservedRecorder recorder =
        new UnreservedRecorder(ledger, policies, configuration.ceilings, clock);
    this.charges = new UsageCharges(recorder, pricing, policies, clock);
    this.usageQueue =
        new UsageQueue(
            settlement,
            charges,
            new LateDecisions(recorder, clock),
            policies,
            new UsageQueue.Settings(
                queue.sqs(), queue.url(), queue.deadUrl(), MAX_RECEIVES, Duration.ZERO),
            clock);
  }

  public static Price price(String model, long inputPicos, long outputPicos) {
    return price(model, 200_000, inputPicos, outputPicos);
  }

  private static Price price(String model, long windowTokens, long inputPicos, long outputPicos) {
    return new Price(
        "test",
        model,
        "chat",
        List.of(),
        windowTokens,
        64_000L,
        false,
        Set.of(),
        List.of(
            new RateCard(
                Bounds.DEFAULT_TIER,
                0,
                Map.of(TokenClass.INPUT, inputPicos, TokenClass.OUTPUT, outputPicos),
                Map.of())),
        Map.of(),
        false);
  }

  /// The local build's price table.
  public static PriceTable table() {
    return new PriceTable(
        TABLE_VERSION,
        Instant.parse("2026-11-24T00:00:00Z"),
        "made for tests",
        List.of(
            price(MODEL, 1_000_000, 5_000_000),
            price(CHEAP_MODEL, 100_000, 500_000),
            price(NARROW_MODEL, NARROW_WINDOW, 1_000_000, 5_000_000)));
  }

  public void policy(Policy policy) {
    if (!configuration.create(tenantId, policy)) {
      throw new IllegalStateException("this service has its policy");
    }
  }

  /// A ceiling over the window's period of now.
  public void ceiling(Scope scope, String id, Window window, MicroUsd limit) {
    ceiling(scope, id, window, Ceiling.of(limit));
  }

  public void ceiling(Scope scope, String id, Window window, Ceiling ceiling) {
    var unused = configuration.put(new ScopeId(tenantId, scope, id), window, ceiling);
  }

  public void ceiling(Scope scope, String id, MicroUsd limit) {
    ceiling(scope, id, Window.TOTAL, limit);
  }

  /// A rate of the tenant's mode.
  ///
  /// @param limitMicros what refills in one period
  public void rate(
      Scope scope, String id, RateName name, long limitMicros, int seconds, long burstMicros) {
    var unused =
        configuration.put(
            new ScopeId(tenantId, scope, id),
            name,
            Ceiling.ofRate(MicroUsd.of(limitMicros), seconds, MicroUsd.of(burstMicros), null));
  }

  /// A rate of a run that exists.
  public void runRate(String runId, RateName name, long limitMicros, int seconds, long burst) {
    configuration.putRunRate(
        tenantId,
        runId,
        name,
        Ceiling.ofRate(MicroUsd.of(limitMicros), seconds, MicroUsd.of(burst), null));
  }

  /// A ceiling in a mode of its own.
  public void ceiling(Scope scope, String id, MicroUsd limit, Mode mode) {
    ceiling(
        scope, id, Window.TOTAL, new Ceiling(limit, mode, null, Ceiling.DEFAULT_WARN_AT_PERCENT));
  }

  /// What a call answers, sent again each time that it is told of contention.
  public static <A> A untilAnswered(Supplier<A> call) {
    while (true) {
      try {
        return call.get();
      } catch (StorageContended e) {
        Thread.onSpinWait();
      }
    }
  }

  /// The results of calls that are made at the same time.
  public static <T> List<T> all(int calls, IntFunction<Callable<T>> call) throws Exception {
    List<Future<T>> futures = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < calls; i++) {
        futures.add(threads.submit(call.apply(i)));
      }
    }
    List<T> results = new ArrayList<>();
    for (Future<T> future : futures) {
      results.add(future.get());
    }
    return results;
  }

  /// An ask for one call of a run by user `ada` with key `ci`.
  public Answer ask(
      String key, String runId, long inputTokens, long outputTokens, @Nullable MicroUsd runLimit) {
    return authority.decide(
        Ask.of(gateway, request(inputTokens, outputTokens, runLimit), key, runId));
  }

  /// An ask by another user.
  public Answer askAs(
      String userId, String key, String runId, long inputTokens, long outputTokens) {
    return authority.decide(
        Ask.of(gateway, request(MODEL, userId, inputTokens, outputTokens, null, null), key, runId));
  }

  /// An ask for another model than the local build's own.
  public Answer askFor(
      String model, String key, String runId, long inputTokens, long outputTokens) {
    return authority.decide(
        Ask.of(gateway, request(model, "ada", inputTokens, outputTokens, null, null), key, runId));
  }

  /// An ask for the first call of a run that another one started.
  public Answer askAsChild(
      String key, String runId, String parentRunId, long inputTokens, long outputTokens) {
    return authority.decide(
        Ask.of(
            gateway,
            request(MODEL, "ada", inputTokens, outputTokens, null, parentRunId),
            key,
            runId));
  }

  public static DecisionRequest request(
      long inputTokens, @Nullable Long outputTokens, @Nullable MicroUsd runLimit) {
    return request(MODEL, "ada", inputTokens, outputTokens, runLimit, null);
  }

  private static DecisionRequest request(
      String model,
      String userId,
      long inputTokens,
      @Nullable Long outputTokens,
      @Nullable MicroUsd runLimit,
      @Nullable String parentRunId) {
    return new AskBuilder()
        .model(model)
        .input(inputTokens)
        .cap(outputTokens)
        .by(userId, "ci", null)
        .parent(parentRunId)
        .runLimit(runLimit)
        .build();
  }

  /// A request whose client states a cap, or none.
  public static DecisionRequest request(long inputTokens, @Nullable Long outputTokens) {
    return request(inputTokens, outputTokens, null);
  }

  /// The default policy with other rules for the output cap.
  public static Policy policyWith(Policy.OutputCapRules rules) {
    return new PolicyBuilder().outputCap(rules).build();
  }

  /// A policy with other downgrade rules.
  public static Policy policyWithDowngrade(Policy usual, Policy.DowngradeRule rule) {
    return new PolicyBuilder(usual).downgrade(rule).build();
  }

  /// The default policy in another mode.
  public static Policy policyIn(Mode mode) {
    return new PolicyBuilder().mode(mode).build();
  }

  /// The default policy with another limit on the runs of a day.
  public static Policy policyWithMostNewRunsPerDay(int most) {
    return new PolicyBuilder().newRunsPerDay(most).build();
  }

  /// The default policy in a mode, with another rule for an outage.
  public static Policy policyInOutage(Mode mode, Policy.OnLedgerOutage rule) {
    return new PolicyBuilder().mode(mode).onLedgerOutage(rule).build();
  }

  public Settlement.Result commit(ReservationId id, long inputTokens, long outputTokens) {
    return commit(id, inputTokens, outputTokens, UsageQuality.EXACT);
  }

  public Settlement.Result commit(
      ReservationId id, long inputTokens, long outputTokens, UsageQuality quality) {
    Usage usage =
        quality == UsageQuality.MISSING ? null : Usage.ofTokens(inputTokens, outputTokens);
    return settlement.commit(gateway, id, new UsageReport(usage, null, null, quality));
  }

  public ReservationId idOf(String key) {
    return ReservationId.of(tenantId, gateway.principalId(), ReservationId.Kind.DECISION, key);
  }

  /// Closes a run and its descendants. False where there is none.
  public boolean close(String runId) {
    return configuration.closeRun.close(gateway, runId);
  }

  public Run run(String runId) {
    Run run = runs.find(tenantId, runId).orElseThrow();
    if (!run.account().addsUp()) {
      throw new IllegalStateException("does not add up: " + run.account());
    }
    return run;
  }

  /// The sums of a total account as they are stored, which must add up (ledger.md#balance).
  public Account account(Scope scope, String id) {
    Account account = storedAccount(scope, id);
    if (!account.addsUp()) {
      throw new IllegalStateException("does not add up: " + account);
    }
    return account;
  }

  /// The sums of a total account as they are stored, whatever they are.
  public Account storedAccount(Scope scope, String id) {
    AccountKey key = AccountKey.total(tenantId, scope, id);
    Account account =
        ledger
            .read(null, tenantId, List.of(key), List.of(), Deadline.in(Duration.ofSeconds(5)))
            .accounts()
            .get(key);
    if (account == null) {
      throw new IllegalStateException("no account " + key);
    }
    return account;
  }
}
