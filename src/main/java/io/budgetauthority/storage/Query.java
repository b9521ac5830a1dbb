package io.budgetauthority.storage;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;

/// The items of one partition of a table or an index, in the order of their sort keys.
///
/// @param index null for the table itself
/// @param condition the key condition expression, with its values
/// @param consistent whether the read is strongly consistent, which an index does not offer
/// @param newestFirst whether the order is reversed
public record Query(
    String table,
    @Nullable String index,
    Write.Condition condition,
    boolean consistent,
    boolean newestFirst) {

  /// The items of a partition whose sort keys begin with a text, strongly consistent.
  public static Query prefix(String table, String partition, String prefix) {
    Attributes.Builder values = Attributes.builder().put(":pk", partition);
    return prefix.isEmpty()
        ? new Query(table, null, new Write.Condition("pk = :pk", values.build()), true, false)
        : new Query(
            table,
            null,
            new Write.Condition(
                "pk = :pk AND begins_with(sk, :prefix)", values.put(":prefix", prefix).build()),
            true,
            false);
  }

  /// The items of a partition between two sort keys, both included, strongly consistent.
  public static Query between(String table, String partition, String from, String to) {
    return new Query(
        table,
        null,
        new Write.Condition(
            "pk = :pk AND sk BETWEEN :from AND :to",
            Attributes.builder().put(":pk", partition).put(":from", from).put(":to", to).build()),
        true,
        false);
  }

  /// The items that an index has for a key condition.
  public static Query ofIndex(String table, String index, String condition, Attributes values) {
    return new Query(table, index, new Write.Condition(condition, values), false, false);
  }

  /// The same items in the reverse order.
  public Query reversed() {
    return new Query(table, index, condition, consistent, !newestFirst);
  }

  /// The same items, read as a replica has them, at half the price.
  public Query eventuallyConsistent() {
    return new Query(table, index, condition, false, newestFirst);
  }

  QueryRequest.Builder toSdk() {
    return QueryRequest.builder()
        .tableName(table)
        .indexName(index)
        .keyConditionExpression(condition.expression())
        .expressionAttributeValues(condition.values().toSdk())
        .consistentRead(consistent)
        .scanIndexForward(!newestFirst);
  }
}
