package io.budgetauthority.local;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.TransactionConflictException;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// The answer of DynamoDB to a write of items that another transaction is writing. A transaction is
/// cancelled, with a reason for each of its items. A write of one item is refused.
public final class InjectedConflict {

  private InjectedConflict() {}

  /// The answer to a request; null where the request cannot conflict, because it reads.
  public static @Nullable DynamoDbException of(SdkRequest request) {
    return switch (request) {
      case TransactWriteItemsRequest transaction ->
          TransactionCanceledException.builder()
              .message("injected conflict")
              .statusCode(400)
              .awsErrorDetails(details("TransactionCanceledException"))
              .cancellationReasons(
                  transaction.transactItems().stream()
                      .map(item -> CancellationReason.builder().code("TransactionConflict").build())
                      .toList())
              .build();
      case PutItemRequest put -> ofItem();
      case UpdateItemRequest update -> ofItem();
      case DeleteItemRequest delete -> ofItem();
      default -> null;
    };
  }

  private static DynamoDbException ofItem() {
    return TransactionConflictException.builder()
        .message("injected conflict")
        .statusCode(400)
        .awsErrorDetails(details("TransactionConflictException"))
        .build();
  }

  private static AwsErrorDetails details(String code) {
    return AwsErrorDetails.builder().errorCode(code).serviceName("DynamoDb").build();
  }
}
