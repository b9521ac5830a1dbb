package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.UsageCharge;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Spend that refills evenly: exact before the call, and nothing that was refilled is given back
/// (ledger.md#rates).
class RatesTest {

  private static final MicroUsd RUN_LIMIT = MicroUsd.of(900_000_000_000L);

  private final TestAuthority one = new TestAuthority();
  private final TestAuthority other = one.anotherProcess();
  private int asks;

  @BeforeEach
  void aPolicy() {
    one.policy(Policy.DEFAULT);
  }

  /// A call of 5 micro-USD for each output token.
  private Decision ask(TestAuthority process, int outputTokens) {
    return decision(process, "ask-" + ++asks, outputTokens);
  }

  private static Decision decision(TestAuthority process, String key, int outputTokens) {
    return assertInstanceOf(
            Answer.Decided.class, process.ask(key, "run", 0, outputTokens, RUN_LIMIT), key)
        .decision();
  }

  private boolean passes(TestAuthority process, int outputTokens) {
    Decision decision = ask(process, outputTokens);
    if (decision.isBlocked()) {
      assertThat(decision.verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    }
    return !decision.isBlocked();
  }

  private static RateShare rate(Decision decision) {
    assertThat(decision.rates()).hasSize(1);
    return decision.rates().getFirst();
  }

  private void advance(long millis) {
    one.clock.advance(Duration.ofMillis(millis));
  }

  @Test
  void whenTheBurstIsSpent_theNextCallWaitsForItsPart() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 70, 60, 70);
    for (int call = 0; call < 7; call++) {
      assertThat(passes(call % 2 == 0 ? one : other, 2)).as("call " + call).isTrue();
    }

    Decision refused = ask(other, 2);

