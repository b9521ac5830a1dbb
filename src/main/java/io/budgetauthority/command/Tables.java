package io.budgetauthority.command;

import picocli.CommandLine.Option;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The options that name the tables which a command reads and writes.
final class Tables {

  @Option(
      names = "--ledger-table",
      defaultValue = "${env:BUDGET_LEDGER_TABLE:-budget-authority-ledger}",
      description = "BUDGET_LEDGER_TABLE, else budget-authority-ledger")
  String ledger = "";

  @Option(
      names = "--decisions-table",
      defaultValue = "${env:BUDGET_DECISIONS_TABLE:-budget-authority-decisions}",
      description = "BUDGET_DECISIONS_TABLE, else budget-authority-decisions")
  String decisions = "";

  @Option(
      names = "--attribution-table",
      defaultValue = "${env:BUDGET_ATTRIBUTION_TABLE:-budget-authority-attribution}",
      description = "BUDGET_ATTRIBUTION_TABLE, else budget-authority-attribution")
  String attribution = "";

  static DynamoDbClient dynamoDb() {
    return DynamoDbClient.builder().httpClientBuilder(ApacheHttpClient.builder()).build();
  }
}
