package io.budgetauthority.ledger;

import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.StoredValues;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/// Reads every account, for an operator's command. It reads the whole table, so nothing that
/// answers a request may use it.
public final class AccountScan {

  private final DynamoDbClient dynamoDb;
  private final String ledgerTable;

  public AccountScan(DynamoDbClient dynamoDb, String ledgerTable) {
    this.dynamoDb = dynamoDb;
    this.ledgerTable = ledgerTable;
  }

  /// An account as it is stored.
  ///
  /// @param run the run whose account it is; null for an account of another scope
  public record Found(Account account, @Nullable Run run) {}

  /// Passes on the accounts of a tenant page by page, strongly consistent.
  ///
  /// @param tenantId empty for the accounts of all tenants
  public void each(String tenantId, Consumer<List<Found>> page) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":account", StoredValues.text("acct#"));
    String filter = "begins_with(sk, :account)";
    if (!tenantId.isEmpty()) {
      values.put(":tenant", StoredValues.text(StoredIds.escape(tenantId) + "#"));
      filter += " AND begins_with(pk, :tenant)";
    }
    ScanRequest request =
        ScanRequest.builder()
            .tableName(ledgerTable)
            .consistentRead(true)
            .filterExpression(filter)
            .expressionAttributeValues(values)
            .build();
    for (ScanResponse answer : dynamoDb.scanPaginator(request)) {
      page.accept(answer.items().stream().map(AccountScan::read).toList());
    }
  }

  private static Found read(Map<String, AttributeValue> item) {
    if (RunItem.isRun(item)) {
      Run run = RunItem.read(item);
      return new Found(run.account(), run);
    }
    return new Found(AccountItem.read(item), null);
  }
}
