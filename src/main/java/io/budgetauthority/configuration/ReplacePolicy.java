package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
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
import java.util.function.Function;

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

  /// Replaces a policy. Where another change comes first, its policy is read and replaced.
  ///
  /// @param by who replaces it
  /// @param next the new policy, computed from the one before; it throws where that one must not be
  ///   replaced
  public VersionedPolicy replace(
      Caller by, String tenantId, Function<VersionedPolicy, Policy> next) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(deadline, "the policy", () -> attempt(by, tenantId, next, deadline));
  }

  private Attempt<VersionedPolicy> attempt(
      Caller by, String tenantId, Function<VersionedPolicy, Policy> change, Deadline deadline) {
    VersionedPolicy seen = policies.now(tenantId);
    Policy next = change.apply(seen);
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
            deadline,
            () -> policies.evict(tenantId));
    if (!written) {
      return Attempt.conflict();
    }
    policies.cacheIfNewer(tenantId, replaced);
    return Attempt.done(replaced);
  }
}
