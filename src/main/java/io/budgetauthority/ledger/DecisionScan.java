package io.budgetauthority.ledger;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/// Reads every decision that is stored, for an operator's command. It reads the whole table, so
/// nothing that answers a request may use it.
public final class DecisionScan {

  private final DynamoDbClient dynamoDb;
  private final String decisionsTable;

  public DecisionScan(DynamoDbClient dynamoDb, String decisionsTable) {
    this.dynamoDb = dynamoDb;
    this.decisionsTable = decisionsTable;
  }

  /// Passes on all decisions of every tenant, page by page. Each decision that was stored before
  /// the call began, and was not removed since, is among them, as it was at some moment of the
  /// call.
  public void each(Consumer<List<Reservation>> page) {
    ScanRequest request =
        ScanRequest.builder().tableName(decisionsTable).consistentRead(true).build();
    Map<String, AttributeValue> next = Map.of();
    do {
      ScanResponse answer =
          dynamoDb.scan(
              next.isEmpty() ? request : request.toBuilder().exclusiveStartKey(next).build());
      page.accept(
          answer.items().stream()
              .filter(item -> !RunClosed.isOne(item))
              .map(ReservationItem::read)
              .toList());
      next = answer.lastEvaluatedKey();
    } while (!next.isEmpty());
  }
}
