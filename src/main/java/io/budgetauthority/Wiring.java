package io.budgetauthority;

import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.ledger.CeilingChanges;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.price.IncomingPrices;
import io.budgetauthority.price.PriceBook;
import io.budgetauthority.price.PriceOverrides;
import io.budgetauthority.price.PriceStore;
import io.budgetauthority.price.PriceTables;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.settlement.UsagePricing;
import io.budgetauthority.tenant.ApiKeys;
import io.budgetauthority.tenant.Tenants;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;

/// Makes the shells from their parts. They are plain classes, so that a test makes them the same
/// way with its own clock and clients. Configuration is read here alone, property by property: a
/// mapping interface would have to be loaded by the build's JVM, which may be older than our
/// classes.
final class Wiring {

  private static final String LEDGER_TABLE = "budget.ledger-table";

  @Produces
  @Singleton
  Clock clock() {
    return Clock.systemUTC();
  }

  @Produces
  @Singleton
  Tenants tenants(
      DynamoDbClient dynamoDb, @ConfigProperty(name = LEDGER_TABLE) String ledgerTable) {
    return new Tenants(dynamoDb, ledgerTable);
  }

  @Produces
  @Singleton
  ApiKeys apiKeys(
      DynamoDbClient dynamoDb,
      @ConfigProperty(name = LEDGER_TABLE) String ledgerTable,
      Clock clock) {
    return new ApiKeys(dynamoDb, ledgerTable, clock);
  }

  @Produces
  @Singleton
  Ledger ledger(
      DynamoDbClient dynamoDb,
      @ConfigProperty(name = LEDGER_TABLE) String ledgerTable,
      @ConfigProperty(name = "budget.decisions-table") String decisionsTable) {
    return new Ledger(dynamoDb, ledgerTable, decisionsTable);
  }

  @Produces
  @Singleton
  Runs runs(Ledger ledger) {
    return new Runs(ledger);
  }

  @Produces
  @Singleton
  CeilingChanges ceilingChanges(Ledger ledger, Tenants tenants) {
    return new CeilingChanges(ledger, tenants);
  }

  @Produces
  @Singleton
  PriceStore priceStore(S3Client s3, @ConfigProperty(name = "budget.bucket") String bucket) {
    return new PriceStore(s3, bucket);
  }

  @Produces
  @Singleton
  PriceOverrides priceOverrides(
      DynamoDbClient dynamoDb,
      @ConfigProperty(name = LEDGER_TABLE) String ledgerTable,
      Tenants tenants) {
    return new PriceOverrides(dynamoDb, ledgerTable, tenants);
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

  @Produces
  @Singleton
  Authority authority(
      Ledger ledger, PriceBook prices, PriceOverrides overrides, Tenants tenants, Clock clock) {
    return new Authority(ledger, prices, overrides, tenants, clock);
  }

  @Produces
  @Singleton
  Settlement settlement(
      Ledger ledger, PriceBook prices, PriceOverrides overrides, Tenants tenants, Clock clock) {
    return new Settlement(ledger, new UsagePricing(prices, overrides), tenants, clock);
  }

  @Produces
  @Singleton
  Sweeper sweeper(Ledger ledger, Runs runs, Tenants tenants, Clock clock) {
    return new Sweeper(ledger, runs, tenants, clock);
  }

  @Produces
  @Singleton
  AttributionTable attributionTable(
      DynamoDbClient dynamoDb,
      @ConfigProperty(name = "budget.attribution-table") String attributionTable) {
    return new AttributionTable(dynamoDb, attributionTable);
  }

  @Produces
  @Singleton
  Attribution attribution(AttributionTable table) {
    return new Attribution(table);
  }
}
