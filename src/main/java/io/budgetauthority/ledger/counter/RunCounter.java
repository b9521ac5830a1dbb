package io.budgetauthority.ledger.counter;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;

/// A counter that limits runs (protocol.md#runs). It counts the active runs of a key or of a user,
/// or the runs that a tenant began on a day. The transaction that ends a run decrements the
/// counters of its key and its user, but not that of the day.
///
/// @param of what is counted
/// @param id the key or user, or the day in the tenant's time zone, such as `2026-11-24`
/// @param max the maximum; [#UNLIMITED] where runs are counted and not limited
public record RunCounter(Of of, String tenantId, String id, long max) {

  public static final long UNLIMITED = Long.MAX_VALUE;

  /// How many runs a shard counts.
  static final String COUNT = "n";

  /// How often a shard was decremented.
  static final String FREED = "fre";

  /// Stored on the head of a counter that is split: how many shards there are.
  static final String SHARDS = "shd";

  /// What is counted.
  public enum Of {
    ACTIVE_OF_KEY,
    ACTIVE_OF_USER,
    NEW_ON_DAY
  }

  /// The same counter without a maximum.
  public RunCounter unlimited() {
    return new RunCounter(of, tenantId, id, UNLIMITED);
  }

  boolean isLimited() {
    return max != UNLIMITED;
  }

  /// The key of one shard. Its number is in the partition key, because DynamoDB limits the writes
  /// of one partition.
  ///
  /// @param shard 0 for the head, which is the only one of a counter that is not split
  Key key(int shard) {
    String head =
        switch (of) {
          case ACTIVE_OF_KEY -> ScopeId.partitionKey(tenantId, Scope.KEY, id);
          case ACTIVE_OF_USER -> ScopeId.partitionKey(tenantId, Scope.USER, id);
          case NEW_ON_DAY -> ScopeId.partitionKey(tenantId, Scope.TENANT, "-");
        };
    String sort = of == Of.NEW_ON_DAY ? "new-runs#" + id : "active-runs";
    return new Key(shard == 0 ? head : head + "#" + shard, sort);
  }

  /// Decrements the count of the shard that some runs were counted on.
  public Write.Update decrement(String table, int shard, int runs) {
    return new Write.Update(
        table,
        key(shard),
        "ADD " + COUNT + " :less, " + FREED + " :freed",
        null,
        Attributes.builder().put(":less", -runs).put(":freed", runs).build());
  }
}
