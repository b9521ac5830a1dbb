package io.budgetauthority.ledger.scan;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationItem;
import io.budgetauthority.ledger.RunClosed;
import io.budgetauthority.ledger.increase.IncreaseEnded;
import io.budgetauthority.storage.Database;
import java.util.List;
import java.util.function.Consumer;

/// Reads every decision that is stored, for an operator's command. It reads the whole table, so
/// nothing that answers a request may use it.
public final class DecisionScan {

  private final Database database;
  private final String decisionsTable;

  public DecisionScan(Database database, String decisionsTable) {
    this.database = database;
    this.decisionsTable = decisionsTable;
  }

  /// Passes on all decisions of a tenant, page by page. Each decision that was stored before the
  /// call began, and was not removed since, is among them, as it was at some moment of the call.
  ///
  /// @param tenantId empty for the decisions of all tenants
  public void each(String tenantId, Consumer<List<Reservation>> page) {
    database.scan(
        decisionsTable,
        null,
        items ->
            page.accept(
                items.stream()
                    .filter(item -> !RunClosed.isOne(item) && !IncreaseEnded.isOne(item))
                    .map(ReservationItem::read)
                    .filter(it -> tenantId.isEmpty() || it.tenantId().equals(tenantId))
                    .toList()));
  }
}
