package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.price.override.OverrideVersion;
import io.budgetauthority.price.override.PriceOverride;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// States a price of a tenant's own, or deletes it.
public final class ChangePriceOverride {

  private final ConfigurationWriter writer;
  private final PriceOverrides overrides;
  private final Policies policies;
  private final Clock clock;

  public ChangePriceOverride(
      ConfigurationWriter writer, PriceOverrides overrides, Policies policies, Clock clock) {
    this.writer = writer;
    this.overrides = overrides;
    this.policies = policies;
    this.clock = clock;
  }

  /// The outcome of a change.
  public enum Result {
    CREATED,
    REPLACED,
    DELETED,
    /// The tenant has no override of that name to delete.
    UNKNOWN,
    /// The tenant has [PriceOverrides#MAX_OVERRIDES] overrides.
    TOO_MANY
  }

  /// Stores an override.
  ///
  /// @param by who states it
  /// @param shown makes what the audit trail shows of an override
  public Result put(Caller by, PriceOverride override, Function<PriceOverride, ?> shown) {
    return change(by, override.provider(), override.model(), override, shown);
  }

  /// Deletes an override: the table's price applies again.
  ///
  /// @param by who deletes it
  /// @param shown makes what the audit trail shows of an override
  public Result delete(Caller by, String provider, String model, Function<PriceOverride, ?> shown) {
    return change(by, provider, model, null, shown);
  }

  private Result change(
      Caller by,
      String provider,
      String model,
      @Nullable PriceOverride next,
      Function<PriceOverride, ?> shown) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline,
        "the override of " + provider + "/" + model,
        () -> attempt(by, provider, model, next, shown, deadline));
  }

  private Attempt<Result> attempt(
      Caller by,
      String provider,
      String model,
      @Nullable PriceOverride next,
      Function<PriceOverride, ?> shown,
      Deadline deadline) {
    String tenantId = by.tenantId();
    OverrideVersion before = overrides.stored(tenantId, provider, model);
    PriceOverride former = before == null ? null : before.override();
    if (next == null && former == null) {
      return Attempt.done(Result.UNKNOWN);
    }
    if (next != null && former == null && overrides.isFull(tenantId)) {
      return Attempt.done(Result.TOO_MANY);
    }
    Instant now = clock.instant();
    Duration kept = Duration.ofDays(policies.of(tenantId).policy().retentionDays() + 1);
    ConfigurationChange change =
        new ConfigurationChange(
            tenantId,
            AuditEntry.of(
                by,
                now,
                "price-overrides/" + provider + "/" + model,
                former == null ? null : shown.apply(former),
                next == null ? null : shown.apply(next)),
            overrides.replace(tenantId, provider, model, before, next, now, kept),
            List.of(
                new ConfigurationChange.Published(
                    SnapshotStore.Kind.PRICE_OVERRIDES,
                    PriceOverrides.snapshotName(tenantId, model))));
    if (!writer.write(change, deadline, () -> overrides.evict(tenantId))) {
      return Attempt.conflict();
    }
    if (next == null) {
      return Attempt.done(Result.DELETED);
    }
    return Attempt.done(former == null ? Result.CREATED : Result.REPLACED);
  }
}
