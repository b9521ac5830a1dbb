package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.RateItem;
import io.budgetauthority.ledger.account.Shards;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.ledger.group.ReadGroups;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.ledger.shard.KnownShards;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads what calls are decided from: decisions, runs, rates, and accounts with the shards that are
/// needed of them (ledger.md#shards). Safe for use by many threads.
final class LedgerReader {

  private final Database database;
  private final ReadGroups reads;
  private final String ledgerTable;
  private final String decisionsTable;
  private final KnownShards known;

  /// @param reads what of this process's reads is sent together
  LedgerReader(
      Database database,
      ReadGroups reads,
      String ledgerTable,
      String decisionsTable,
      KnownShards known) {
    this.database = database;
    this.reads = reads;
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
    this.known = known;
  }

  /// Reads a decision, accounts, rates and runs in one batch. It takes a second one where an
  /// account turns out to have more shards than this process knew.
  ///
  /// @param accounts the keys of their heads
  /// @param extent how much is read of accounts with several shards
  Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      Collection<RateKey> rates,
      Collection<String> runIds,
      Extent extent,
      Deadline deadline) {
    Map<AccountKey, KnownShards.Choice> choices = new HashMap<>();
    Set<Key> ledgerKeys = new LinkedHashSet<>();
    Set<AccountKey> heads = new LinkedHashSet<>(accounts);
    runIds.forEach(runId -> heads.add(RunItem.account(tenantId, runId)));
    for (AccountKey account : heads) {
      KnownShards.Choice choice = known.before(account, extent);
      choices.put(account, choice);
      choice.numbers().forEach(number -> ledgerKeys.add(AccountItem.key(account.ofShard(number))));
    }
    rates.forEach(rate -> ledgerKeys.add(RateItem.key(rate)));
    Map<String, Collection<Key>> wanted = new HashMap<>();
    wanted.put(ledgerTable, ledgerKeys);
    if (id != null) {
      wanted.put(decisionsTable, List.of(ReservationItem.key(id)));
    }
    Found found = new Found();
    getAll(wanted, deadline).forEach(found::add);
    Set<Key> more = new LinkedHashSet<>();
    choices.replaceAll(
        (account, choice) -> {
          Account head = found.accounts.get(account);
          KnownShards.Choice now = head == null ? choice : known.after(head, choice, extent);
          for (int number : now.numbers()) {
            Key key = AccountItem.key(account.ofShard(number));
            if (!ledgerKeys.contains(key)) {
              more.add(key);
            }
          }
          return now;
        });
    if (!more.isEmpty()) {
      getAll(Map.of(ledgerTable, more), deadline).forEach(found::add);
    }
    return found.snapshot(choices, known);
  }

  /// Rates as they are now; without those that do not exist.
  Map<RateKey, StoredRate> rates(String tenantId, Collection<RateKey> keys, Deadline deadline) {
    return keys.isEmpty()
        ? Map.of()
        : read(null, tenantId, List.of(), keys, List.of(), Extent.WHOLE, deadline).rates();
  }

  /// One reservation by its id; empty where none exists.
  Optional<Reservation> find(ReservationId id, Deadline deadline) {
    Key key = ReservationItem.key(id);
    return reads
        .getAll(
            Map.of(decisionsTable, List.of(key)),
            deadline,
            () -> database.get(decisionsTable, key, deadline).stream().toList())
        .stream()
        .findFirst()
        .map(ReservationItem::read);
  }

  private List<Attributes> getAll(Map<String, ? extends Collection<Key>> keys, Deadline deadline) {
    return reads.getAll(keys, deadline, () -> database.getAll(keys, deadline));
  }

  /// What a read found.
  private static final class Found {

    private final Map<AccountKey, Account> accounts = new HashMap<>();
    private final Map<RateKey, StoredRate> rates = new HashMap<>();
    private final Map<String, Run> runs = new HashMap<>();
    private @Nullable Reservation reservation;

    void add(Attributes item) {
      if (!item.has("sk")) {
        reservation = ReservationItem.read(item);
      } else if (RateItem.isRate(item)) {
        StoredRate rate = RateItem.read(item);
        rates.put(rate.key(), rate);
      } else if (RunItem.isRun(item)) {
        Run run = RunItem.read(item);
        runs.put(run.runId(), run);
        accounts.put(run.account().key(), run.account());
      } else {
        Account account = AccountItem.read(item);
        accounts.put(account.key(), account);
      }
    }

    Snapshot snapshot(Map<AccountKey, KnownShards.Choice> choices, KnownShards known) {
      Map<AccountKey, Account> whole = new HashMap<>();
      accounts.forEach(
          (key, account) -> {
            KnownShards.Choice choice = choices.get(key);
            if (choice != null && choice.count() > 1) {
              Shards shards = choice.of(account, others(key, choice));
              if (shards.isWhole()) {
                known.keep(shards);
              } else {
                known.keepRead(shards);
              }
              whole.put(key, shards.account());
            } else if (key.shard() == 0) {
              whole.put(key, account);
            }
          });
      runs.replaceAll(
          (runId, run) -> {
            Account account = whole.get(run.account().key());
            return account == null ? run : run.over(account);
          });
      return new Snapshot(reservation, whole, rates, runs);
    }

    private Map<Integer, Account> others(AccountKey head, KnownShards.Choice choice) {
      Map<Integer, Account> others = new HashMap<>();
      for (int number : choice.numbers()) {
        Account shard = number == 0 ? null : accounts.get(head.ofShard(number));
        if (shard != null) {
          others.put(number, shard);
        }
      }
      return others;
    }
  }
}
