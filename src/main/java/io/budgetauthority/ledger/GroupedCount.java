package io.budgetauthority.ledger;

import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.storage.Write;
import java.util.Optional;

/// The increments of one group of one counter of runs (ledger.md#group-commit).
///
/// @param times how many
record GroupedCount(String table, RunCounter counter, int times) implements GroupedWrite {

  @Override
  public Item item() {
    return new Item(table, counter.key());
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public Optional<GroupedWrite> then(GroupedWrite later) {
    return later instanceof GroupedCount other && counter.equals(other.counter)
        ? Optional.of(new GroupedCount(table, counter, times + other.times))
        : Optional.empty();
  }

  @Override
  public Write write() {
    return counter.increment(table, times);
  }
}
