package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.AccountKey;
import io.budgetauthority.ledger.LimitVersion;
import io.budgetauthority.ledger.Standing;
import io.budgetauthority.ledger.Take;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The rules of each mode over random balances, by seed, against their wording in protocol section
/// 2.
class DeciderPropertyTest {

  private static final int CASES = 4_000;
  private static final Price ROW = Desk.price(Desk.MODEL, 1_000_000, 5_000_000);

  private static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("SplittableRandom").create(seed);
  }

  private static Standing standing(RandomGenerator random, Scope scope, Mode mode) {
    long limit = random.nextInt(100_000);
    long committed = random.nextInt(60_000);
    long reserved = random.nextInt(40_000);
    Account account =
        Account.of(
            AccountKey.total("t", scope, "x"),
            MicroUsd.of(limit),
            MicroUsd.of(committed),
            MicroUsd.of(reserved),
            LimitVersion.NONE);
    return new Standing(
        account, account, mode, MicroUsd.of(random.nextInt(20_000)), List.of(), null);
  }

  private static Plan decide(List<Standing> standings, long outputTokens) {
    return Decider.decide(
        Questions.of(
            Desk.request(0, outputTokens, null), Policy.DEFAULT, ROW, List.of(), standings));
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void anAccountIsJudgedByTheWordingOfItsMode(Mode mode) {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      Standing standing = standing(random, Scope.RUN, mode);
      long tokens = 1 + random.nextInt(16_000);
      long cost = 5 * tokens;
      long available = standing.account().available().micros();
      boolean over =
          switch (mode) {
            case HARD_GATE, ADVISORY_ESTIMATE -> cost > available;
            case SOFT_GATE -> cost > available + standing.margin().micros();
            case ACTUALS_ONLY ->
                standing.account().committed().compareTo(standing.account().limit()) >= 0;
          };
      String where = mode + ", seed " + seed;

      Plan plan = decide(List.of(standing), tokens);

      if (mode == Mode.ADVISORY_ESTIMATE) {
        Plan.Grant grant = (Plan.Grant) plan;
        assertEquals(over ? Plan.Kind.ADVISORY_WARN : Plan.Kind.ALLOW, grant.kind(), where);
        assertEquals(cost, grant.takes().getFirst().hold().micros(), where);
        assertEquals(new Take.Gate.Open(), grant.takes().getFirst().gate(), where);
      } else if (over) {
        assertEquals(ProblemCode.RUN_CEILING_REACHED, ((Plan.Block) plan).code(), where);
      } else {
        Take take = ((Plan.Grant) plan).takes().getFirst();
        assertEquals(mode == Mode.ACTUALS_ONLY ? 0 : cost, take.hold().micros(), where);
      }
    }
  }

  @Test
  void theBlockingAccountIsTheOneThatFallsFurthestShort() {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      List<Standing> standings = new ArrayList<>();
      for (Scope scope : List.of(Scope.RUN, Scope.USER, Scope.KEY)) {
        standings.add(standing(random, scope, Mode.HARD_GATE));
      }
      long tokens = 1 + random.nextInt(16_000);
      long least =
          standings.stream().mapToLong(it -> it.account().available().micros()).min().orElseThrow();

      Plan plan = decide(standings, tokens);

      assertEquals(5 * tokens > least, plan instanceof Plan.Block, "seed " + seed);
      if (plan instanceof Plan.Block block) {
        Standing expected =
            standings.stream()
                .min(
                    Comparator.comparing((Standing it) -> it.account().available())
                        .thenComparing(it -> it.account().key().scope()))
                .orElseThrow();
        assertEquals(expected, block.blocking(), "seed " + seed);
      }
    }
  }

  @Test
  void everyRemedyIsTrueAndTheSmallerCapIsTheLargestThatFits() {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      List<Standing> standings =
          List.of(
              standing(random, Scope.RUN, Mode.HARD_GATE),
              standing(random, Scope.USER, Mode.SOFT_GATE),
              standing(random, Scope.KEY, Mode.ACTUALS_ONLY));
      long tokens = 2 + random.nextInt(16_000);
      if (!(decide(standings, tokens) instanceof Plan.Block block)) {
        continue;
      }
      String where = "seed " + seed;
      Long fits = block.fitsMaxOutputTokens();
      assertEquals(fits != null, block.remedies().contains(Remedy.REDUCE_OUTPUT), where);
      if (fits != null) {
        assertTrue(decide(standings, fits) instanceof Plan.Grant, where);
        assertTrue(decide(standings, fits + 1) instanceof Plan.Block, where);
      } else {
        assertTrue(decide(standings, 1) instanceof Plan.Block, where);
      }
      boolean passesOnceSettled =
          decide(standings.stream().map(DeciderPropertyTest::settled).toList(), tokens)
              instanceof Plan.Grant;
      assertEquals(passesOnceSettled, block.remedies().contains(Remedy.WAIT), where);
      assertEquals(
          block.remedies().equals(List.of(Remedy.RAISE_LIMIT)),
          !passesOnceSettled && fits == null,
          where);
      assertFalse(block.remedies().isEmpty(), where);
    }
  }

  /// The account once every call in flight has come to nothing.
  private static Standing settled(Standing standing) {
    Account account = standing.account();
    Account idle =
        Account.of(
            account.key(), account.limit(), account.committed(), MicroUsd.ZERO, LimitVersion.NONE);
    return new Standing(idle, idle, standing.mode(), standing.margin(), List.of(), null);
  }

  @Test
  void theEffectiveCapIsTheLeastOfWhatTheClientThePolicyAndTheModelAllow() {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      Long asked = random.nextBoolean() ? null : 1 + random.nextLong(100_000);
      Long most = random.nextBoolean() ? null : 1 + random.nextLong(100_000);
      long usual = 1 + random.nextLong(100_000);
      Policy.OutputCapRules rules =
          new Policy.OutputCapRules(
              false, usual, most, Map.of(), Policy.AboveMax.CLAMP, false, 256);

      OutputCap.Result.Effective cap =
          (OutputCap.Result.Effective)
              OutputCap.of(
                  Desk.request(0, asked),
                  ROW,
                  Desk.policyWith(rules),
                  Questions.rules(Desk.policyWith(rules), ROW));

      long expected =
          LongStream.of(
                  asked == null ? usual : asked,
                  most == null ? Long.MAX_VALUE : most,
                  ROW.outputLimitTokens() == null ? Long.MAX_VALUE : ROW.outputLimitTokens())
              .min()
              .orElseThrow();
      assertEquals(expected, cap.tokens(), "seed " + seed);
      assertEquals(asked != null && expected < asked, cap.clamped(), "seed " + seed);
    }
  }
}
