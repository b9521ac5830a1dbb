package io.budgetauthority.tenant;

import io.budgetauthority.storage.StoredIds;

/// One id within one scope of a tenant.
///
/// @param id `-` where the scope is the tenant
public record ScopeId(String tenantId, Scope scope, String id) {

  /// The partition of everything that is stored for this id.
  public String partitionKey() {
    return StoredIds.escape(tenantId) + '#' + scope.wireName() + '#' + StoredIds.escape(id);
  }

  /// The partition of everything that is stored for one id of a scope.
  public static String partitionKey(String tenantId, Scope scope, String id) {
    return new ScopeId(tenantId, scope, id).partitionKey();
  }
}
