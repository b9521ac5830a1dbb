package io.budgetauthority.faults;

import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.LateDecisions;
import io.budgetauthority.decision.Outage;
import io.budgetauthority.decision.UnreservedRecorder;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.price.PriceBook;
import io.budgetauthority.price.PriceOverrides;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsagePricing;
import io.budgetauthority.settlement.UsageQueue;
import io.budgetauthority.tenant.OutageSnapshots;
import io.budgetauthority.tenant.SnapshotStore;
import io.budgetauthority.tenant.Tenants;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// One process of the service: everything that it remembers ends with it.
///
/// @param clock the process's own, which may differ from the others' by the skew that is allowed
record Machine(
    Ledger ledger,
    Authority authority,
    Settlement settlement,
    UsageCharges charges,
    UsageQueue queue,
    Sweeper sweeper,
    Clock clock) {

  /// What every process is started with.
  record Surroundings(
      DynamoDbClient dynamoDb,
      String ledgerTable,
      String decisionsTable,
      PriceBook prices,
      SnapshotStore published,
      SqsClient sqs,
      UsageQueue.Settings settings) {}

  static Machine started(Surroundings around, Clock clock, Duration skew) {
    Clock own = Clock.offset(clock, skew);
    Tenants tenants = new Tenants(around.dynamoDb(), around.ledgerTable());
    Ledger ledger = new Ledger(around.dynamoDb(), around.ledgerTable(), around.decisionsTable());
    PriceOverrides overrides =
        new PriceOverrides(around.dynamoDb(), around.ledgerTable(), tenants, own);
    Outage outage =
        new Outage(
            new OutageSnapshots(around.published(), own),
            around.sqs(),
            Optional.of(around.settings().queueUrl()),
            own);
    UsagePricing pricing = new UsagePricing(around.prices(), overrides);
    UnreservedRecorder recorder = new UnreservedRecorder(ledger, tenants);
    Settlement settlement = new Settlement(ledger, pricing, tenants, own);
    UsageCharges charges = new UsageCharges(recorder, pricing, tenants, own);
    return new Machine(
        ledger,
        new Authority(ledger, around.prices(), overrides, tenants, outage, own),
        settlement,
        charges,
        new UsageQueue(
            settlement, charges, new LateDecisions(recorder, own), tenants, around.settings(), own),
        new Sweeper(ledger, new Runs(ledger), tenants, own),
        own);
  }
}
