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
/// @param shard 0 for the head, which every account has; others only where it is split
///   (ledger.md#shards)
public record AccountKey(
    String tenantId, Scope scope, String id, Window window, String period, int shard) {

  /// How many shards an account may have.
  public static final int MAX_SHARDS = 64;

  public static AccountKey total(String tenantId, Scope scope, String id) {
    return new AccountKey(tenantId, scope, id, Window.TOTAL, "", 0);
  }

  /// What it sums up over, for people: the period, or `total`.
  public String time() {
    return period.isEmpty() ? window.wireName() : period;
  }

  /// The key of the account's head.
  public AccountKey head() {
    return shard == 0 ? this : ofShard(0);
  }

  /// The key of one of the account's shards.
  public AccountKey ofShard(int number) {
    return new AccountKey(tenantId, scope, id, window, period, number);
  }

  /// A shard has its number in the partition key, because DynamoDB limits the writes of one
  /// partition.
  public String partitionKey() {
    String head = ScopeId.partitionKey(tenantId, scope, id);
    return shard == 0 ? head : head + "#" + shard;
  }

  public String sortKey() {
    String key = "acct#" + window.wireName();
    return period.isEmpty() ? key : key + "#" + period;
  }

  /// Reads the two stored keys of an account.
  public static AccountKey parse(String partitionKey, String sortKey) {
    String[] parts = partitionKey.split("#", -1);
    String[] time = sortKey.split("#", -1);
    Window window = Window.ofWireName(time[1]);
    return new AccountKey(
        StoredIds.unescape(parts[0]),
        Scope.ofWireName(parts[1]),
        StoredIds.unescape(parts[2]),
        window,
        window == Window.TOTAL ? "" : time[2],
        parts.length > 3 ? Integer.parseInt(parts[3]) : 0);
  }
}
