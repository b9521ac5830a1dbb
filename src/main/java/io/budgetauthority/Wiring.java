package io.budgetauthority;

import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.Outage;
import io.budgetauthority.decision.unreserved.LateDecisions;
import io.budgetauthority.decision.unreserved.UnreservedRecorder;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.ledger.shard.ShardLoad;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.IncomingPrices;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.price.table.PriceTables;
import io.budgetauthority.settlement.Bills;
import io.budgetauthority.settlement.DeadLetters;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsagePricing;
import io.budgetauthority.settlement.UsageQueue;
import io.budgetauthority.storage.Breaker;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditTrail;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.OutageSnapshots;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import io.budgetauthority.tenant.store.TenantDirectory;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Creates the services from their parts. They are plain classes, so that a test can create them in
/// the same way with its own clock and clients.
final class Wiring {

  @Produces
  @Singleton
  Clock clock() {
    return Clock.systemUTC();
  }

  /// What the ledger's calls go through, and those of changes that move its accounts. Its calls are
  /// counted; those of configuration and attribution are not.
  @Produces
  @Singleton
  Database database(DynamoDbClient dynamoDb) {
    return new Database(dynamoDb, new StorageMeters());
  }

  @Produces
  @Singleton
  Policies policies(DynamoDbClient dynamoDb, BudgetConfig config) {
    return new Policies(new Database(dynamoDb), config.ledgerTable());
  }

  @Produces
  @Singleton
  Ceilings ceilings(DynamoDbClient dynamoDb, BudgetConfig config) {
    return new Ceilings(new Database(dynamoDb), config.ledgerTable());
  }

  @Produces
  @Singleton
  TenantDirectory tenants(DynamoDbClient dynamoDb, BudgetConfig config, Policies policies) {
    return new TenantDirectory(new Database(dynamoDb), config.ledgerTable(), policies);
  }

  @Produces
  @Singleton
  AuditTrail auditTrail(DynamoDbClient dynamoDb, BudgetConfig config) {
    return new AuditTrail(new Database(dynamoDb), config.ledgerTable());
  }

  @Produces
  @Singleton
  ApiKeys apiKeys(DynamoDbClient dynamoDb, BudgetConfig config, Clock clock) {
    return new ApiKeys(new Database(dynamoDb), config.ledgerTable(), clock);
  }

  @Produces
  @Singleton
  Ledger ledger(Database database, BudgetConfig config) {
    return new Ledger(
        database,
        config.ledgerTable(),
        config.decisionsTable(),
        new WriteGroups(config.transactionsAtOnce()),
        new ShardLoad(System::nanoTime, config.shards().orElse(null)));
  }

  @Produces
  @Singleton
  Runs runs(Database database, BudgetConfig config) {
    return new Runs(database, config.ledgerTable(), config.decisionsTable());
  }

  @Produces
  @Singleton
  PriceStore priceStore(S3Client s3, BudgetConfig config) {
    return new PriceStore(s3, config.bucket());
  }

  @Produces
  @Singleton
  PriceOverrides priceOverrides(DynamoDbClient dynamoDb, BudgetConfig config, Clock clock) {
    return new PriceOverrides(new Database(dynamoDb), config.ledgerTable(), clock);
  }

  @Produces
  @Singleton
  PriceBook priceBook(PriceStore store) {
    return new PriceBook(store);
  }

  @Produces
  @Singleton
  PriceTables priceTables(PriceStore store, PriceBook book, Clock clock) {
    return new PriceTables(store, book, clock);
  }

  @Produces
  @Singleton
  IncomingPrices incomingPrices(PriceStore store, PriceTables tables) {
    return new IncomingPrices(store, tables);
  }

