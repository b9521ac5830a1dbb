package io.budgetauthority.ledger.counter;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.shard.SharedDraw;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Chooses the shards that runs are counted on (ledger.md#counters). A counter with a small maximum
/// has one shard. Safe for use by many threads.
public final class RunCounts {

  private static final int MAX_KNOWN = 20_000;

  /// How old a reading may be by which a shard is chosen. The condition of the write is exact
  /// whatever the age is. Only a maximum that was lowered needs a reading from after that.
  private static final Duration MAX_AGE = Duration.ofSeconds(5);

  private final Database database;
  private final String table;
  private final SharedDraw draw;

  /// The heads of counters that are split.
  private final Set<Key> split =
      Collections.newSetFromMap(
          Caffeine.newBuilder().maximumSize(MAX_KNOWN).<Key, Boolean>build().asMap());

  /// What the shards of counters count, by their heads.
  private final Cache<Key, CounterShards> known =
      Caffeine.newBuilder().maximumSize(MAX_KNOWN).expireAfterWrite(MAX_AGE).build();

  public RunCounts(Database database, String table, SharedDraw draw) {
    this.draw = draw;
    this.database = database;
    this.table = table;
  }

  /// Where runs are to be counted.
  public sealed interface Placed {

    /// @param places one for each counter, in their order
    record On(List<CounterPlace> places) implements Placed {

      public On {
        places = List.copyOf(places);
      }

      /// The number of the shard of a counter of this kind; 0 where there is none.
      public int shardOf(RunCounter.Of kind) {
        return places.stream()
            .filter(place -> place.counter().of() == kind)
            .mapToInt(CounterPlace::shard)
            .findFirst()
            .orElse(0);
      }
    }

    /// A counter counts its maximum.
    record Full(RunCounter counter, long count) implements Placed {}

    /// Runs ended while a counter was read, so it can not be said whether it is full.
    record Moved() implements Placed {}
  }

  /// Chooses a shard of each of these counters.
  ///
  /// @param isBusy whether the call found a shard busy before, and should use another one
  public Placed place(List<RunCounter> counters, boolean isBusy, Deadline deadline) {
    List<CounterPlace> places = new ArrayList<>();
    for (RunCounter counter : counters) {
      switch (place(counter, isBusy, deadline)) {
        case Placed.On on -> places.addAll(on.places());
        case Placed other -> {
          return other;
        }
      }
    }
    return new Placed.On(places);
  }

  private Placed place(RunCounter counter, boolean isBusy, Deadline deadline) {
    boolean isSplit = split.contains(counter.key(0));
    if (!counter.isLimited()) {
      return isSplit
          ? on(counter, drawn(counter, isBusy), counter.max())
          : new Placed.On(List.of(CounterPlace.ofHead(counter)));
    }
    if (!isSplit && counter.max() < CounterShards.SPLIT_FROM) {
      return new Placed.On(List.of(CounterPlace.ofHead(counter)));
    }
    CounterShards seen = known.getIfPresent(counter.key(0));
    Placed.On place = seen == null ? null : withRoom(counter, seen, isBusy);
    if (place != null) {
      return place;
    }
    CounterShards first = read(counter, deadline);
    place = withRoom(counter, first, isBusy);
    if (place != null) {
      return place;
    }
    CounterShards second = read(counter, deadline);
    return second.leastSince(first) >= counter.max()
        ? new Placed.Full(counter, second.sum())
        : new Placed.Moved();
  }

  private Placed.@Nullable On withRoom(RunCounter counter, CounterShards seen, boolean isBusy) {
    long[] parts = seen.parts(counter.max());
    OptionalInt number = seen.withRoom(parts, drawn(counter, isBusy));
    return number.isPresent() ? on(counter, number.getAsInt(), parts[number.getAsInt()]) : null;
  }

  private static Placed.On on(RunCounter counter, int shard, long max) {
    return new Placed.On(List.of(new CounterPlace(counter, shard, max, true)));
  }

  private int drawn(RunCounter counter, boolean isBusy) {
    long drawn = isBusy ? SharedDraw.fresh() : draw.current() ^ counter.key(0).hashCode();
    return (int) Long.remainderUnsigned(drawn, CounterShards.COUNT);
  }

  /// Reads all shards of a counter, which is split from then on. What its head counted as its only
  /// shard is in the reading, because nothing is counted so once the head says that it is split.
  private CounterShards read(RunCounter counter, Deadline deadline) {
    Map<Key, Attributes> stored = stored(counter, deadline);
    Attributes head = stored.get(counter.key(0));
    if (head == null || !head.has(RunCounter.SHARDS)) {
      database.write(
          new Write.Update(
              table,
              counter.key(0),
              "SET " + RunCounter.SHARDS + " = :shards",
              null,
              Attributes.builder().put(":shards", CounterShards.COUNT).build()),
          deadline);
      stored = stored(counter, deadline);
    }
    Map<Key, Attributes> all = stored;
    CounterShards shards =
        new CounterShards(
            IntStream.range(0, CounterShards.COUNT)
                .mapToObj(number -> shard(all.get(counter.key(number))))
                .toList());
    split.add(counter.key(0));
    known.put(counter.key(0), shards);
    return shards;
  }

  private Map<Key, Attributes> stored(RunCounter counter, Deadline deadline) {
    List<Key> keys =
        IntStream.range(0, CounterShards.COUNT).mapToObj(number -> counter.key(number)).toList();
    Map<Key, Attributes> stored = new HashMap<>();
    database.getAll(table, keys, deadline).forEach(item -> stored.put(item.key(), item));
    return stored;
  }

  private static CounterShards.Shard shard(@Nullable Attributes item) {
    return item == null
        ? CounterShards.Shard.ABSENT
        : new CounterShards.Shard(
            item.numberOr(RunCounter.COUNT, 0), item.numberOr(RunCounter.FREED, 0));
  }

  /// How many runs a counter counts that refused an increment, if it is full. Empty where the shard
  /// alone is full, or where the counter was split meanwhile. The caller then chooses again.
  ///
  /// @param stored the item whose condition failed
  public OptionalLong countIfFull(CounterPlace place, Attributes stored) {
    Key head = place.counter().key(0);
    if (place.isSplit() || stored.has(RunCounter.SHARDS)) {
      split.add(head);
      known.invalidate(head);
      return OptionalLong.empty();
    }
    return OptionalLong.of(stored.numberOr(RunCounter.COUNT, 0));
  }
}
