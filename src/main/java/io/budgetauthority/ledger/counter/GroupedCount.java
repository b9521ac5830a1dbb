package io.budgetauthority.ledger.counter;

import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.storage.Write;
import java.util.Optional;

/// The increments of one group of one shard of a counter (ledger.md#group-commit).
///
/// @param times how many
public record GroupedCount(String table, CounterPlace place, int times) implements GroupedWrite {

  @Override
  public Item item() {
    return new Item(table, place.counter().key(place.shard()));
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public Optional<GroupedWrite> then(GroupedWrite later) {
    if (!(later instanceof GroupedCount other)
        || !place.counter().equals(other.place.counter())
        || place.isSplit() != other.place.isSplit()) {
      return Optional.empty();
    }
    CounterPlace stricter = place.max() <= other.place.max() ? place : other.place;
    return Optional.of(new GroupedCount(table, stricter, times + other.times));
  }

  @Override
  public Write write() {
    return place.increment(table, times);
  }
}
