package io.budgetauthority.ledger.counter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/// How a maximum is divided among the shards of a counter (ledger.md#counters).
class CounterShardsTest {

  private static CounterShards of(long... counts) {
    return new CounterShards(
        LongStream.of(counts).mapToObj(count -> new CounterShards.Shard(count, 0)).toList());
  }

  @Test
  void whenNoShardIsOver_allHaveEqualParts() {
    assertThat(of(0, 0, 0, 0).parts(10)).containsExactly(3, 3, 2, 2);
  }

  @Test
  void whenAShardIsOver_theOthersShareTheRest() {
    assertThat(of(7, 0, 0).parts(10)).containsExactly(7, 2, 1);
    assertThat(of(20, 3, 0).parts(10)).containsExactly(20, 3, 0);
  }

  @Test
  void whenAllPartsAreCounted_noShardHasRoom() {
    assertThat(of(3, 3, 2, 2).withRoom(of(3, 3, 2, 2).parts(10), 1)).isEmpty();
    assertThat(of(3, 3, 1, 2).withRoom(of(3, 3, 1, 2).parts(10), 3)).hasValue(2);
  }

  @Test
  void whenRunsEndBetweenReadings_thoseAreTakenOff() {
    CounterShards earlier = of(5, 5);
    CounterShards later =
        new CounterShards(List.of(new CounterShards.Shard(5, 2), new CounterShards.Shard(5, 0)));

    assertThat(later.leastSince(earlier)).isEqualTo(8);
  }

  /// Several processes count by readings of different ages, of which each shard is read at another
  /// time. Runs end meanwhile. The maximum is as it was lowered to at the start.
  @RepeatedTest(30)
  void whenReadingsAreOld_theMaximumIsNeverExceeded(RepetitionInfo repetition) {
    RandomGenerator random =
        RandomGeneratorFactory.of("SplittableRandom").create(repetition.getCurrentRepetition());
    int shards = 2 + random.nextInt(9);
    long max = random.nextInt(60);
    long[] counts = new long[shards];
    for (int i = 0; i < shards; i++) {
      counts[i] = random.nextInt(3) == 0 ? random.nextInt(40) : 0;
    }
    long before = LongStream.of(counts).sum();
    List<long[]> states = new ArrayList<>();
    states.add(counts.clone());
    boolean wasFull = false;
    for (int step = 0; step < 3_000; step++) {
      int from = states.size() - 1 - random.nextInt(Math.min(states.size(), 30));
      long[] read = new long[shards];
      for (int i = 0; i < shards; i++) {
        read[i] = states.get(from + random.nextInt(states.size() - from))[i];
      }
      CounterShards seen = of(read);
      long[] parts = seen.parts(max);
      int drawn = random.nextInt(shards);
      if (random.nextInt(3) == 0) {
        counts[drawn] = Math.max(0, counts[drawn] - 1);
      } else {
        var room = seen.withRoom(parts, drawn);
        if (room.isPresent() && counts[room.getAsInt()] < parts[room.getAsInt()]) {
          counts[room.getAsInt()]++;
        }
      }
      long sum = LongStream.of(counts).sum();
      before = Math.min(before, Math.max(sum, max));
      wasFull |= sum == max;
      assertThat(sum).as(Arrays.toString(counts)).isLessThanOrEqualTo(Math.max(max, before));
      states.add(counts.clone());
    }
    assertThat(wasFull).as("the maximum %d is reached", max).isTrue();
  }
}
