package io.budgetauthority.command;

import io.budgetauthority.attribution.AccountDifference;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.LedgerCheck;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.scan.AccountScan;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.AuditTrail;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.TenantDirectory;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Compares every account with its reservations and charges, and corrects those that differ.
@Command(
    name = "check",
    description = {
      "Compares every account with the reservations that hold on it and with what was charged on"
          + " it. A difference counts only if two comparisons both find it and the account did not"
          + " change in between, so the service may go on.",
      "Exits with 0 where nothing differs, or all that differed was corrected; with 1 otherwise."
    },
    mixinStandardHelpOptions = true)
final class Check implements Callable<Integer> {

  @ArgGroup(multiplicity = "1")
  private WhichTenants which = new WhichTenants();

  @Mixin private Tables tables = new Tables();

  @Option(names = "--repair", description = "correct the accounts that differ")
  private boolean repair;

  @Option(
      names = "--pause",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "between the two comparisons (${DEFAULT-VALUE})")
  private int pauseSeconds;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    try (DynamoDbClient dynamoDb = Tables.dynamoDb()) {
      return call(check(dynamoDb));
    }
  }

  private LedgerCheck check(DynamoDbClient dynamoDb) {
    Database database = new Database(dynamoDb);
    return new LedgerCheck(
        new AccountScan(database, tables.ledger),
        new DecisionScan(database, tables.decisions),
        new AttributionTable(database, tables.attribution),
        new Ledger(database, tables.ledger, tables.decisions),
        new TenantDirectory(database, tables.ledger, new Policies(database, tables.ledger)),
        new AuditTrail(database, tables.ledger),
        Clock.systemUTC());
  }

  private int call(LedgerCheck check) throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    LedgerCheck.Result result = check.run(which.tenantId());
    List<AccountDifference> differences = result.differences();
    if (!differences.isEmpty()) {
      out.printf("%d differences; comparing again in %d s%n", differences.size(), pauseSeconds);
      out.flush();
      Thread.sleep(pauseSeconds * 1_000L);
      LedgerCheck.Result second = check.run(which.tenantId());
      differences = second.alsoIn(result);
      result = second;
    }
    int corrected = 0;
    for (AccountDifference difference : differences) {
      out.println(describe(difference));
      if (repair && check.correct(difference)) {
        out.println("  corrected");
        corrected++;
      }
    }
    result.moving().forEach(key -> out.println(name(key) + ": changed meanwhile, not judged"));
    out.printf(
        "%d accounts, %d decisions: %d differences, %d corrected, %d not judged%n",
        result.accounts(),
        result.decisions(),
        differences.size(),
        corrected,
        result.moving().size());
    return corrected == differences.size() && result.moving().isEmpty() ? 0 : 1;
  }

  private static String describe(AccountDifference difference) {
    Account stored = difference.stored();
    Account right = difference.corrected();
    return "%s: %s; right is reserved %s, committed %s, available %s"
        .formatted(
            name(difference.key()),
            stored == null
                ? "there is no such account"
                : "reserved %s, committed %s, available %s"
                    .formatted(stored.reserved(), stored.committed(), stored.storedAvailable()),
            right.reserved(),
            right.committed(),
            right.available());
  }

  private static String name(AccountKey key) {
    return "tenant %s, %s %s, %s"
        .formatted(key.tenantId(), key.scope().wireName(), key.id(), key.time());
  }
}
