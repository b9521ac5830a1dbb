package io.budgetauthority.record;

import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;

/// The key of an account: one scope id of a tenant, one period of a window, and one shard. DynamoDB
/// finds the account by the two stored keys (ledger.md#items). Ids are escaped, so that no id can
/// contain the separator and reach another tenant's or scope's account.
///
/// @param period as [Window#periodOf] writes it; empty for the total
/// @param shard 0 unless a hot account was split
public record AccountKey(
    String tenantId, Scope scope, String id, Window window, String period, int shard) {

  public static AccountKey total(String tenantId, Scope scope, String id) {
    return new AccountKey(tenantId, scope, id, Window.TOTAL, "", 0);
  }

  /// What it sums up over, for people: the period, or `total`.
  public String time() {
    return period.isEmpty() ? window.wireName() : period;
  }

  public String partitionKey() {
    return ScopeId.partitionKey(tenantId, scope, id);
  }

  public String sortKey() {
    String key = "acct#" + window.wireName();
    if (!period.isEmpty()) {
      key += "#" + period;
    }
    return shard == 0 ? key : key + "#" + shard;
  }

  /// Reads the two stored keys of an account.
  public static AccountKey parse(String partitionKey, String sortKey) {
    String[] parts = partitionKey.split("#", -1);
    String[] time = sortKey.split("#", -1);
    Window window = Window.ofWireName(time[1]);
    int next = window == Window.TOTAL ? 2 : 3;
    return new AccountKey(
        StoredIds.unescape(parts[0]),
        Scope.ofWireName(parts[1]),
        StoredIds.unescape(parts[2]),
        window,
        window == Window.TOTAL ? "" : time[2],
        time.length > next ? Integer.parseInt(time[next]) : 0);
  }
}
