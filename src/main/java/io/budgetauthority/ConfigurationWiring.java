package io.budgetauthority;

import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.configuration.ChangePriceOverride;
import io.budgetauthority.configuration.CloseRun;
import io.budgetauthority.configuration.CreateTenant;
import io.budgetauthority.configuration.DeleteCeiling;
import io.budgetauthority.configuration.IssueKey;
import io.budgetauthority.configuration.PutCeiling;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.configuration.ReleaseHold;
import io.budgetauthority.configuration.ReplacePolicy;
import io.budgetauthority.configuration.RevokeIncrease;
import io.budgetauthority.configuration.RevokeKey;
import io.budgetauthority.configuration.RotateKey;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.configuration.write.SnapshotPublisher;
import io.budgetauthority.configuration.write.Snapshots;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditTrail;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import io.budgetauthority.tenant.store.TenantDirectory;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;

/// Creates the commands that change configuration.
final class ConfigurationWiring {

  @Produces
  @Singleton
  SnapshotPublisher snapshotPublisher(
      Database database,
      BudgetConfig config,
      SnapshotStore store,
      Policies policies,
      Ceilings ceilings,
      ApiKeys keys,
      PriceOverrides overrides) {
    return new SnapshotPublisher(
        database, config.ledgerTable(), store, new Snapshots(policies, ceilings, keys, overrides));
  }

  @Produces
  @Singleton
  ConfigurationWriter writer(Database database, AuditTrail audit, SnapshotPublisher publisher) {
    return new ConfigurationWriter(database, audit, publisher);
  }

  @Produces
  @Singleton
  CreateTenant createTenant(
      ConfigurationWriter writer,
      Policies policies,
      TenantDirectory tenants,
      ApiKeys keys,
      Clock clock) {
    return new CreateTenant(writer, policies, tenants, keys, clock);
  }

  @Produces
  @Singleton
  ReplacePolicy replacePolicy(ConfigurationWriter writer, Policies policies, Clock clock) {
    return new ReplacePolicy(writer, policies, clock);
  }

  @Produces
  @Singleton
  PutCeiling putCeiling(
      ConfigurationWriter writer,
      Ceilings ceilings,
      Policies policies,
      Ledger ledger,
      Clock clock) {
    return new PutCeiling(writer, ceilings, policies, ledger, clock);
  }

  @Produces
  @Singleton
  AddIncrease addIncrease(
      ConfigurationWriter writer,
      Ceilings ceilings,
      Policies policies,
      Ledger ledger,
      Runs runs,
      Clock clock) {
    return new AddIncrease(writer, ceilings, policies, ledger, runs, clock);
  }

  @Produces
  @Singleton
  RevokeIncrease revokeIncrease(ConfigurationWriter writer, Ledger ledger, Clock clock) {
    return new RevokeIncrease(writer, ledger, clock);
  }

  @Produces
  @Singleton
  DeleteCeiling deleteCeiling(ConfigurationWriter writer, Ceilings ceilings, Clock clock) {
    return new DeleteCeiling(writer, ceilings, clock);
  }

  @Produces
  @Singleton
  PutRunCeiling putRunCeiling(
      ConfigurationWriter writer, Runs runs, Ledger ledger, Policies policies, Clock clock) {
    return new PutRunCeiling(writer, runs, ledger, policies, clock);
  }

  @Produces
  @Singleton
  CloseRun closeRun(ConfigurationWriter writer, Runs runs, Clock clock) {
    return new CloseRun(writer, runs, clock);
  }

  @Produces
  @Singleton
  ReleaseHold releaseHold(ConfigurationWriter writer, Ledger ledger, Clock clock) {
    return new ReleaseHold(writer, ledger, clock);
  }

  @Produces
  @Singleton
  IssueKey issueKey(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    return new IssueKey(writer, keys, clock);
  }

  @Produces
  @Singleton
  RotateKey rotateKey(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    return new RotateKey(writer, keys, clock);
  }

  @Produces
  @Singleton
  RevokeKey revokeKey(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    return new RevokeKey(writer, keys, clock);
  }

  @Produces
  @Singleton
  ChangePriceOverride changePriceOverride(
      ConfigurationWriter writer, PriceOverrides overrides, Policies policies, Clock clock) {
    return new ChangePriceOverride(writer, overrides, policies, clock);
  }
}
