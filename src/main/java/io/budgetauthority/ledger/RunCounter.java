package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// A counter that limits runs (protocol.md#runs). It counts the active runs of a key or of a user,
/// or the runs that a tenant began on a day. The transaction that ends a run decrements the
/// counters of its key and its user, but not that of the day.
///
/// @param of what is counted
/// @param id the key or user, or the day in the tenant's time zone, such as `2026-11-24`
/// @param most the maximum; [#UNLIMITED] where runs are counted and not limited
public record RunCounter(Of of, String tenantId, String id, long most) {

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

  private Map<String, AttributeValue> key() {
    String partition =
        switch (of) {
          case ACTIVE_OF_KEY -> StoredIds.partitionKey(tenantId, Scope.KEY, id);
          case ACTIVE_OF_USER -> StoredIds.partitionKey(tenantId, Scope.USER, id);
          case NEW_ON_DAY -> StoredIds.partitionKey(tenantId, Scope.TENANT, "-");
        };
    String sort = of == Of.NEW_ON_DAY ? "new-runs#" + id : "active-runs";
    return Map.of("pk", text(partition), "sk", text(sort));
  }

  /// Increments the count, if it is below the maximum.
  Update take(String table) {
    return Update.builder()
        .tableName(table)
        .key(key())
        .updateExpression("ADD " + COUNT + " :one")
        .conditionExpression("attribute_not_exists(" + COUNT + ") OR " + COUNT + " < :most")
        .expressionAttributeValues(Map.of(":one", number(1), ":most", number(most)))
        .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
        .build();
  }

  Update free(String table) {
    return Update.builder()
        .tableName(table)
        .key(key())
        .updateExpression("ADD " + COUNT + " :less")
        .expressionAttributeValues(Map.of(":less", number(-1)))
        .build();
  }

  /// The count in what a refused [#take] returned.
  static long count(Map<String, AttributeValue> item) {
    AttributeValue count = item.get(COUNT);
    return count == null ? 0 : Long.parseLong(count.n());
  }
}
