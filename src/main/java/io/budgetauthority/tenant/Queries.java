package io.budgetauthority.tenant;

import static io.budgetauthority.tenant.StoredValues.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;

/// Reads the first items of a query. DynamoDB ends a page at 1 MB, however many items were asked
/// for. So a short page is not the end: only a page without a next one is.
public final class Queries {

  private Queries() {}

  /// The first items of a tenant's configuration between two sort keys, ends included: fewer than
  /// `limit` only where there are no more.
  static List<Map<String, AttributeValue>> configuration(
      DynamoDbClient dynamoDb, String table, String tenantId, String from, String to, int limit) {
    return first(
        dynamoDb,
        QueryRequest.builder()
            .tableName(table)
            .keyConditionExpression("pk = :pk AND sk BETWEEN :from AND :to")
            .expressionAttributeValues(
                Map.of(
                    ":pk", text(StoredIds.escape(tenantId) + "#config"),
                    ":from", text(from),
                    ":to", text(to)))
            .consistentRead(true),
        limit);
  }

  /// The first items that a query finds; fewer than `limit` only where there are no more.
  public static List<Map<String, AttributeValue>> first(
      DynamoDbClient dynamoDb, QueryRequest.Builder query, int limit) {
    List<Map<String, AttributeValue>> items = new ArrayList<>();
    Map<String, AttributeValue> next = Map.of();
    do {
      query.limit(limit - items.size()).exclusiveStartKey(next.isEmpty() ? null : next);
      QueryResponse page = dynamoDb.query(query.build());
      items.addAll(page.items());
      next = page.hasLastEvaluatedKey() ? page.lastEvaluatedKey() : Map.of();
    } while (items.size() < limit && !next.isEmpty());
    return items;
  }
}
