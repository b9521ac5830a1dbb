package io.budgetauthority.ledger;

import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.ledger.group.WriteGroups;
import io.budgetauthority.ledger.shard.KnownShards;
import io.budgetauthority.ledger.shard.ShardLoad;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Written;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Sends the transactions of a process, alone or in groups. It counts how often they conflict on
/// each account, and keeps what they post to shards. Safe for use by many threads.
final class Transactions {

  /// How often a call that finds an item busy waits for a short time only.
  private static final int SHORT_PAUSES = 2;

  private final Database database;
  private final WriteGroups groups;
  private final ShardLoad load;
  private final KnownShards known;

  Transactions(Database database, WriteGroups groups, ShardLoad load, KnownShards known) {
    this.database = database;
    this.groups = groups;
    this.load = load;
    this.known = known;
  }

  /// Whether all that waits is written together.
  boolean joinsAll() {
    return groups.joinsAll();
  }

  /// Sends writes, alone or within a group, and returns what became of them.
  ///
  /// @param written what the caller is given where its writes are written within a group
  /// @param alone sends the caller's writes alone
  /// @param busy what the caller is given at once where its writes would have to wait; null where
  ///   they wait
  <R> R send(
      List<GroupedWrite> writes,
      Deadline deadline,
      Supplier<R> written,
      Supplier<R> alone,
      @Nullable Supplier<R> busy) {
    return groups.send(writes, deadline, this::isWritten, written, alone, busy);
  }

  private boolean isWritten(List<GroupedWrite> writes, Deadline deadline) {
    return transact(writes, deadline, Transactions::pauseOfHolder).isDone();
  }

  /// The pause of a call that does not use other shards. The first ones are as long as DynamoDB
  /// locks the items of a transaction.
  static Deadline.Pause pauseOfHolder(int number, List<Integer> busy) {
    return number <= SHORT_PAUSES ? Deadline.Pause.SHORT : Deadline.Pause.LONG;
  }

  /// Sends a transaction, and counts how often it conflicts on each of its accounts.
  Written transact(List<GroupedWrite> writes, Deadline deadline, Database.Conflicts conflicts) {
    List<AccountKey> accounts =
        writes.stream().map(GroupedWrite::account).filter(Objects::nonNull).distinct().toList();
    Written written =
        database.transact(
            writes.stream().map(GroupedWrite::write).toList(),
            deadline,
            (number, conflicted) -> {
              Set<AccountKey> busy = new HashSet<>();
              conflicted.forEach(index -> busy.add(writes.get(index).account()));
              accounts.forEach(account -> load.count(account, busy.contains(account)));
              return conflicts.pauseAfter(number, conflicted);
            });
    if (!written.isBusy()) {
      accounts.forEach(account -> load.count(account, false));
    }
    if (written.isDone()) {
      for (GroupedWrite write : writes) {
        if (write instanceof GroupedPosting it) {
          known.posted(it.posting());
        }
      }
    }
    return written;
  }
}
