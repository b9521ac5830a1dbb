package io.budgetauthority.ledger.increase;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountIncrease;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.Write;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Adds increases to accounts and takes them away again. Each is one write of the account that
/// moves the limit and what is available by the same amount. Safe for use by many threads; every
/// write is safe to send again.
public final class Increases {

  private static final Logger LOG = Logger.getLogger("budget.ledger");

  private final Database database;
  private final String ledgerTable;
  private final String decisionsTable;

  public Increases(Database database, String ledgerTable, String decisionsTable) {
    this.database = database;
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
  }

  /// How many parts the index of due increases and runs has.
  public static final int DUE_BUCKETS = IncreaseItem.DUE_BUCKETS;

  /// The increase whose keys an item of that index has; empty where the item is another's.
  public static Optional<Due> due(Attributes keys) {
    return IncreaseItem.due(keys);
  }

  /// An increase in the index of what is due.
  public record Due(String tenantId, String id) {}

  /// An increase of a tenant; empty where there is none of that id.
  public Optional<Increase> find(String tenantId, String id, Deadline deadline) {
    return database
        .get(ledgerTable, IncreaseItem.key(tenantId, id), deadline)
        .map(IncreaseItem::read);
  }

  /// A page of a tenant's increases in the order of their ids.
  ///
  /// @param after the id of the last one of the page before; null for the first page
  public List<Increase> list(String tenantId, int limit, @Nullable String after) {
    Query query =
        Query.between(
            ledgerTable,
            IncreaseItem.partition(tenantId),
            after == null ? "inc_" : after + " ",
            "inc_~");
    return database.first(query, limit, Deadline.ofRequest()).stream()
        .map(IncreaseItem::read)
        .toList();
  }

  /// The writes that record an increase and add it to its account as that was read.
  public List<Write> adding(Increase increase, Account stored) {
    return List.of(
        IncreaseItem.create(ledgerTable, increase),
        AccountItem.increase(ledgerTable, stored, increase.ofAccount()));
  }

  /// The writes that record an increase and make its account, which nobody has used yet.
  ///
  /// @param unused the account under the limit of its ceiling
  public List<Write> making(Increase increase, Account unused) {
    return List.of(
        IncreaseItem.create(ledgerTable, increase),
        AccountItem.makeIncreased(ledgerTable, unused, increase.ofAccount()));
  }

  /// The writes that take increases from an account as it was read, with the notice of each.
  public List<Write> ending(
      Account stored, List<AccountIncrease> gone, boolean revoked, Instant at) {
    List<Write> writes = new ArrayList<>();
    writes.add(AccountItem.decrease(ledgerTable, stored, gone));
    for (AccountIncrease increase : gone) {
      writes.add(
          IncreaseItem.end(ledgerTable, stored.key().tenantId(), increase.id(), at, revoked));
      writes.add(
          IncreaseEnded.of(
                  stored.key(), increase, stored.limit().minus(increase.amount()), revoked, at)
              .write(decisionsTable));
    }
    return writes;
  }

  /// Takes from these accounts the increases whose time has passed, each account under the
  /// condition that it still has the increases that it was read with.
  ///
  /// @param asOf now, less what the clocks of two processes may differ
  /// @return whether there were any; the caller then reads again
  public boolean endPassed(Collection<Account> seen, Instant asOf, Deadline deadline) {
    boolean any = false;
    for (Account account : seen) {
      List<AccountIncrease> passed = account.increases().endedAt(asOf);
      if (passed.isEmpty()) {
        continue;
      }
      any = true;
      if (!database.transact(ending(account, passed, false, asOf), deadline).isDone()) {
        LOG.infof(
            "account %s moved before its increases were ended; it is read again", account.key());
      }
    }
    return any;
  }
}