  /// The client of the extension, with a circuit breaker, so that requests do not wait for a
  /// database that does not answer. Its retries end well before a call's timeout. A call that is
  /// throttled until its timeout would fail with the timeout, which is an outage, and throttling is
  /// none (protocol.md#outage).
  @Produces
  @Singleton
  DynamoDbClient dynamoDb(DynamoDbClientBuilder builder) {
    BackoffStrategy backoff =
        BackoffStrategy.exponentialDelay(Duration.ofMillis(25), Duration.ofMillis(200));
    return builder
        .overrideConfiguration(
            builder.overrideConfiguration().toBuilder()
                .addExecutionInterceptor(new Breaker())
                .retryStrategy(
                    AwsRetryStrategy.standardRetryStrategy().toBuilder()
                        .maxAttempts(4)
                        .backoffStrategy(backoff)
                        .throttlingBackoffStrategy(backoff)
                        .build())
                .build())
        .build();
  }

  @Produces
  @Singleton
  SnapshotStore published(S3Client s3, BudgetConfig config) {
    return new SnapshotStore(s3, config.bucket());
  }

  @Produces
  @Singleton
  OutageSnapshots snapshots(SnapshotStore published, Clock clock) {
    return new OutageSnapshots(published, clock);
  }

  @Produces
  @Singleton
  Authority authority(
      Ledger ledger,
      PriceBook prices,
      PriceOverrides overrides,
      Policies policies,
      Ceilings ceilings,
      OutageSnapshots snapshots,
      SqsClient sqs,
      BudgetConfig config,
      Clock clock) {
    Outage outage = new Outage(snapshots, sqs, config.usageQueueUrl(), clock);
    return new Authority(ledger, prices, overrides, policies, ceilings, outage, clock);
  }

  @Produces
  @Singleton
  UsagePricing usagePricing(PriceBook prices, PriceOverrides overrides) {
    return new UsagePricing(prices, overrides);
  }

  @Produces
  @Singleton
  Bills bills(UsagePricing pricing) {
    return new Bills(pricing);
  }

  @Produces
  @Singleton
  Settlement settlement(Ledger ledger, UsagePricing pricing, Policies policies, Clock clock) {
    return new Settlement(ledger, pricing, policies, clock);
  }

  @Produces
  @Singleton
  UnreservedRecorder recorder(Ledger ledger, Policies policies, Ceilings ceilings, Clock clock) {
    return new UnreservedRecorder(ledger, policies, ceilings, clock);
  }

  @Produces
  @Singleton
  UsageCharges usageCharges(
      UnreservedRecorder recorder, UsagePricing pricing, Policies policies, Clock clock) {
    return new UsageCharges(recorder, pricing, policies, clock);
  }

  @Produces
  @Singleton
  UsageQueue usageQueue(
      Settlement settlement,
      UsageCharges charges,
      UnreservedRecorder recorder,
      Policies policies,
      UsageQueue.Settings settings,
      Clock clock) {
    return new UsageQueue(
        settlement, charges, new LateDecisions(recorder, clock), policies, settings, clock);
  }

  @Produces
  @Singleton
  UsageQueue.Settings usageQueueSettings(SqsClient sqs, BudgetConfig config) {
    return new UsageQueue.Settings(
        sqs,
        config.usageQueueUrl().orElseThrow(() -> notSet("budget.usage-queue-url")),
        config.usageDeadQueueUrl().orElseThrow(() -> notSet("budget.usage-dead-queue-url")),
        config.usageMaxReceives(),
        config.usageOutageDelay());
  }

  @Produces
  @Singleton
  DeadLetters deadLetters(SqsClient sqs, BudgetConfig config) {
    return new DeadLetters(
        sqs, config.usageQueueUrl().orElse(""), config.usageDeadQueueUrl().orElse(""));
  }

  private static IllegalStateException notSet(String property) {
    return new IllegalStateException(property + " is not set, and the usage queue needs it");
  }

  @Produces
  @Singleton
  Sweeper sweeper(Ledger ledger, Runs runs, Policies policies, Clock clock) {
    return new Sweeper(ledger, runs, policies, clock);
  }

  @Produces
  @Singleton
  AttributionTable attributionTable(DynamoDbClient dynamoDb, BudgetConfig config) {
    return new AttributionTable(new Database(dynamoDb), config.attributionTable());
  }

  @Produces
  @Singleton
  Attribution attribution(AttributionTable table) {
    return new Attribution(table);
  }

  @Produces
  @Singleton
  DecisionLists decisionLists(AttributionTable table) {
    return new DecisionLists(table);
  }
}
