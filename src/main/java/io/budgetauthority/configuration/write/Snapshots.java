package io.budgetauthority.configuration.write;

import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.ConfigurationJson;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import io.budgetauthority.tenant.store.TenantSnapshot;
import java.util.List;
import java.util.Optional;

/// Makes the documents that are published for an outage (protocol.md#outage) of the configuration
/// as it is stored now.
public final class Snapshots {

  private static final int PAGE = 200;

  private final Policies policies;
  private final Ceilings ceilings;
  private final ApiKeys keys;
  private final PriceOverrides overrides;

  public Snapshots(Policies policies, Ceilings ceilings, ApiKeys keys, PriceOverrides overrides) {
    this.policies = policies;
    this.ceilings = ceilings;
    this.keys = keys;
    this.overrides = overrides;
  }

  /// The document of a kind and name; empty where what it shows does not exist.
  Optional<String> document(SnapshotStore.Kind kind, String name) {
    return switch (kind) {
      case POLICY -> ofTenant(name);
      case KEY -> keys.snapshot(name);
      case PRICE_OVERRIDES -> overrides.snapshot(name);
    };
  }

  private Optional<String> ofTenant(String tenantId) {
    VersionedPolicy policy = policies.now(tenantId);
    return policy.version() == 0
        ? Optional.empty()
        : Optional.of(
            ConfigurationJson.write(
                new TenantSnapshot(
                    policy.policy(),
                    policy.version(),
                    strictestMode(tenantId, policy),
                    policy.calendar())));
  }

  /// The strictest mode of a tenant's policy, of what it gives to ids, and of its ceilings.
  private Mode strictestMode(String tenantId, VersionedPolicy policy) {
    Mode strictest = policy.policy().mode();
    for (Ceiling ceiling : policy.policy().givenCeilings()) {
      strictest = stricter(strictest, ceiling);
    }
    ScopeId from = null;
    List<Ceilings.Listed> page;
    do {
      page = ceilings.list(tenantId, null, from, PAGE);
      for (Ceilings.Listed listed : page) {
        for (Ceiling ceiling : listed.byWindow().values()) {
          strictest = stricter(strictest, ceiling);
        }
        from = listed.scopeId();
      }
    } while (page.size() == PAGE);
    return strictest;
  }

  private static Mode stricter(Mode mode, Ceiling ceiling) {
    Mode own = ceiling.mode();
    return own != null && own.isStricterThan(mode) ? own : mode;
  }
}
