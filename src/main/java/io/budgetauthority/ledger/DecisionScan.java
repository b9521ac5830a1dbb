package io.budgetauthority.ledger;

import java.util.List;
import java.util.function.Consumer;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
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

  /// Passes on all decisions of a tenant, page by page. Each decision that was stored before the
  /// call began, and was not removed since, is among them, as it was at some moment of the call.
  ///
  /// @param tenantId empty for the decisions of all tenants
  public void each(String tenantId, Consumer<List<Reservation>> page) {
    ScanRequest request =
        ScanRequest.builder().tableName(decisionsTable).consistentRead(true).build();
    for (ScanResponse answer : dynamoDb.scanPaginator(request)) {
      page.accept(
          answer.items().stream()
              .filter(item -> !RunClosed.isOne(item))
              .map(ReservationItem::read)
              .filter(it -> tenantId.isEmpty() || it.tenantId().equals(tenantId))
              .toList());
    }
  }
}
