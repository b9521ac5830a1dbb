package io.budgetauthority.ledger;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import java.util.Map;

/// A counter that limits runs (protocol.md#runs). It counts the active runs of a key or of a user,
/// or the runs that a tenant began on a day. The transaction that ends a run decrements the
/// counters of its key and its user, but not that of the day.
///
/// @param of what is counted
/// @param id the key or user, or the day in the tenant's time zone, such as `2026-11-24`
/// @param max the maximum; [#UNLIMITED] where runs are counted and not limited
public record RunCounter(Of of, String tenantId, String id, long max) {

  public static final long UNLIMITED = Long.MAX_VALUE;

  private static final String COUNT = "n";

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

  Key key() {
    String partition =
        switch (of) {
          case ACTIVE_OF_KEY -> ScopeId.partitionKey(tenantId, Scope.KEY, id);
          case ACTIVE_OF_USER -> ScopeId.partitionKey(tenantId, Scope.USER, id);
          case NEW_ON_DAY -> ScopeId.partitionKey(tenantId, Scope.TENANT, "-");
        };
    String sort = of == Of.NEW_ON_DAY ? "new-runs#" + id : "active-runs";
    return new Key(partition, sort);
  }

  /// Increments the count, if it is below the maximum.
  Write.Update increment(String table) {
    return increment(table, 1);
  }

  /// Increments the count several times, if it is below the maximum each time.
  Write.Update increment(String table, int times) {
    return new Write.Update(
        table,
        key(),
        "ADD " + COUNT + " :more",
        Map.of(),
        "attribute_not_exists(" + COUNT + ") OR " + COUNT + " < :below",
        Attributes.builder().put(":more", times).put(":below", max - times + 1).build(),
        true);
  }

  Write.Update decrement(String table) {
    return new Write.Update(
        table, key(), "ADD " + COUNT + " :less", null, Attributes.of(":less", -1));
  }

  /// The count in what a refused [#increment] returned.
  static long count(Attributes item) {
    return item.numberOr(COUNT, 0);
  }
}