    Verdict.Block block = assertInstanceOf(Verdict.Block.class, refused.verdict());
    assertThat(block.remedies()).containsExactly(Remedy.WAIT);
    // A seventh of a minute is 8571.43 ms.
    Instant fits = one.clock.instant().plusMillis(8_572);
    assertThat(block.resetsAt()).isEqualTo(fits);
    assertThat(block.waitUntil()).isEqualTo(fits);
    assertThat(rate(refused).remaining()).isEqualTo(MicroUsd.ZERO);
    advance(8_571);
    assertThat(passes(one, 2)).isFalse();
    advance(1);
    assertThat(passes(other, 2)).isTrue();
    assertThat(passes(one, 2)).isFalse();
  }

  @Test
  void whenACallIsAboveTheBurst_noWaitHelps() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 1_000, 1, 100);

    Decision refused = ask(one, 21);

    Verdict.Block block = assertInstanceOf(Verdict.Block.class, refused.verdict());
    assertThat(block.remedies()).containsExactly(Remedy.REDUCE_OUTPUT);
    assertThat(block.fitsMaxOutputTokens()).isEqualTo(20L);
    assertThat(block.resetsAt()).isNull();
    assertThat(rate(refused).resetsAt()).isNull();
  }

  @Test
  void whenNothingWasTaken_theBurstIsWhole() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 10, 300);
    advance(3_600_000);

    Decision first = ask(one, 20);

    assertThat(rate(first).remaining()).isEqualTo(MicroUsd.of(200));
    assertThat(rate(first).resetsAt()).isEqualTo(one.clock.instant().plusSeconds(10));
    assertThat(passes(one, 41)).isFalse();
    assertThat(passes(one, 40)).isTrue();
  }

  @Test
  void whenAChargeIsLess_onlyWhatIsNotRefilledIsGivenBack() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 100, 100);
    assertThat(passes(one, 20)).isTrue();
    advance(40_000);
    assertThat(passes(other, 8)).isTrue();

    // 100 were held 40 s ago and 10 are charged. 40 were refilled, and the other call has taken
    // them.
    done(other.commit(one.idOf("ask-1"), 0, 2));

    assertThat(passes(one, 13)).isFalse();
    assertThat(passes(one, 12)).isTrue();
    done(one.commit(one.idOf("ask-1"), 0, 2));
    assertThat(passes(one, 1)).isFalse();
  }

  @Test
  void whenACallIsReleasedAtOnce_allIsGivenBack() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 100, 100);
    assertThat(passes(one, 20)).isTrue();

    done(other.settlement.release(other.gateway, one.idOf("ask-1"), "not called"));

    assertThat(passes(one, 20)).isTrue();
    done(other.settlement.release(other.gateway, one.idOf("ask-1"), "not called"));
    assertThat(passes(one, 1)).isFalse();
  }

  @Test
  void whenAChargeIsAboveTheHold_allOfItIsTaken() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 100, 100);
    assertThat(passes(one, 4)).isTrue();
    advance(50_000);

    done(one.commit(one.idOf("ask-1"), 0, 44));

    Decision refused = ask(other, 1);
    assertThat(rate(refused).remaining()).isEqualTo(MicroUsd.of(-100));
    advance(105_000);
    assertThat(passes(one, 1)).isTrue();
  }

  @Test
  void whenUsageIsReportedLate_whatHasRefilledIsNotTaken() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 100, 100);
    Instant occurredAt = one.clock.instant().minusSeconds(30);

    assertThat(
            one.charges.charge(
                new UsageCharges.Order(
                    one.tenantId,
                    one.gateway.principalId(),
                    "late",
                    new UsageCharge(
                        null,
                        "ada",
                        null,
                        null,
                        null,
                        null,
                        TestAuthority.MODEL,
                        Usage.ofTokens(0, 20),
                        UsageQuality.EXACT,
                        occurredAt))))
        .isInstanceOf(UsageCharges.Result.Charged.class);

    Decision refused = ask(other, 7);
    assertThat(refused.isBlocked()).isTrue();
    assertThat(rate(refused).remaining()).isEqualTo(MicroUsd.of(30));
    assertThat(passes(one, 6)).isTrue();
  }

  @Test
  void whenACallIsReleasedLater_itTookNothing() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 1_500, 86_400, 1_500);
    assertThat(passes(one, 300)).isTrue();
    advance(7);

    done(one.settlement.release(one.gateway, one.idOf("ask-1"), "not called"));

    assertThat(passes(other, 300)).isTrue();
  }

  private static void done(Settlement.Result result) {
    assertThat(result).isInstanceOf(Settlement.Result.Done.class);
  }

  @Test
  void whenTheLimitChanges_whatIsOwedStays() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 100, 100);
    assertThat(passes(one, 20)).isTrue();
    advance(10_000);
    assertThat(passes(other, 3)).isFalse();

    // 90 are owed. The faster rate refills 10 in a second.
    other.rate(Scope.USER, "ada", RateName.USUAL, 1_000, 100, 100);
    assertThat(passes(one, 3)).isFalse();
    assertThat(passes(one, 2)).isTrue();
    advance(500);
    assertThat(passes(other, 1)).isTrue();
    assertThat(passes(one, 1)).isFalse();
  }

  @Test
  void whenARateGetsFaster_itRefillsFasterAtOnce() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 3_600, 100);
    assertThat(passes(one, 20)).isTrue();
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 1, 100);

    Decision refused = ask(other, 10);

    Instant fits = assertInstanceOf(Verdict.Block.class, refused.verdict()).waitUntil();
    assertThat(fits).isEqualTo(one.clock.instant().plusMillis(500));
    advance(500);
    assertThat(passes(other, 10)).isTrue();
  }

  @Test
  void whenARateGetsSlower_nothingRefillsByItsOldTerms() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 1, 100);
    assertThat(passes(one, 20)).isTrue();
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 604_800, 100);
    advance(1_050);

    assertThat(passes(one, 1)).isFalse();
    assertThat(passes(other, 1)).isFalse();
  }

  @Test
  void whenThePolicyMakesARateFaster_aRefusalIsTheFirstToSeeIt() {
    TestAuthority process = new TestAuthority();
    process.policy(PolicyBuilder.withRateOfUsers("*", 100, 3_600, 100));
    assertThat(decision(process, "a", 20).isBlocked()).isFalse();
    process.configuration.replace(
        process.tenantId, PolicyBuilder.withRateOfUsers("*", 100, 1, 100));

    assertThat(decision(process, "b", 20).isBlocked()).isTrue();
    process.clock.advance(Duration.ofSeconds(1));
    assertThat(decision(process, "c", 20).isBlocked()).isFalse();
  }

  @Test
  void whenARateOfActualsGetsSlower_itIsSlower() {
    one.configuration.replace(one.tenantId, TestAuthority.policyIn(Mode.ACTUALS_ONLY));
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 1, 100);
    assertThat(passes(one, 20)).isTrue();
    done(one.commit(one.idOf("ask-1"), 0, 20));
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 604_800, 100);
    advance(1_100);

    assertThat(passes(one, 20)).isFalse();
  }

  @Test
  void whenARateGotFaster_whatItRefilledIsNotGivenBack() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 604_800, 200);
    assertThat(passes(one, 20)).isTrue();
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 1, 200);
    advance(1_300);
    assertThat(passes(other, 40)).isTrue();

    done(one.settlement.release(one.gateway, one.idOf("ask-1"), "not called"));

    assertThat(passes(other, 1)).isFalse();
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 604_800, 200);
    done(one.settlement.release(one.gateway, one.idOf("ask-2"), "not called"));
    assertThat(passes(other, 39)).isTrue();
    assertThat(passes(other, 1)).isFalse();
  }

  @Test
  void whenARateGotSlower_whatItDidNotRefillIsGivenBack() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 1, 200);
    assertThat(passes(one, 30)).isTrue();
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 604_800, 200);
    advance(2_000);

    done(one.settlement.release(one.gateway, one.idOf("ask-1"), "not called"));

    // A micro-USD may be lost to rounding at the change.
    assertThat(passes(other, 39)).isTrue();
  }

  @Test
  void whenTheBurstChanges_anExtensionIsJudgedByIt() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 1, 604_800, 100);
    assertThat(passes(one, 10)).isTrue();
    one.rate(Scope.USER, "ada", RateName.USUAL, 1, 604_800, 60);

    assertThat(one.settlement.extend(one.gateway, one.idOf("ask-1"), null, 13L))
        .isInstanceOf(Settlement.Result.Blocked.class);
    done(one.settlement.extend(one.gateway, one.idOf("ask-1"), null, 12L));
    one.rate(Scope.USER, "ada", RateName.USUAL, 1, 604_800, 200);
    done(other.settlement.extend(other.gateway, one.idOf("ask-1"), null, 40L));
    assertThat(passes(one, 1)).isFalse();
  }

  @Test
  void whenTheBudgetClampsTheCall_theLeastCapIsWaitedFor() {
    TestAuthority process = new TestAuthority();
    process.policy(
        TestAuthority.policyWith(
            new Policy.OutputCapRules(
                false, 4096, null, Map.of(), Policy.AboveMax.CLAMP, true, 10)));
    process.rate(Scope.USER, "ada", RateName.USUAL, 10, 1, 100);
    assertThat(decision(process, "a", 20).isBlocked()).isFalse();

    Decision refused = decision(process, "b", 30);

    Verdict.Block block = assertInstanceOf(Verdict.Block.class, refused.verdict());
    Instant fits = process.clock.instant().plusSeconds(5);
    assertThat(block.remedies()).contains(Remedy.WAIT);
    assertThat(block.waitUntil()).isEqualTo(fits);
    assertThat(block.resetsAt()).isEqualTo(fits);
    assertThat(rate(refused).resetsAt()).isEqualTo(fits);
    process.clock.advance(Duration.ofSeconds(5));
    assertThat(decision(process, "c", 30).isBlocked()).isFalse();
  }

  @Test
  void whenAnExtensionNeedsMore_itMustFit() {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 100, 100);
    assertThat(passes(one, 10)).isTrue();

    done(one.settlement.extend(one.gateway, one.idOf("ask-1"), null, 20L));
    Settlement.Result.Blocked blocked =
        assertInstanceOf(
            Settlement.Result.Blocked.class,
            one.settlement.extend(one.gateway, one.idOf("ask-1"), null, 21L));

    assertThat(blocked.block().remedies()).containsExactly(Remedy.WAIT);
    assertThat(blocked.block().waitUntil()).isEqualTo(one.clock.instant().plusSeconds(5));
    advance(5_000);
    done(one.settlement.extend(one.gateway, one.idOf("ask-1"), null, 21L));
    assertThat(passes(other, 1)).isFalse();
  }

  @Test
  void whenARunHasRates_itsChildrenTakeFromThem() {
    one.ask("root", "run", 0, 1, RUN_LIMIT);
    one.runRate("run", new RateName("slow"), 100, 100, 100);

    Decision child =
        assertInstanceOf(Answer.Decided.class, other.askAsChild("child", "child", "run", 0, 15))
            .decision();
    assertThat(child.isBlocked()).isFalse();
    assertThat(rate(child).id()).isEqualTo("run");
    Decision refused = decision(one, "again", 6);

    assertThat(refused.verdict().code()).isEqualTo(ProblemCode.RUN_CEILING_REACHED);
    assertThat(Objects.requireNonNull(refused.constrainedBy()).name().window().wireName())
        .isEqualTo("rate:slow");
    assertThat(decision(other, "less", 5).isBlocked()).isFalse();
  }

  @Test
  void whenATemplateGivesARate_itAppliesToIdsOfItsPattern() {
    TestAuthority process = new TestAuthority();
    process.policy(PolicyBuilder.withRateOfUsers("a*", 100, 10, 50));

    Decision refused =
        assertInstanceOf(Answer.Decided.class, process.askAs("ada", "a", "run", 0, 11)).decision();
    Decision passed =
        assertInstanceOf(Answer.Decided.class, process.askAs("bob", "b", "other", 0, 11))
            .decision();

    assertThat(refused.isBlocked()).isTrue();
    assertThat(passed.rates()).isEmpty();
  }

  /// A call that was allowed, with what it costs in the end.
  private static final class Call {
    private final String key;
    private final Instant at;
    private final long held;
    private long charge;
    private boolean open = true;

    private Call(String key, Instant at, long held) {
      this.key = key;
      this.at = at;
      this.held = held;
      this.charge = held;
    }
  }

  /// The terms of a rate from an instant on.
  private record Terms(Instant from, long limit, int seconds, long burst) {

    private static Terms any(RandomGenerator random, Instant from) {
      return new Terms(
          from, 50 + random.nextInt(2_000), 1 + random.nextInt(30), 20 + random.nextInt(1_000));
    }

    private void put(TestAuthority process) {
      process.rate(Scope.USER, "ada", RateName.USUAL, limit, seconds, burst);
    }

    /// What they refill until the next terms or the end of an interval, rounded up.
    private long refilled(Instant begin, Instant end) {
      Instant first = begin.isAfter(from) ? begin : from;
      long millis = Math.max(0, Duration.between(first, end).toMillis());
      return Math.ceilDiv(limit * millis, seconds * 1_000L);
    }
  }

  /// Two processes ask, commit and release while answers are lost, the clock moves and the terms
  /// change. Over every interval the charges of the calls allowed in it are at most the burst and
  /// what refills in it. Whatever was given back, a call that fits is not refused once its hold has
  /// refilled.
  @Test
  void whenTwoProcessesLoseAnswers_theRateIsNeverPassed() {
    int given = 0;
    int changed = 0;
    for (long seed = 1; seed <= 8; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      Faults faults = new Faults(seed, 10, 5);
      TestAuthority losing = new TestAuthority(faults);
      losing.policy(Policy.DEFAULT);
      TestAuthority whole = losing.anotherProcess();
      List<Terms> terms = new ArrayList<>(List.of(Terms.any(random, losing.clock.instant())));
      terms.getFirst().put(losing);
      List<Call> calls = new ArrayList<>();
      for (int step = 0; step < 120; step++) {
        TestAuthority process = random.nextBoolean() ? losing : whole;
        Terms now = terms.getLast();
        switch (random.nextInt(9)) {
          case 0, 1 -> losing.clock.advance(Duration.ofMillis(random.nextInt(now.seconds * 300)));
          case 2, 3 -> {
            List<Call> open = calls.stream().filter(call -> call.open).toList();
            if (!open.isEmpty()) {
              Call call = open.get(random.nextInt(open.size()));
              int tokens = random.nextInt((int) (call.held / 5) + 1);
              done(
                  tokens == 0
                      ? process.settlement.release(
                          process.gateway, losing.idOf(call.key), "not called")
                      : process.commit(losing.idOf(call.key), 0, tokens));
              call.charge = tokens * 5L;
              call.open = false;
              given++;
            }
          }
          case 4 -> {
            if (seed % 2 == 0) {
              Terms next = Terms.any(random, losing.clock.instant());
              next.put(process);
              terms.add(next);
              changed++;
            }
          }
          default -> {
            int tokens = 1 + random.nextInt((int) (now.burst / 5));
            String key = seed + "-" + step;
            Decision decision = decision(process, key, tokens);
            if (!decision.isBlocked()) {
              calls.add(new Call(key, losing.clock.instant(), tokens * 5L));
            }
          }
        }
        assertNeverPassed(calls, terms, "seed " + seed + ", step " + step);
      }
      assertThat(faults.lost.get()).as("seed " + seed).isPositive();
      assertThat(calls).as("seed " + seed).hasSizeGreaterThan(5);
      Terms last = terms.getLast();
      long most = terms.stream().mapToLong(Terms::burst).max().orElseThrow();
      losing.clock.advance(Duration.ofSeconds(last.seconds * (most / last.limit + 1) + 1));
      assertThat(decision(whole, "last-" + seed, (int) (last.burst / 5)).isBlocked()).isFalse();
    }
    assertThat(given).isGreaterThan(20);
    assertThat(changed).isGreaterThan(20);
  }

  private static void assertNeverPassed(List<Call> calls, List<Terms> terms, String where) {
    long burst = terms.stream().mapToLong(Terms::burst).max().orElseThrow();
    for (int from = 0; from < calls.size(); from++) {
      long sum = 0;
      for (int to = from; to < calls.size(); to++) {
        sum += calls.get(to).charge;
        long most = burst;
        for (int i = 0; i < terms.size(); i++) {
          Instant end = calls.get(to).at;
          Instant until =
              i + 1 < terms.size() && terms.get(i + 1).from.isBefore(end)
                  ? terms.get(i + 1).from
                  : end;
          most += terms.get(i).refilled(calls.get(from).at, until);
        }
        assertThat(sum).as(where + ", calls " + from + " to " + to).isLessThanOrEqualTo(most);
      }
    }
  }

  /// Threads of two processes ask at one instant. What is allowed is what fits the burst.
  @Test
  void whenManyAskAtOnce_exactlyTheBurstIsAllowed() throws InterruptedException {
    one.rate(Scope.USER, "ada", RateName.USUAL, 100, 3_600, 100);
    List<Thread> threads = new ArrayList<>();
    List<Decision> decisions = Collections.synchronizedList(new ArrayList<>());
    for (int call = 0; call < 32; call++) {
      String key = "parallel-" + call;
      TestAuthority process = call % 2 == 0 ? one : other;
      threads.add(
          Thread.ofVirtual()
              .start(
                  () ->
                      decisions.add(TestAuthority.untilAnswered(() -> decision(process, key, 2)))));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(decisions).hasSize(32);
    assertThat(decisions.stream().filter(decision -> !decision.isBlocked())).hasSize(10);
  }
}
