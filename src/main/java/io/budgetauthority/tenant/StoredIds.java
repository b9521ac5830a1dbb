package io.budgetauthority.tenant;

/// How ids become parts of stored keys. The separator is escaped, so that no id can forge it and
/// reach another tenant's or scope's items.
public final class StoredIds {

  private StoredIds() {}

  /// The key of everything that is kept for one scope id of a tenant.
  public static String partitionKey(String tenantId, Scope scope, String id) {
    return escape(tenantId) + '#' + scope.wireName() + '#' + escape(id);
  }

  public static String escape(String id) {
    return id.indexOf('#') < 0 && id.indexOf('%') < 0
        ? id
        : id.replace("%", "%25").replace("#", "%23");
  }

  public static String unescape(String escaped) {
    return escaped.indexOf('%') < 0 ? escaped : escaped.replace("%23", "#").replace("%25", "%");
  }
}
