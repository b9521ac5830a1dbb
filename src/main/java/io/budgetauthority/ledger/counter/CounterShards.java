package io.budgetauthority.ledger.counter;

import java.util.List;
import java.util.OptionalInt;

/// The shards of a counter as they were read (ledger.md#counters). The maximum is divided among
/// them, so that no shard has to be compared with another one. Pure.
///
/// @param all the shards, by their numbers
record CounterShards(List<Shard> all) {

  /// How many shards a counter has that is split.
  static final int COUNT = 64;

  /// The least maximum for which a counter is split. A tenant that begins less runs than this in a
  /// day begins about one a second.
  static final long SPLIT_FROM = 100_000;

  CounterShards {
    all = List.copyOf(all);
  }

  /// @param count how many runs it counts
  /// @param freed how often it was decremented
  record Shard(long count, long freed) {

    static final Shard ABSENT = new Shard(0, 0);
  }

  long sum() {
    return all.stream().mapToLong(Shard::count).sum();
  }

  private long freed() {
    return all.stream().mapToLong(Shard::freed).sum();
  }

  /// How many runs the counter counted at least, at some instant between an earlier reading and
  /// this one.
  ///
  /// @param earlier a reading that ended before this one began
  long leastSince(CounterShards earlier) {
    return earlier.sum() - (freed() - earlier.freed());
  }

  /// How many runs each shard may count. All shards have equal parts of the maximum. A shard that
  /// counts more, because the maximum was lowered, keeps what it has, and the others share the
  /// rest. No shard's part is less by a later reading, while the maximum is the same. So the parts
  /// by which several processes count never add up to more than the maximum.
  long[] parts(long max) {
    long[] parts = new long[all.size()];
    boolean[] isOver = new boolean[all.size()];
    long left = max;
    int sharing = all.size();
    boolean changed = true;
    while (changed) {
      changed = false;
      long nextLeft = left;
      int nextSharing = sharing;
      int place = 0;
      for (int i = 0; i < parts.length; i++) {
        if (isOver[i]) {
          continue;
        }
        parts[i] = Math.floorDiv(left + sharing - 1 - place, (long) sharing);
        place++;
        long count = all.get(i).count();
        if (count > parts[i]) {
          isOver[i] = true;
          parts[i] = count;
          nextLeft -= count;
          nextSharing--;
          changed = true;
        }
      }
      left = nextLeft;
      sharing = nextSharing;
    }
    return parts;
  }

  /// The first shard from a drawn one on that may count one more run; empty where none may, so that
  /// all together count the maximum or more.
  OptionalInt withRoom(long[] parts, int drawn) {
    for (int step = 0; step < parts.length; step++) {
      int number = (drawn + step) % parts.length;
      if (all.get(number).count() < parts[number]) {
        return OptionalInt.of(number);
      }
    }
    return OptionalInt.empty();
  }
}
