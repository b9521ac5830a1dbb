package io.budgetauthority;

import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.configuration.ChangePriceOverride;
import io.budgetauthority.configuration.CloseRun;
import io.budgetauthority.configuration.CreateTenant;
import io.budgetauthority.configuration.DeleteCeiling;
import io.budgetauthority.configuration.IssueKey;
import io.budgetauthority.configuration.PutCeiling;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.configuration.ReplacePolicy;
import io.budgetauthority.configuration.RevokeIncrease;
import io.budgetauthority.configuration.RevokeKey;
import io.budgetauthority.configuration.RotateKey;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.configuration.write.SnapshotPublisher;
import io.budgetauthority.configuration.write.Snapshots;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditTrail;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import io.budgetauthority.tenant.store.TenantDirectory;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;

/// The stores and the commands of configuration of one process, with caches of their own.
public final class TestConfiguration {

  public final Database database;
  public final Policies policies;
  public final Ceilings ceilings;
  public final TenantDirectory tenants;
  public final AuditTrail audit;
  public final ApiKeys keys;
  public final PriceOverrides overrides;
  public final Ledger ledger;
  public final Runs runs;
  public final SnapshotPublisher publisher;
  public final ConfigurationWriter writer;
  public final CreateTenant createTenant;
  public final ReplacePolicy replacePolicy;
  public final PutCeiling putCeiling;
  public final DeleteCeiling deleteCeiling;
  public final PutRunCeiling putRunCeiling;
  public final AddIncrease addIncrease;
  public final RevokeIncrease revokeIncrease;
  public final CloseRun closeRun;
  public final IssueKey issueKey;
  public final RotateKey rotateKey;
  public final RevokeKey revokeKey;
  public final ChangePriceOverride changeOverride;

  /// A process on a cloud.
  public TestConfiguration(LocalCloud cloud, DynamoDbClient dynamoDb, S3Client s3, Clock clock) {
    String ledgerTable = cloud.definitions().ledgerTable().create().tableName();
    String decisionsTable = cloud.definitions().decisionsTable().create().tableName();
    this.database = new Database(dynamoDb);
    this.policies = new Policies(database, ledgerTable);
    this.ceilings = new Ceilings(database, ledgerTable);
    this.tenants = new TenantDirectory(database, ledgerTable, policies);
    this.audit = new AuditTrail(database, ledgerTable);
    this.keys = new ApiKeys(database, ledgerTable, clock);
    this.overrides = new PriceOverrides(database, ledgerTable, clock);
    this.ledger = new Ledger(database, ledgerTable, decisionsTable);
    this.runs = new Runs(database, ledgerTable, decisionsTable);
    this.publisher =
        new SnapshotPublisher(
            database,
            ledgerTable,
            new SnapshotStore(s3, cloud.definitions().pricesBucket().name()),
            new Snapshots(policies, ceilings, keys, overrides));
    this.writer = new ConfigurationWriter(database, audit, publisher);
    this.createTenant = new CreateTenant(writer, policies, tenants, keys, clock);
    this.replacePolicy = new ReplacePolicy(writer, policies, clock);
    this.putCeiling = new PutCeiling(writer, ceilings, policies, ledger, clock);
    this.deleteCeiling = new DeleteCeiling(writer, ceilings, clock);
    this.addIncrease = new AddIncrease(writer, ceilings, policies, ledger, runs, clock);
    this.revokeIncrease = new RevokeIncrease(writer, ledger, clock);
    this.putRunCeiling = new PutRunCeiling(writer, runs, ledger, policies, clock);
    this.closeRun = new CloseRun(writer, runs, clock);
    this.issueKey = new IssueKey(writer, keys, clock);
    this.rotateKey = new RotateKey(writer, keys, clock);
    this.revokeKey = new RevokeKey(writer, keys, clock);
    this.changeOverride = new ChangePriceOverride(writer, overrides, policies, clock);
  }

  /// A process on the cloud that all tests share.
  ///
  /// @param watch what sees every call to DynamoDB
  public static TestConfiguration shared(Clock clock, ExecutionInterceptor... watch) {
    LocalCloud cloud = LocalCloudForTests.shared();
    return new TestConfiguration(
        cloud,
        LocalCloudForTests.dynamoDb()
            .overrideConfiguration(
                override -> List.of(watch).forEach(override::addExecutionInterceptor))
            .build(),
        LocalCloudForTests.s3(cloud),
        clock);
  }

  /// An admin of a tenant, for the audit trail.
  public static Caller admin(String tenantId) {
    return new Caller(tenantId, "admin", Role.ADMIN, null, null);
  }

  /// Creates a tenant without keys. False where one of that name exists.
  public boolean create(String tenantId, Policy policy) {
    return createTenant.create(admin(tenantId), tenantId, policy, Map.of());
  }

  /// Replaces a policy.
  public void replace(String tenantId, Policy next) {
    var unused = replacePolicy.replace(admin(tenantId), tenantId, seen -> next);
  }

  public PutCeiling.Result put(ScopeId scopeId, CeilingWindow window, Ceiling ceiling) {
    return putCeiling.put(admin(scopeId.tenantId()), scopeId, window, ceiling, version -> true);
  }

  public PutCeiling.Result put(ScopeId scopeId, Window window, MicroUsd limit) {
    return put(scopeId, window, Ceiling.of(limit));
  }

  /// Sets the ceiling of a run.
  public PutRunCeiling.Result putOfRun(String tenantId, String runId, Ceiling ceiling) {
    return putRunCeiling.put(
        admin(tenantId), runId, "runs/" + runId, run -> ceiling, version -> true);
  }

  /// Sets a rate of a run.
  public void putRunRate(String tenantId, String runId, RateName name, Ceiling rate) {
    var unused =
        putRunCeiling.changeRate(admin(tenantId), runId, name, "rates", rate, version -> true);
  }
}
