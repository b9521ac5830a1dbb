package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// One of the counts that a new run needs a counter in: the active runs of its key and of its user,
/// and the runs that its tenant began on a day (protocol.md#runs). An active run's counters are
/// freed in the transaction that ends it; a day's are not.
///
/// @param of what is counted
/// @param id the key or user, or the day in the tenant's time zone, such as `2026-11-24`
/// @param most how many there may be; [#UNLIMITED] where the count is kept and not judged
public record RunCounter(Of of, String tenantId, String id, long most) {

  public static final long UNLIMITED = Long.MAX_VALUE;

  private static final String COUNT = "n";

  /// What is counted.
  public enum Of {
    ACTIVE_OF_KEY,
    ACTIVE_OF_USER,
    NEW_ON_DAY
  }

  /// The same counter, whatever the count is.
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

  /// Takes a counter, if there is one.
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
