package io.budgetauthority.storage;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// Makes the SDK's requests of writes.
final class SdkWrites {

  private SdkWrites() {}

  /// A write as a part of a transaction.
  static TransactWriteItem inTransaction(Write write) {
    TransactWriteItem.Builder item = TransactWriteItem.builder();
    return switch (write) {
      case Write.Put put ->
          item.put(
                  Put.builder()
                      .tableName(put.table())
                      .item(put.item().toSdk())
                      .conditionExpression(expression(put.condition()))
                      .expressionAttributeNames(names(put.condition()))
                      .expressionAttributeValues(values(put.condition()))
                      .returnValuesOnConditionCheckFailure(returned(put.returnsStored()))
                      .build())
              .build();
      case Write.Update update ->
          item.update(
                  Update.builder()
                      .tableName(update.table())
                      .key(update.key().toSdk())
                      .updateExpression(update.expression())
                      .conditionExpression(update.condition())
                      .expressionAttributeNames(orNull(update.names()))
                      .expressionAttributeValues(update.values().toSdkOrNull())
                      .returnValuesOnConditionCheckFailure(returned(update.returnsStored()))
                      .build())
              .build();
      case Write.Delete delete ->
          item.delete(
                  Delete.builder()
                      .tableName(delete.table())
                      .key(delete.key().toSdk())
                      .conditionExpression(expression(delete.condition()))
                      .expressionAttributeNames(names(delete.condition()))
                      .expressionAttributeValues(values(delete.condition()))
                      .build())
              .build();
      case Write.Check check ->
          item.conditionCheck(
                  ConditionCheck.builder()
                      .tableName(check.table())
                      .key(check.key().toSdk())
                      .conditionExpression(check.condition().expression())
                      .expressionAttributeNames(names(check.condition()))
                      .expressionAttributeValues(check.condition().values().toSdkOrNull())
                      .build())
              .build();
    };
  }

  static PutItemRequest alone(Write.Put put) {
    return PutItemRequest.builder()
        .tableName(put.table())
        .item(put.item().toSdk())
        .conditionExpression(expression(put.condition()))
        .expressionAttributeNames(names(put.condition()))
        .expressionAttributeValues(values(put.condition()))
        .returnValuesOnConditionCheckFailure(returned(put.returnsStored()))
        .build();
  }

  static UpdateItemRequest alone(Write.Update update) {
    return UpdateItemRequest.builder()
        .tableName(update.table())
        .key(update.key().toSdk())
        .updateExpression(update.expression())
        .conditionExpression(update.condition())
        .expressionAttributeNames(orNull(update.names()))
        .expressionAttributeValues(update.values().toSdkOrNull())
        .returnValuesOnConditionCheckFailure(returned(update.returnsStored()))
        .build();
  }

  static DeleteItemRequest alone(Write.Delete delete) {
    return DeleteItemRequest.builder()
        .tableName(delete.table())
        .key(delete.key().toSdk())
        .conditionExpression(expression(delete.condition()))
        .expressionAttributeNames(names(delete.condition()))
        .expressionAttributeValues(values(delete.condition()))
        .build();
  }

  private static @Nullable String expression(Write.@Nullable Condition condition) {
    return condition == null ? null : condition.expression();
  }

  private static @Nullable Map<String, AttributeValue> values(Write.@Nullable Condition condition) {
    return condition == null ? null : condition.values().toSdkOrNull();
  }

  private static @Nullable Map<String, String> names(Write.@Nullable Condition condition) {
    return condition == null ? null : orNull(condition.names());
  }

  /// Null where there are none, because the SDK refuses an empty map of names.
  private static @Nullable Map<String, String> orNull(Map<String, String> names) {
    return names.isEmpty() ? null : names;
  }

  private static @Nullable ReturnValuesOnConditionCheckFailure returned(boolean stored) {
    return stored ? ReturnValuesOnConditionCheckFailure.ALL_OLD : null;
  }
}
