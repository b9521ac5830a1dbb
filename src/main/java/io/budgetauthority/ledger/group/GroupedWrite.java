package io.budgetauthority.ledger.group;

import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One write of one item within a group. A transaction may write an item once, so two of one item
/// become one that does both, where that is possible.
public interface GroupedWrite {

  /// The item, by its table and its key.
  record Item(String table, Key key) {}

  Item item();

  /// Whether others may write the same item at the same time, such as an account.
  boolean isShared();

  /// One write that does what this one and then the other one does, under conditions that let it be
  /// written only where both could be. Empty where there is none.
  Optional<GroupedWrite> then(GroupedWrite later);

  Write write();

  /// The account that it is of, or that its shard is of; null for an item that is no account's.
  default @Nullable AccountKey account() {
    return null;
  }

  /// A write of an item that nobody else writes at the same time.
  static GroupedWrite alone(String table, Key key, Write write) {
    return new Alone(new Item(table, key), write);
  }

  /// A write of an item that nobody else writes at the same time.
  record Alone(Item item, Write write) implements GroupedWrite {

    @Override
    public boolean isShared() {
      return false;
    }

    @Override
    public Optional<GroupedWrite> then(GroupedWrite later) {
      return Optional.empty();
    }
  }
}
