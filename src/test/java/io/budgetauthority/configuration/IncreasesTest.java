package io.budgetauthority.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.increase.Increase;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// More money for a while: added once, ended once, exact in between (ledger.md#increases).
class IncreasesTest {

  private static final MicroUsd RUN_LIMIT = MicroUsd.of(900_000_000);

  private final TestAuthority one = new TestAuthority();
  private final TestAuthority other = one.anotherProcess();

  @BeforeEach
  void aCeiling() {
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", MicroUsd.of(1_000));
  }

  private static Increase add(TestAuthority process, String key, long micros, Instant until) {
    return assertInstanceOf(
            AddIncrease.Result.Added.class, result(process, key, micros, until), key)
        .increase();
  }

  private static AddIncrease.Result result(
      TestAuthority process, String key, long micros, Instant until) {
    return process.configuration.addIncrease.add(
        TestConfiguration.admin(process.tenantId),
        new AddIncrease.Wanted(
            process.tenantId + key,
            key + micros + until,
            new ScopeId(process.tenantId, Scope.USER, "ada"),
            Window.TOTAL,
            MicroUsd.of(micros),
            until,
            "a test"));
  }

  private Instant in(long seconds) {
    return one.clock.instant().plusSeconds(seconds);
  }

  private static boolean passes(TestAuthority process, String key, int outputTokens) {
    return switch (process.ask(key, "run", 0, outputTokens, RUN_LIMIT)) {
      case Answer.Decided decided when decided.decision().isBlocked() -> {
        assertThat(decided.decision().verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
        yield false;
      }
      case Answer.Decided decided -> true;
      case Answer answer -> throw new AssertionError(answer);
    };
  }

  private Account account() {
    Account account = one.account(Scope.USER, "ada");
    assertThat(account.addsUp()).as(account.toString()).isTrue();
    return account;
  }

  @Test
  void whenAnIncreaseLasts_callsFitIt() {
    assertThat(passes(one, "a", 200)).isTrue();
    assertThat(passes(one, "b", 1)).isFalse();

    add(one, "more", 500, in(60));

    assertThat(passes(other, "c", 101)).isFalse();
    assertThat(passes(other, "d", 100)).isTrue();
    assertThat(account().limit()).isEqualTo(MicroUsd.of(1_500));
    assertThat(account().available()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenItsTimeHasPassed_theNextAskIsJudgedWithoutIt() {
    add(one, "more", 500, in(60));
    one.clock.advance(Duration.ofSeconds(60 + Policy.DEFAULT.clockSkewSeconds()));

    assertThat(passes(other, "a", 201)).isFalse();
    assertThat(passes(other, "b", 200)).isTrue();

    assertThat(account().limit()).isEqualTo(MicroUsd.of(1_000));
    assertThat(account().increases().included()).isEmpty();
  }

  @Test
  void whenItWasSpent_itsEndLeavesADebt() {
    add(one, "more", 500, in(60));
    assertThat(passes(one, "a", 300)).isTrue();
    one.clock.advance(Duration.ofMinutes(5));

    assertThat(passes(one, "b", 1)).isFalse();

    assertThat(account().available()).isEqualTo(MicroUsd.of(-500));
    assertThat(account().reserved()).isEqualTo(MicroUsd.of(1_500));
  }

  @Test
  void whenNobodyAsks_theSweeperEndsIt() {
    Increase increase = add(one, "more", 500, in(60));
    Sweeper sweeper = new Sweeper(one.ledger, one.runs, one.configuration.policies, one.clock);
    one.clock.advance(Duration.ofSeconds(62));
    sweeper.sweep(Duration.ofSeconds(20));
    assertThat(account().limit()).as("within the skew").isEqualTo(MicroUsd.of(1_500));
    one.clock.advance(Duration.ofMinutes(2));

    assertThat(sweeper.sweep(Duration.ofSeconds(20)).increasesEnded()).isGreaterThanOrEqualTo(1);

    assertThat(account().limit()).isEqualTo(MicroUsd.of(1_000));
    Increase ended =
        one.ledger
            .increases()
            .find(one.tenantId, increase.id(), Deadline.ofRequest())
            .orElseThrow();
    assertThat(ended.endedAt()).isNotNull();
    assertThat(ended.revoked()).isFalse();
  }

  @Test
  void whenTheCeilingChangesMeanwhile_theIncreaseStays() {
    add(one, "more", 500, in(60));
    other.ceiling(Scope.USER, "ada", MicroUsd.of(2_000));
    assertThat(account().limit()).isEqualTo(MicroUsd.of(2_500));
    assertThat(passes(one, "a", 500)).isTrue();

    one.configuration.revokeIncrease.revoke(
        TestConfiguration.admin(one.tenantId), Increase.idOf(one.tenantId + "more"));

    assertThat(account().limit()).isEqualTo(MicroUsd.of(2_000));
    assertThat(account().available()).isEqualTo(MicroUsd.of(-500));
  }

  @Test
  void whenAnswersAreLost_eachIncreaseIsAddedOnce() {
    Faults faults = new Faults(26, 20, 10);
    TestAuthority losing = TestAuthority.watchedBy(faults);
    losing.policy(Policy.DEFAULT);
    losing.ceiling(Scope.USER, "ada", MicroUsd.of(1_000));
    for (int i = 0; i < 10; i++) {
      assertThat(result(losing, "k" + i, 100, losing.clock.instant().plusSeconds(60)))
          .isNotInstanceOf(AddIncrease.Result.KeyReused.class);
    }

    assertThat(faults.lost.get()).isPositive();
    Account account = losing.account(Scope.USER, "ada");
    assertThat(account.limit()).isEqualTo(MicroUsd.of(2_000));
    assertThat(account.addsUp()).isTrue();
    assertThat(account.increases().included()).hasSize(10);
  }

  /// Two processes add, revoke and outlive increases while both ask, and the ceiling and the policy
  /// change. At each step the limit is the ceiling's and the sum of the increases that last.
  @Test
  void whenTwoProcessesChangeAll_theLimitIsExactAtEachStep() {
    Map<String, Increase> lasting = new HashMap<>();
    long ceiling = 1_000;
    for (long seed = 1; seed <= 4; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      for (int step = 0; step < 40; step++) {
        TestAuthority process = random.nextBoolean() ? one : other;
        String where = "seed " + seed + ", step " + step;
        switch (random.nextInt(6)) {
          case 0, 1 -> {
            if (lasting.size() < AddIncrease.MAX_INCREASES) {
              Increase added =
                  add(
                      process,
                      seed + "-" + step,
                      1 + random.nextInt(900),
                      process.clock.instant().plusSeconds(1 + random.nextInt(90)));
              lasting.put(added.id(), added);
            }
          }
          case 2 -> {
            if (!lasting.isEmpty()) {
              String id = new ArrayList<>(lasting.keySet()).get(random.nextInt(lasting.size()));
              Increase now =
                  process
                      .configuration
                      .revokeIncrease
                      .revoke(TestConfiguration.admin(process.tenantId), id)
                      .orElseThrow();
              // One whose time has passed stays as it is, until the skew has passed too.
              if (now.revoked()) {
                lasting.remove(id);
              }
            }
          }
          case 3 -> {
            ceiling = 500 + random.nextInt(2_000);
            process.ceiling(Scope.USER, "ada", MicroUsd.of(ceiling));
          }
          case 4 -> one.clock.advance(Duration.ofSeconds(random.nextInt(60)));
          default -> passes(process, "ask-" + seed + "-" + step, random.nextInt(60) + 1);
        }
        // The next ask takes away what has ended.
        passes(process, "after-" + seed + "-" + step, 1);
        Instant asOf = one.clock.instant().minusSeconds(Policy.DEFAULT.clockSkewSeconds());
        lasting.values().removeIf(increase -> !increase.until().isAfter(asOf));
        long sum = lasting.values().stream().mapToLong(it -> it.amount().micros()).sum();
        Account account = account();
        assertThat(account.limit()).as(where).isEqualTo(MicroUsd.of(ceiling + sum));
        assertThat(account.increases().included())
            .as(where)
            .extracting(it -> it.id())
            .containsExactlyInAnyOrderElementsOf(lasting.keySet());
        assertThat(List.of(account.available()))
            .as(where)
            .containsExactly(account.limit().minus(account.reserved()).minus(account.committed()));
      }
    }
  }
}
