package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.Shards;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Accounts with several shards: exact as accounts of one item (ledger.md#shards).
class ShardsTest {

  private static final MicroUsd RUN_LIMIT = MicroUsd.of(900_000_000);

  private static TestAuthority withTenantCeiling(long limit, int shards, Faults... faults) {
    TestAuthority one = new TestAuthority(faults);
    one.policy(Policy.DEFAULT);
    put(one, limit, null, shards);
    return one;
  }

  private static void put(TestAuthority one, long limit, @Nullable Mode mode, int shards) {
    one.ceiling(
        Scope.TENANT,
        "-",
        Window.TOTAL,
        new Ceiling(MicroUsd.of(limit), mode, MicroUsd.of(10), List.of(50), null, null, shards));
  }

  /// A call of as many times 5 micro-USD.
  private static Answer.Decided ask(TestAuthority process, String key, int tokens) {
    while (true) {
      try {
        return (Answer.Decided) process.ask(key, "run-" + key, 0, tokens, RUN_LIMIT);
      } catch (StorageContended | StorageUnavailable e) {
        Thread.onSpinWait();
      }
    }
  }

  private static boolean isAllowed(Answer.Decided answer) {
    return !answer.decision().isBlocked();
  }

  private static void commit(TestAuthority process, String key, int tokens) {
    assertThat(TestAuthority.untilAnswered(() -> process.commit(process.idOf(key), 0, tokens)))
        .isInstanceOf(Settlement.Result.Done.class);
  }

  private static Account tenant(TestAuthority process) {
    return process.account(Scope.TENANT, "-");
  }

  /// The account, whose shards must add up, each and together. Only the head may be in debt.
  private static Account checked(TestAuthority process, long limit) {
    Account account = tenant(process);
    Shards shards = account.shards();
    assertThat(shards).isNotNull();
    MicroUsd limits = MicroUsd.ZERO;
    for (Account shard : shards.items()) {
      assertThat(shard.addsUp()).as("%s", shard).isTrue();
      limits = limits.plus(shard.limit());
      if (shard.key().shard() != 0) {
        assertThat(shard.storedAvailable().isNegative()).as("%s", shard).isFalse();
        assertThat(shard.limit().isNegative()).as("%s", shard).isFalse();
      }
    }
    assertThat(limits).isEqualTo(MicroUsd.of(limit));
    assertThat(account.limit()).isEqualTo(MicroUsd.of(limit));
    return account;
  }

  private static int countOf(TestAuthority process) {
    return tenant(process).split().count();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 7, 64})
  void whenManyAskAtOnce_exactlyWhatFitsIsAllowed(int shards) throws Exception {
    exactly(withTenantCeiling(500, shards));
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 64})
  void whenAnswersAreLost_exactlyWhatFitsIsAllowed(int shards) throws Exception {
    Faults faults = new Faults(27 + shards, 10, 35);
    exactly(withTenantCeiling(500, shards, faults));
    assertThat(faults.lost.get()).isPositive();
    assertThat(faults.conflicts.get()).isPositive();
  }

  private static void exactly(TestAuthority one) throws Exception {
    TestAuthority other = one.anotherProcess();
    List<Answer.Decided> answers =
        TestAuthority.all(120, i -> () -> ask(i % 2 == 0 ? one : other, "call-" + i, 1 + i % 2));

    long allowed =
        answers.stream()
            .filter(ShardsTest::isAllowed)
            .mapToLong(it -> it.reservation().estimate().micros())
            .sum();
    // Calls of 5 and of 10 fit a limit of 500 whole, up to the last 5.
    assertThat(allowed).isBetween(495L, 500L);
    assertThat(checked(one, 500).reserved()).isEqualTo(MicroUsd.of(allowed));

    List<Integer> let = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      if (isAllowed(answers.get(i))) {
        let.add(i);
      }
    }
    var unused =
        TestAuthority.all(
            let.size(),
            i ->
                () -> {
                  commit(i % 2 == 0 ? other : one, "call-" + let.get(i), i % 3);
                  return i;
                });
    long committed = 0;
    for (int i = 0; i < let.size(); i++) {
      committed += 5L * (i % 3);
    }
    Account after = checked(one, 500);
    assertThat(after.reserved()).isEqualTo(MicroUsd.ZERO);
    assertThat(after.committed()).isEqualTo(MicroUsd.of(committed));
  }

  @Test
  void whenTheRestIsOnManyShards_oneCallGetsItAll() throws Exception {
    TestAuthority one = withTenantCeiling(5_000, 64);
    List<Answer.Decided> held = TestAuthority.all(200, i -> () -> ask(one, "small-" + i, 1));
    assertThat(held).allMatch(ShardsTest::isAllowed);
    assertThat(held.stream().map(ShardsTest::shardOf).distinct().count()).isGreaterThan(1);

    assertThat(isAllowed(ask(one, "rest", 800))).isTrue();
    assertThat(isAllowed(ask(one, "more", 1))).isFalse();
    assertThat(checked(one, 5_000).available()).isEqualTo(MicroUsd.ZERO);
  }

  private static int shardOf(Answer.Decided answer) {
    return answer.decision().accounts().stream()
        .filter(share -> share.scope() == Scope.TENANT)
        .mapToInt(AccountShare::shard)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whenAChargeIsAboveTheHold_theHeadOwesIt() {
    TestAuthority one = withTenantCeiling(100, 7);
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      keys.add("call-" + i);
      assertThat(isAllowed(ask(one, "call-" + i, 2))).isTrue();
    }
    keys.forEach(key -> commit(one, key, 4));
    assertThat(checked(one, 100).available()).isEqualTo(MicroUsd.of(-20));
    assertThat(isAllowed(ask(one, "none", 1))).isFalse();

    put(one, 130, null, 7);
    assertThat(isAllowed(ask(one, "three", 3))).isFalse();
    assertThat(isAllowed(ask(one, "two", 2))).isTrue();
    assertThat(checked(one, 130).available()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenTheLimitIsLowered_aCallAfterItIsJudgedUnderIt() throws Exception {
    TestAuthority one = withTenantCeiling(1_000, 16);
    TestAuthority other = one.anotherProcess();
    var unused = TestAuthority.all(60, i -> () -> ask(i % 2 == 0 ? one : other, "small-" + i, 1));
    put(one, 400, null, 16);

    assertThat(isAllowed(ask(other, "five", 21))).isFalse();
    assertThat(isAllowed(ask(other, "four", 20))).isTrue();
    assertThat(isAllowed(ask(one, "none", 1))).isFalse();
    assertThat(checked(one, 400).available()).isEqualTo(MicroUsd.ZERO);

    put(other, 405, null, 16);
    assertThat(isAllowed(ask(one, "one", 1))).isTrue();
    assertThat(checked(one, 405).available()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenTheModeChanges_allShardsCountInIt() throws Exception {
    TestAuthority one = withTenantCeiling(500, 8);
    List<Answer.Decided> held = TestAuthority.all(80, i -> () -> ask(one, "small-" + i, 1));
    assertThat(held).allMatch(ShardsTest::isAllowed);

    put(one, 500, Mode.SOFT_GATE, 8);
    // 100 are left, and the margin is 10.
    assertThat(isAllowed(ask(one, "23", 23))).isFalse();
    assertThat(isAllowed(ask(one, "22", 22))).isTrue();
    assertThat(checked(one, 500).available()).isEqualTo(MicroUsd.of(-10));

    put(one, 500, Mode.ADVISORY_ESTIMATE, 8);
    assertThat(isAllowed(ask(one, "advisory", 30))).isTrue();
    put(one, 500, Mode.ACTUALS_ONLY, 8);
    assertThat(isAllowed(ask(one, "actuals", 30))).isTrue();
    for (int i = 0; i < 80; i++) {
      commit(one, "small-" + i, 1);
    }
    commit(one, "22", 22);
    assertThat(isAllowed(ask(one, "spent", 1))).isFalse();

    put(one, 500, Mode.HARD_GATE, 8);
    assertThat(isAllowed(ask(one, "hard", 1))).isFalse();
    put(one, 1_000, Mode.HARD_GATE, 8);
    assertThat(isAllowed(ask(one, "hard-now", 1))).isTrue();
    assertThat(checked(one, 1_000).reserved()).isEqualTo(MicroUsd.of(155));
  }

  @Test
  void whenAnAccountIsMade_itsShardsHaveEqualParts() {
    TestAuthority one = withTenantCeiling(64_000, 64);
    assertThat(isAllowed(ask(one, "first", 1))).isTrue();

    Account account = checked(one, 64_000);
    assertThat(account.items()).hasSize(64);
    assertThat(account.items())
        .filteredOn(item -> item.key().shard() > 0)
        .extracting(Account::limit)
        .containsOnly(MicroUsd.of(999));
    assertThat(account.reserved()).isEqualTo(MicroUsd.of(5));
  }

  @Test
  void whenPartsWouldBeSmall_theHeadBeginsWithTheLimit() {
    TestAuthority one = withTenantCeiling(2_500, 64);
    assertThat(isAllowed(ask(one, "first", 1))).isTrue();

    assertThat(checked(one, 2_500).items()).hasSize(1);
  }

  /// The items of both accounts are more than a transaction may have.
  @Test
  void whenTwoAccountsAreMade_oneIsDivided() {
    TestAuthority one = withTenantCeiling(64_000, 64);
    one.ceiling(
        Scope.USER,
        "ada",
        Window.TOTAL,
        new Ceiling(MicroUsd.of(64_000), null, null, List.of(50), null, null, 64));
    assertThat(isAllowed(ask(one, "first", 1))).isTrue();

    assertThat(
            List.of(
                one.account(Scope.USER, "ada").items().size(), checked(one, 64_000).items().size()))
        .containsExactlyInAnyOrder(1, 64);
    assertThat(isAllowed(ask(one, "all", 12_790))).isTrue();
    assertThat(isAllowed(ask(one, "more", 100))).isFalse();
  }

  @Test
  void whenAnotherModeIsShort_theHeadTakesTheHold() throws Exception {
    TestAuthority one = withTenantCeiling(500, 8);
    var unused = TestAuthority.all(80, i -> () -> ask(one, "small-" + i, 1));

    put(one, 500, Mode.SOFT_GATE, 8);
    for (int i = 0; i < 10; i++) {
      Answer.Decided soft = ask(one, "soft-" + i, 2);
      assertThat(isAllowed(soft)).isTrue();
      assertThat(soft.decision().accounts())
          .filteredOn(share -> share.scope() == Scope.TENANT)
          .extracting(AccountShare::shard)
          .containsExactly(0);
    }
    assertThat(checked(one, 500).available()).isEqualTo(MicroUsd.ZERO);
  }

  /// Its head goes far below zero, while the other shards have what they had in `hard_gate`.
  @ParameterizedTest
  @ValueSource(ints = {2, 7, 64})
  void whenASoftGateHasAMargin_allOfItIsUsed(int shards) {
    TestAuthority one = withTenantCeiling(70_000, shards);
    for (int i = 0; i < 10; i++) {
      assertThat(isAllowed(ask(one, "hard-" + i, 1))).isTrue();
    }

    one.ceiling(
        Scope.TENANT,
        "-",
        Window.TOTAL,
        new Ceiling(
            MicroUsd.of(70_000),
            Mode.SOFT_GATE,
            MicroUsd.of(20_000),
            List.of(50),
            null,
            null,
            shards));
    for (int i = 0; i < 89; i++) {
      assertThat(isAllowed((Answer.Decided) one.ask("soft-" + i, "run", 0, 200, RUN_LIMIT)))
          .as("%s", i)
          .isTrue();
    }
    assertThat(isAllowed(ask(one, "last", 200))).isFalse();
    assertThat(checked(one, 70_000).available()).isEqualTo(MicroUsd.of(-19_050));
  }

  /// It has no other shard to use, so it waits until its deadline and is not decided in rounds.
  @Test
  void whenTheHeadIsBusyForLong_aHoldOfAnotherModeWaits() {
    TestAuthority one = withTenantCeiling(500, 8);
    assertThat(isAllowed(ask(one, "first", 1))).isTrue();
    put(one, 500, Mode.SOFT_GATE, 8);
    Faults busy = new Faults(11, 0, 90);
    TestAuthority process = one.anotherProcess(busy);

    for (int i = 0; i < 10; i++) {
      assertThat(process.ask("soft-" + i, "run-" + i, 0, 1, RUN_LIMIT))
          .isInstanceOfSatisfying(Answer.Decided.class, it -> assertThat(isAllowed(it)).isTrue());
    }
    assertThat(busy.conflicts.get()).isGreaterThan(40);
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 64})
  void whenAnIncreaseIsSpentToo_aCallIsRefused(int shards) {
    TestAuthority one = withTenantCeiling(500, shards);
    assertThat(isAllowed(ask(one, "first", 100))).isTrue();
    assertThat(isAllowed(ask(one, "second", 100))).isFalse();
    assertThat(
            one.configuration.addIncrease.add(
                TestConfiguration.admin(one.tenantId),
                new AddIncrease.Wanted(
                    "more",
                    "any",
                    new ScopeId(one.tenantId, Scope.TENANT, "-"),
                    Window.TOTAL,
                    MicroUsd.of(1_000),
                    one.clock.instant().plusSeconds(60),
                    "a test")))
        .isInstanceOf(AddIncrease.Result.Added.class);

    assertThat(isAllowed(ask(one, "third", 200))).isTrue();
    assertThat(one.ask("fourth", "run", 0, 1, RUN_LIMIT))
        .isInstanceOfSatisfying(
            Answer.Decided.class, it -> assertThat(it.decision().isBlocked()).isTrue());
    assertThat(checked(one, 1_500).available()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenAHoldIsExtended_theWholeAccountCounts() throws Exception {
    TestAuthority one = withTenantCeiling(500, 8);
    assertThat(isAllowed(ask(one, "long", 10))).isTrue();
    var unused = TestAuthority.all(40, i -> () -> ask(one, "small-" + i, 1));

    assertThat(one.settlement.extend(one.gateway, one.idOf("long"), null, 61L))
        .isInstanceOf(Settlement.Result.Blocked.class);
    assertThat(one.settlement.extend(one.gateway, one.idOf("long"), null, 60L))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(checked(one, 500).available()).isEqualTo(MicroUsd.ZERO);
    commit(one, "long", 70);
    assertThat(checked(one, 500).available()).isEqualTo(MicroUsd.of(-50));
  }

  /// The moves of both accounts and the hold are more than a transaction may have.
  @Test
  void whenAnExtensionNeedsManyShards_itGetsThem() throws Exception {
    TestAuthority one = withTenantCeiling(5_000, 64);
    one.ceiling(
        Scope.USER,
        "ada",
        Window.TOTAL,
        new Ceiling(MicroUsd.of(5_000), null, null, List.of(), null, null, 64));
    var unused = TestAuthority.all(200, i -> () -> ask(one, "small-" + i, 1));
    var unusedToo =
        TestAuthority.all(
            200,
            i ->
                () -> {
                  commit(one, "small-" + i, 0);
                  return i;
                });
    assertThat(isAllowed(ask(one, "long", 1))).isTrue();

    assertThat(one.settlement.extend(one.gateway, one.idOf("long"), null, 1_000L))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(checked(one, 5_000).available()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenTheHeadIsInDebt_aCheaperModelIsTaken() {
    TestAuthority one = withTenantCeiling(100, 4);
    assertThat(isAllowed(ask(one, "first", 10))).isTrue();
    assertThat(isAllowed(ask(one, "second", 5))).isTrue();
    put(one, 0, null, 4);

    for (String key : List.of("first", "second")) {
      assertThat(
              one.settlement.retarget(one.gateway, one.idOf(key), null, TestAuthority.CHEAP_MODEL))
          .isInstanceOf(Settlement.Result.Done.class);
    }
    assertThat(checked(one, 0).available().isNegative()).isTrue();
  }

  @Test
  void whenAThresholdIsCrossed_oneAnswerSaysSo() {
    TestAuthority one = withTenantCeiling(100, 32);
    List<Integer> warned = new ArrayList<>();
    for (int i = 1; i <= 15; i++) {
      if (!ask(one, "call-" + i, 1).decision().warnings().isEmpty()) {
        warned.add(i);
      }
    }
    assertThat(warned).containsExactly(10);
  }

  @Test
  void whenShardsAreStatedLater_theAccountIsSplitInUse() {
    TestAuthority one = new TestAuthority();
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.TENANT, "-", MicroUsd.of(100));
    assertThat(isAllowed(ask(one, "before", 4))).isTrue();
    assertThat(countOf(one)).isEqualTo(1);

    put(one, 100, null, 4);
    assertThat(isAllowed(ask(one, "after", 12))).isTrue();
    assertThat(countOf(one)).isEqualTo(4);
    commit(one, "before", 8);
    assertThat(isAllowed(ask(one, "none", 1))).isFalse();
    assertThat(checked(one, 100).available()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenALateCallIsCharged_theHeadIsCharged() {
    TestAuthority one = withTenantCeiling(100, 4);
    assertThat(isAllowed(ask(one, "first", 10))).isTrue();
    assertThat(isAllowed(ask(one, "second", 5))).isTrue();

    commit(one, "first", 20);
    commit(one, "second", 0);
    assertThat(checked(one, 100).available()).isEqualTo(MicroUsd.ZERO);
    assertThat(isAllowed(ask(one, "none", 1))).isFalse();
  }

  /// A reading of both shards is fooled: what it has read is freed, and what it has not read yet is
  /// taken. All the time a call of 5 fits. A call that cannot tell reads eight times at most, and
  /// tries to hold three times.
  @Test
  void whenMoneyMovesDuringEachReading_noCallIsRefused() {
    TestAuthority one = withTenantCeiling(10, 2);
    assertThat(isAllowed(ask(one, "held-0", 1))).isTrue();
    AtomicInteger last = new AtomicInteger();
    AtomicBoolean moves = new AtomicBoolean();
    AtomicInteger readings = new AtomicInteger();
    ItemByItem reader =
        new ItemByItem(
            LocalCloudForTests.dynamoDb().build(),
            all -> all.sort(Comparator.comparing(it -> it.key().toString().contains("-#1"))),
            item -> {
              if (item.key().toString().contains("tenant#-") && moves.get()) {
                readings.incrementAndGet();
                // Half of the calls take the other shard.
                commit(one, "held-" + last.get(), 0);
                var unused = ask(one, "held-" + last.incrementAndGet(), 1);
              }
            });
    TestAuthority other =
        one.anotherProcess(client -> reader.around(client, (method, call) -> call.make()));
    for (int i = 0; i < 8; i++) {
      String key = "asked-" + i;
      moves.set(true);
      readings.set(0);
      try {
        Answer answer = other.ask(key, "run-" + key, 0, 1, RUN_LIMIT);
        assertThat(isAllowed((Answer.Decided) answer)).as(key).isTrue();
        moves.set(false);
        commit(one, key, 0);
      } catch (StorageContended e) {
        // It found no instant without a change.
        assertThat(readings.get()).as("of two shards").isLessThanOrEqualTo(2 * (1 + 8 + 3));
      }
    }
    assertThat(checked(one, 10).reserved()).isEqualTo(MicroUsd.of(5));
  }
}
