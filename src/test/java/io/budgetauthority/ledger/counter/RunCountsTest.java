package io.budgetauthority.ledger.counter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.shard.SharedDraw;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Written;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Counters that are split (ledger.md#counters), on the local DynamoDB.
class RunCountsTest {

  private static final long MANY = CounterShards.SPLIT_FROM;
  private static final MicroUsd RUN_LIMIT = MicroUsd.of(1_000_000);

  private final TestAuthority service = new TestAuthority();
  private final String table =
      LocalCloudForTests.shared().definitions().ledgerTable().create().tableName();
  private final RunCounts counts = process();

  private RunCounts process() {
    return new RunCounts(service.database, table, new SharedDraw(false));
  }

  private RunCounter ofKey(long max) {
    return new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, service.tenantId, "ci", max);
  }

  private static RunCounts.Placed place(RunCounts process, RunCounter counter) {
    return process.place(List.of(counter), false, Deadline.ofRequest());
  }

  private static CounterPlace placed(RunCounts process, RunCounter counter) {
    return assertInstanceOf(RunCounts.Placed.On.class, place(process, counter)).places().getFirst();
  }

  private Written count(CounterPlace place, int times) {
    return service.database.transact(List.of(place.increment(table, times)), Deadline.ofRequest());
  }

  private void fill(RunCounter counter, long each) {
    for (int shard = 0; shard < CounterShards.COUNT; shard++) {
      assertThat(count(new CounterPlace(counter, shard, MANY, true), (int) each).isDone()).isTrue();
    }
  }

  @Test
  void whenFewRunsAreAllowed_theHeadCountsThem() {
    CounterPlace place = placed(counts, ofKey(2));

    assertThat(place).isEqualTo(CounterPlace.ofHead(ofKey(2)));
    assertThat(count(place, 2).isDone()).isTrue();
    Written third = count(place, 1);
    assertThat(third.failed(0)).isTrue();
    assertThat(counts.countIfFull(place, third.stored(0))).hasValue(2);
  }

  @Test
  void whenAGroupIsMoreThanTheMaximum_itIsNotCounted() {
    assertThat(count(placed(counts, ofKey(2)), 3).failed(0)).isTrue();
  }

  @Test
  void whenManyRunsAreAllowed_shardsCountThem() {
    Set<Integer> used = new HashSet<>();
    for (int i = 0; i < 40; i++) {
      CounterPlace place = placed(counts, ofKey(MANY));
      assertThat(place.isSplit()).isTrue();
      assertThat(place.max()).isBetween(MANY / 64, MANY / 64 + 1);
      assertThat(count(place, 1).isDone()).isTrue();
      used.add(place.shard());
    }

    assertThat(used).hasSizeGreaterThan(10);
  }

  @Test
  void whenAllShardsAreFull_theCounterIs() {
    fill(ofKey(MANY), MANY / 64);
    CounterPlace last = null;
    for (long left = MANY % 64; left > 0; left--) {
      last = placed(process(), ofKey(MANY));
      assertThat(count(last, 1).isDone()).isTrue();
    }
    assertThat(last).isNotNull();

    assertThat(place(counts, ofKey(MANY))).isEqualTo(new RunCounts.Placed.Full(ofKey(MANY), MANY));
    assertThat(
            service
                .database
                .write(ofKey(MANY).decrement(table, last.shard(), 1), Deadline.ofRequest())
                .isDone())
        .isTrue();
    assertThat(placed(process(), ofKey(MANY)).shard()).isEqualTo(last.shard());
  }

  @Test
  void whenAShardFillsUp_anotherIsChosenAfterIt() {
    RunCounts other = process();
    CounterPlace place = placed(counts, ofKey(MANY));
    assertThat(count(place, (int) place.max()).isDone()).isTrue();
    Written refused = count(place, 1);

    assertThat(refused.failed(0)).isTrue();
    assertThat(counts.countIfFull(place, refused.stored(0))).isEmpty();
    for (RunCounts process : List.of(counts, other)) {
      assertThat(
              IntStream.range(0, 200)
                  .map(i -> placed(process, ofKey(MANY)).shard())
                  .noneMatch(shard -> shard == place.shard()))
          .isTrue();
    }
  }

  @Test
  void whenAProcessDoesNotKnowThatItIsSplit_itsWriteIsRefused() {
    RunCounts late = process();
    CounterPlace head = placed(late, ofKey(9));
    assertThat(count(placed(counts, ofKey(MANY)), 1).isDone()).isTrue();

    Written refused = count(head, 1);
    assertThat(refused.failed(0)).isTrue();
    assertThat(late.countIfFull(head, refused.stored(0))).isEmpty();
    assertThat(placed(late, ofKey(9)).isSplit()).isTrue();
  }

  @Test
  void whenTheMaximumIsLowered_noMoreAreCounted() {
    assertThat(placed(counts, ofKey(MANY)).isSplit()).isTrue();
    fill(ofKey(MANY), 3);

    assertThat(place(process(), ofKey(100)))
        .isEqualTo(new RunCounts.Placed.On(List.of(CounterPlace.ofHead(ofKey(100)))));
    RunCounts late = process();
    CounterPlace head = placed(late, ofKey(100));
    assertThat(late.countIfFull(head, count(head, 1).stored(0))).isEmpty();
    assertThat(place(late, ofKey(100))).isEqualTo(new RunCounts.Placed.Full(ofKey(100), 3 * 64));
  }

  private Attributes shard(RunCounter counter, int number) {
    return service.database.get(table, counter.key(number), Deadline.ofRequest()).orElseThrow();
  }

  @Test
  void whenRunsEnd_theShardsThatCountedThemDoSoNoLonger() {
    service.policy(new PolicyBuilder().activeRuns((int) MANY).newRunsPerDay((int) MANY).build());
    Set<Integer> shards = new HashSet<>();
    for (int i = 0; i < 12; i++) {
      assertThat(service.ask("call-" + i, "run-" + i, 0, 1, RUN_LIMIT))
          .isInstanceOf(Answer.Decided.class);
      Run.CountedOn on = service.run("run-" + i).countedOn();
      RunCounter ofUser =
          new RunCounter(RunCounter.Of.ACTIVE_OF_USER, service.tenantId, "ada", MANY);
      assertThat(shard(ofUser, on.userShard()).number("n")).isPositive();
      shards.add(on.userShard());
    }
    assertThat(shards).hasSizeGreaterThan(3);
    for (int i = 0; i < 12; i++) {
      assertThat(service.close("run-" + i)).isTrue();
    }

    for (int shard : shards) {
      RunCounter ofUser =
          new RunCounter(RunCounter.Of.ACTIVE_OF_USER, service.tenantId, "ada", MANY);
      assertThat(shard(ofUser, shard).number("n")).isZero();
      assertThat(shard(ofUser, shard).number("fre")).isPositive();
    }
  }
}
