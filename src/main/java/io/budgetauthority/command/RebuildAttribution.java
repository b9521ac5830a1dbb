package io.budgetauthority.command;

import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.Rebuild;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.Policies;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Rebuilds the rows of attribution from the decisions that are still stored
/// (docs/how-to/attribution.md).
@Command(
    name = "rebuild-attribution",
    description = {
      "Makes the rows of attribution anew from the decisions that are still kept. The service may go"
          + " on. Days of which decisions were deleted are left alone.",
      "Exits with 0 where all is as it should be; with 1 where rows changed meanwhile: run it again."
    },
    mixinStandardHelpOptions = true)
final class RebuildAttribution implements Callable<Integer> {

  @ArgGroup(multiplicity = "1")
  private WhichTenants which = new WhichTenants();

  @Mixin private Tables tables = new Tables();

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Rebuild.Result result;
    try (DynamoDbClient dynamoDb = Tables.dynamoDb()) {
      Database database = new Database(dynamoDb);
      AttributionTable table = new AttributionTable(database, tables.attribution);
      Policies policies = new Policies(database, tables.ledger);
      result =
          new Rebuild(
                  table,
                  new AttributionStream(table, policies),
                  new DecisionScan(database, tables.decisions),
                  policies,
                  Clock.systemUTC())
              .run(which.tenantId());
    }
    PrintWriter out = spec.commandLine().getOut();
    result.daysRebuilt().forEach(day -> out.println("rebuilt " + day));
    result.daysLeft().forEach(day -> out.println("left alone " + day));
    out.printf(
        "%d decisions, %d markers repaired, %d rows right, %d rows corrected, %d rows moving%n",
        result.decisions(),
        result.markersRepaired(),
        result.rowsRight(),
        result.rowsCorrected(),
        result.rowsMoving());
    return result.rowsMoving() == 0 ? 0 : 1;
  }
}
