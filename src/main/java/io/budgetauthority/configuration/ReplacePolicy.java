package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Replaces a tenant's policy.
public final class ReplacePolicy {

  private final ConfigurationWriter writer;
  private final Policies policies;
  private final Clock clock;

  public ReplacePolicy(ConfigurationWriter writer, Policies policies, Clock clock) {
    this.writer = writer;
    this.policies = policies;
    this.clock = clock;
  }

  /// Replaces a policy that still has the version that it was read with; empty where another change
  /// was first.
  ///
  /// @param by who replaces it
  public Optional<VersionedPolicy> replace(
      Caller by, String tenantId, VersionedPolicy seen, Policy next) {
    Instant now = clock.instant();
    Calendar calendar = seen.calendar().changedTo(next.timeZone(), now);
    VersionedPolicy replaced = new VersionedPolicy(next, calendar, seen.version() + 1);
    boolean written =
        writer.write(
            new ConfigurationChange(
                tenantId,
                AuditEntry.of(by, now, "policy", seen.policy(), next),
                List.of(policies.replace(tenantId, replaced)),
                List.of(new ConfigurationChange.Published(SnapshotStore.Kind.POLICY, tenantId))),
            Deadline.ofRequest(),
            () -> policies.evict(tenantId));
    if (!written) {
      return Optional.empty();
    }
    policies.cacheIfNewer(tenantId, replaced);
    return Optional.of(replaced);
  }
}
