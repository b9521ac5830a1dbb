package io.budgetauthority.ledger.scan;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunItem;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads every account, for an operator's command. It reads the whole table, so nothing that
/// answers a request may use it.
public final class AccountScan {

  private final Database database;
  private final String ledgerTable;

  public AccountScan(Database database, String ledgerTable) {
    this.database = database;
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
    Attributes.Builder values = Attributes.builder().put(":account", "acct#");
    String filter = "begins_with(sk, :account)";
    if (!tenantId.isEmpty()) {
      values.put(":tenant", StoredIds.escape(tenantId) + "#");
      filter += " AND begins_with(pk, :tenant)";
    }
    database.scan(
        ledgerTable,
        new Write.Condition(filter, values.build()),
        items -> page.accept(items.stream().map(AccountScan::read).toList()));
  }

  private static Found read(Attributes item) {
    if (RunItem.isRun(item)) {
      Run run = RunItem.read(item);
      return new Found(run.account(), run);
    }
    return new Found(AccountItem.read(item), null);
  }
}
