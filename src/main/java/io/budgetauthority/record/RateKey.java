package io.budgetauthority.record;

import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;

/// The key of a rate: one scope id of a tenant, and the rate's name among those of that id
/// (ledger.md#items). It is stored in the partition of the id's accounts.
public record RateKey(String tenantId, Scope scope, String id, RateName name) {

  private static final String PREFIX = "rate#";

  /// The key of a rate of a scope id.
  public static RateKey of(ScopeId scopeId, RateName name) {
    return new RateKey(scopeId.tenantId(), scopeId.scope(), scopeId.id(), name);
  }

  public String partitionKey() {
    return ScopeId.partitionKey(tenantId, scope, id);
  }

  public String sortKey() {
    return PREFIX + name.name();
  }

  /// Whether a sort key is that of a rate.
  public static boolean isOne(String sortKey) {
    return sortKey.startsWith(PREFIX);
  }

  /// Reads the two stored keys of a rate.
  public static RateKey parse(String partitionKey, String sortKey) {
    String[] parts = partitionKey.split("#", -1);
    return new RateKey(
        StoredIds.unescape(parts[0]),
        Scope.ofWireName(parts[1]),
        StoredIds.unescape(parts[2]),
        new RateName(sortKey.substring(PREFIX.length())));
  }
}
