package io.budgetauthority.faults;

import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.Outage;
import io.budgetauthority.decision.unreserved.LateDecisions;
import io.budgetauthority.decision.unreserved.UnreservedRecorder;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsagePricing;
import io.budgetauthority.settlement.UsageQueue;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.OutageSnapshots;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
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
    Database database = new Database(around.dynamoDb());
    Policies policies = new Policies(database, around.ledgerTable());
    Ceilings ceilings = new Ceilings(database, around.ledgerTable());
    // One transaction at a time, so that threads of one process write in groups.
    Ledger ledger =
        new Ledger(database, around.ledgerTable(), around.decisionsTable(), new WriteGroups(1));
    Runs runs = new Runs(database, around.ledgerTable(), around.decisionsTable());
    PriceOverrides overrides = new PriceOverrides(database, around.ledgerTable(), own);
    Outage outage =
        new Outage(
            new OutageSnapshots(around.published(), own),
            around.sqs(),
            Optional.of(around.settings().queueUrl()),
            own);
    UsagePricing pricing = new UsagePricing(around.prices(), overrides);
    UnreservedRecorder recorder = new UnreservedRecorder(ledger, policies, ceilings, own);
    Settlement settlement = new Settlement(ledger, pricing, policies, own);
    UsageCharges charges = new UsageCharges(recorder, pricing, policies, own);
    return new Machine(
        ledger,
        new Authority(ledger, around.prices(), overrides, policies, ceilings, outage, own),
        settlement,
        charges,
        new UsageQueue(
            settlement,
            charges,
            new LateDecisions(recorder, own),
            policies,
            around.settings(),
            own),
        new Sweeper(ledger, runs, policies, own),
        own);
  }
}
