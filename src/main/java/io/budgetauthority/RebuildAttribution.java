package io.budgetauthority;

import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.Rebuild;
import io.budgetauthority.ledger.DecisionScan;
import io.budgetauthority.tenant.Tenants;
import java.time.Clock;
import java.util.Map;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The operator's command that makes the rows of attribution anew from the decisions that are kept
/// (docs/attribution.md). Endpoint, region and credentials are those that the SDK finds; tables are
/// named by the service's own variables.
public final class RebuildAttribution {

  private static final String USAGE =
      """
      usage: java -cp … io.budgetauthority.RebuildAttribution (--all | --tenant TENANT)

      Makes the rows of attribution anew from the decisions that are still kept, of all tenants or of
      one, while the service goes on. Days of which decisions are gone are left alone.

      BUDGET_LEDGER_TABLE, BUDGET_DECISIONS_TABLE, BUDGET_ATTRIBUTION_TABLE name the tables, the
      usual ones where they are unset. AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and credentials are
      found as the AWS SDK finds them.
      """;

  private RebuildAttribution() {}

  /// Exits with 0 where all is as it should be, 1 where rows moved and the command wants to be run
  /// again, 2 where it was called wrongly.
  public static void main(String[] args) {
    String tenant;
    if (args.length == 1 && args[0].equals("--all")) {
      tenant = "";
    } else if (args.length == 2 && args[0].equals("--tenant") && !args[1].isEmpty()) {
      tenant = args[1];
    } else {
      System.err.print(USAGE);
      System.exit(2);
      return;
    }
    Map<String, String> variables = System.getenv();
    Rebuild.Result result;
    try (DynamoDbClient dynamoDb =
        DynamoDbClient.builder().httpClientBuilder(ApacheHttpClient.builder()).build()) {
      result = rebuild(dynamoDb, variables).run(tenant);
    }
    result.daysRebuilt().forEach(day -> System.out.println("rebuilt " + day));
    result.daysLeft().forEach(day -> System.out.println("left alone " + day));
    System.out.printf(
        "%d decisions, %d markers repaired, %d rows right, %d rows corrected, %d rows moving%n",
        result.decisions(),
        result.markersRepaired(),
        result.rowsRight(),
        result.rowsCorrected(),
        result.rowsMoving());
    System.exit(result.rowsMoving() == 0 ? 0 : 1);
  }

  private static Rebuild rebuild(DynamoDbClient dynamoDb, Map<String, String> variables) {
    AttributionTable table =
        new AttributionTable(
            dynamoDb,
            variables.getOrDefault("BUDGET_ATTRIBUTION_TABLE", "budget-authority-attribution"));
    Tenants tenants =
        new Tenants(
            dynamoDb, variables.getOrDefault("BUDGET_LEDGER_TABLE", "budget-authority-ledger"));
    return new Rebuild(
        table,
        new AttributionStream(table, tenants),
        new DecisionScan(
            dynamoDb,
            variables.getOrDefault("BUDGET_DECISIONS_TABLE", "budget-authority-decisions")),
        tenants,
        Clock.systemUTC());
  }
}
