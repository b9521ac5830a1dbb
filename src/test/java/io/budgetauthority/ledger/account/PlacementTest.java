package io.budgetauthority.ledger.account;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Scope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/// Where holds on shards are taken (ledger.md#shards).
class PlacementTest {

  private static final AccountKey KEY = AccountKey.total("t", Scope.TENANT, "-");

  private static Account shard(int number, long available, int count) {
    return new Account(
        KEY.ofShard(number),
        MicroUsd.of(available),
        MicroUsd.ZERO,
        MicroUsd.ZERO,
        MicroUsd.of(available),
        LimitVersion.NONE,
        AccountIncreases.NONE,
        new Account.Split(count, MicroUsd.ZERO, MicroUsd.ZERO),
        null);
  }

  private static Shards shards(int own, long... available) {
    Map<Integer, Account> others = new HashMap<>();
    for (int i = 1; i < available.length; i++) {
      if (available[i] != 0) {
        others.put(i, shard(i, available[i], 1));
      }
    }
    return new Shards(
        shard(0, available[0], available.length), others, own, true, Shards.Sums.ZERO);
  }

  private static Placement placed(Shards shards, long least) {
    return Placement.of(shards, MicroUsd.of(least)).orElseThrow();
  }

  @Test
  void whenTheShardHasEnough_nothingMoves() {
    assertThat(placed(shards(1, 5, 7, 9), 7)).isEqualTo(new Placement(1, Map.of()));
  }

  private static Optional<Placement> onOwn(Shards shards, long least) {
    return Placement.onOwn(shards, MicroUsd.of(least));
  }

  @Test
  void whenAShardHasPlenty_itGivesHalfTheDifference() {
    assertThat(placed(shards(1, 0, 2, 24), 3))
        .isEqualTo(new Placement(1, Map.of(2, MicroUsd.of(-11))));
  }

  @Test
  void whenNoShardHasPlenty_oneThatSufficesTakesTheHold() {
    assertThat(placed(shards(1, 5, 2, 20), 3)).isEqualTo(new Placement(2, Map.of()));
    assertThat(placed(shards(2, 5, 20, 1), 3)).isEqualTo(new Placement(0, Map.of()));
  }

  @Test
  void whenNoShardSuffices_theNextOnesGiveAllTheyHave() {
    assertThat(placed(shards(1, 4, 0, 6, 3), 8))
        .isEqualTo(new Placement(2, Map.of(3, MicroUsd.of(-3))));
    assertThat(Placement.of(shards(1, 4, 0, 6, 3), MicroUsd.of(14))).isEmpty();
  }

  @Test
  void whenAHoldStaysOnItsShard_othersGiveToIt() {
    assertThat(onOwn(shards(1, 0, 2, 20), 3))
        .hasValue(new Placement(1, Map.of(2, MicroUsd.of(-9))));
    assertThat(onOwn(shards(0, 1, 4, 6, 3), 10))
        .hasValue(new Placement(0, Map.of(2, MicroUsd.of(-6), 1, MicroUsd.of(-3))));
  }

  @Test
  void whenTheHeadIsFarBelowZero_aGiverGivesWhatItHas() {
    assertThat(onOwn(shards(0, -20, 9, 10), -15))
        .hasValue(new Placement(0, Map.of(1, MicroUsd.of(-9))));
  }

  @Test
  void whenTheHeadIsInDebt_theCallPaysItAll() {
    assertThat(placed(shards(2, -4, 6, 5), 5))
        .isEqualTo(new Placement(2, Map.of(0, MicroUsd.of(4), 1, MicroUsd.of(-4))));
    assertThat(Placement.of(shards(2, -4, 3, 5), MicroUsd.of(5))).isEmpty();
  }

  private static Account with(int number, long limit, long reserved, long freed) {
    return new Account(
        KEY.ofShard(number),
        MicroUsd.of(limit),
        MicroUsd.ZERO,
        MicroUsd.of(reserved),
        MicroUsd.of(limit - reserved),
        LimitVersion.NONE,
        AccountIncreases.NONE,
        new Account.Split(
            number == 0 ? 2 : 1, MicroUsd.of(number == 0 ? 5 : 0), MicroUsd.of(freed)),
        null);
  }

  private static Shards both(Account head, Account other) {
    return new Shards(head, Map.of(1, other), 0, true, Shards.Sums.ZERO);
  }

  @Test
  void whenSumsAreAdded_theHeadSaysTheLimit() {
    Account account = both(with(0, 5, 1, 0), with(1, 5, 3, 0)).account();

    assertThat(account.limit()).isEqualTo(MicroUsd.of(10));
    assertThat(account.available()).isEqualTo(MicroUsd.of(6));
    assertThat(account.addsUp()).isTrue();
  }

  /// What was freed on one shard was taken on the other before that was read, twice.
  @Test
  void whenMoneyMovedBetweenReadings_whatWasFreedCounts() {
    Shards earlier = both(with(0, 5, 5, 0), with(1, 5, 5, 0));
    Shards later = both(with(0, 5, 5, 5), with(1, 5, 5, 5));

    assertThat(later.account().available()).isEqualTo(MicroUsd.ZERO);
    assertThat(Shards.atMostSince(earlier, later).map(Account::available))
        .hasValue(MicroUsd.of(10));
    assertThat(Shards.atMostSince(null, later)).isEmpty();
  }

  @RepeatedTest(50)
  void whenTheSumSuffices_itIsPlacedWithinWhatEachHas(RepetitionInfo repetition) {
    RandomGenerator random =
        RandomGeneratorFactory.of("SplittableRandom").create(repetition.getCurrentRepetition());
    for (int round = 0; round < 200; round++) {
      int count = 2 + random.nextInt(63);
      long[] available = new long[count];
      for (int i = 0; i < count; i++) {
        available[i] = random.nextInt(4) == 0 ? random.nextInt(1_000) : random.nextInt(3);
      }
      if (random.nextBoolean()) {
        available[0] = -random.nextInt(500);
      }
      int own = random.nextBoolean() ? 0 : random.nextInt(count);
      boolean stays = random.nextBoolean();
      // The margin of a soft gate, which uses the head alone, may be more than the hold.
      long least = stays && own == 0 ? random.nextInt(2_000) - 500 : 1 + random.nextInt(1_500);
      long sum = 0;
      for (long one : available) {
        sum += one;
      }
      Shards shards = shards(own, available);
      Optional<Placement> placement =
          stays ? onOwn(shards, least) : Placement.of(shards, MicroUsd.of(least));
      assertThat(placement.isPresent())
          .as("%d of %s on %d", least, List.of(available), own)
          .isEqualTo(sum >= least);
      placement.ifPresent(
          it -> {
            int taker = it.shard();
            it.moved().forEach((number, change) -> available[number] += change.micros());
            available[taker] += it.gets().micros();
            assertThat(!stays || taker == own).isTrue();
            assertThat(it.moved()).doesNotContainKey(taker);
            assertThat(available[taker]).isGreaterThanOrEqualTo(least);
            for (int i = 0; i < count; i++) {
              assertThat(i == taker || available[i] >= 0).isTrue();
            }
          });
    }
  }
}
