package io.budgetauthority.command;

import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.configuration.write.SnapshotPublisher;
import io.budgetauthority.configuration.write.Snapshots;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditTrail;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import picocli.CommandLine.Mixin;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;

/// What a command that changes configuration works with: the tables and the bucket of a deployment.
final class Operator {

  /// Whom the audit trail names.
  static final Caller CALLER = new Caller("", "bin/budget", Role.OPERATOR, null, null);

  @Mixin private Tables tables = new Tables();

  @Mixin private Bucket bucket = new Bucket();

  /// What uses the stores of keys.
  interface KeyAction {
    int apply(ApiKeys keys, Policies policies, ConfigurationWriter writer);
  }

  /// Runs what uses the stores of keys, and closes their clients.
  int withKeys(KeyAction action) {
    try (DynamoDbClient dynamoDb = Tables.dynamoDb();
        S3Client s3 = Bucket.s3()) {
      Clock clock = Clock.systemUTC();
      Database database = new Database(dynamoDb);
      ApiKeys keys = new ApiKeys(database, tables.ledger, clock);
      Policies policies = new Policies(database, tables.ledger);
      SnapshotPublisher publisher =
          new SnapshotPublisher(
              database,
              tables.ledger,
              new SnapshotStore(s3, bucket.name),
              new Snapshots(
                  policies,
                  new Ceilings(database, tables.ledger),
                  keys,
                  new PriceOverrides(database, tables.ledger, clock)));
      return action.apply(
          keys,
          policies,
          new ConfigurationWriter(database, new AuditTrail(database, tables.ledger), publisher));
    }
  }
}
