package io.budgetauthority.decision.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Questions;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Verdict;
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

/// The rules of each mode over random balances, by seed, against their wording in protocol.md#ask.
class DeciderPropertyTest {

  private static final int CASES = 4_000;
  private static final Price ROW = TestAuthority.price(TestAuthority.MODEL, 1_000_000, 5_000_000);

  private static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("SplittableRandom").create(seed);
  }

  private static EnforcedAccount enforced(RandomGenerator random, Scope scope, Mode mode) {
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
    return new EnforcedAccount(
        account, account, mode, MicroUsd.of(random.nextInt(20_000)), List.of(), null);
  }

  private static Plan decide(List<EnforcedAccount> enforcedAccounts, long outputTokens) {
    return Decider.decide(
        Questions.of(
            TestAuthority.request(0, outputTokens, null),
            Policy.DEFAULT,
            ROW,
            List.of(),
            enforcedAccounts));
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whenAnAccountIsExceeded_itsModeSaysWhatHappens(Mode mode) {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      EnforcedAccount enforced = enforced(random, Scope.RUN, mode);
      long tokens = 1 + random.nextInt(16_000);
      long cost = 5 * tokens;
      long available = enforced.account().available().micros();
      boolean over =
          switch (mode) {
            case HARD_GATE, ADVISORY_ESTIMATE -> cost > available;
            case SOFT_GATE -> cost > available + enforced.margin().micros();
            case ACTUALS_ONLY ->
                enforced.account().committed().compareTo(enforced.account().limit()) >= 0;
          };
      String where = mode + ", seed " + seed;

      Plan plan = decide(List.of(enforced), tokens);

      if (mode == Mode.ADVISORY_ESTIMATE) {
        Plan.Grant grant = (Plan.Grant) plan;
        assertThat(grant.verdict().kind())
            .as(where)
            .isEqualTo(over ? Verdict.Kind.ADVISORY_WARN : Verdict.Kind.ALLOW);
        assertThat(grant.holds().getFirst().hold().micros()).as(where).isEqualTo(cost);
        assertThat(grant.holds().getFirst().condition())
            .as(where)
            .isEqualTo(new ConditionalHold.Condition.None());
      } else if (over) {
        assertThat(((Plan.Block) plan).verdict().code())
            .as(where)
            .isEqualTo(ProblemCode.RUN_CEILING_REACHED);
      } else {
        ConditionalHold take = ((Plan.Grant) plan).holds().getFirst();
        assertThat(take.hold().micros()).as(where).isEqualTo(mode == Mode.ACTUALS_ONLY ? 0 : cost);
      }
    }
  }

  @Test
  void whenSeveralAccountsAreShort_theFurthestShortBlocks() {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      List<EnforcedAccount> enforcedAccounts = new ArrayList<>();
      for (Scope scope : List.of(Scope.RUN, Scope.USER, Scope.KEY)) {
        enforcedAccounts.add(enforced(random, scope, Mode.HARD_GATE));
      }
      long tokens = 1 + random.nextInt(16_000);
      long least =
          enforcedAccounts.stream()
              .mapToLong(it -> it.account().available().micros())
              .min()
              .orElseThrow();

      Plan plan = decide(enforcedAccounts, tokens);

      assertThat(plan instanceof Plan.Block).as("seed " + seed).isEqualTo(5 * tokens > least);
      if (plan instanceof Plan.Block block) {
        EnforcedAccount expected =
            enforcedAccounts.stream()
                .min(
                    Comparator.comparing((EnforcedAccount it) -> it.account().available())
                        .thenComparing(it -> it.account().key().scope()))
                .orElseThrow();
        assertThat(block.verdict().constrainedBy()).as("seed " + seed).isEqualTo(expected.name());
      }
    }
  }

  @Test
  void whenACallIsBlocked_itsRemediesAndSmallerCapAreRight() {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = random(seed);
      List<EnforcedAccount> enforcedAccounts =
          List.of(
              enforced(random, Scope.RUN, Mode.HARD_GATE),
              enforced(random, Scope.USER, Mode.SOFT_GATE),
              enforced(random, Scope.KEY, Mode.ACTUALS_ONLY));
      long tokens = 2 + random.nextInt(16_000);
      if (!(decide(enforcedAccounts, tokens) instanceof Plan.Block block)) {
        continue;
      }
      String where = "seed " + seed;
      Long fits = block.verdict().fitsMaxOutputTokens();
      assertThat(block.verdict().remedies().contains(Remedy.REDUCE_OUTPUT))
          .as(where)
          .isEqualTo(fits != null);
      if (fits != null) {
        assertThat(decide(enforcedAccounts, fits) instanceof Plan.Grant).as(where).isTrue();
        assertThat(decide(enforcedAccounts, fits + 1) instanceof Plan.Block).as(where).isTrue();
      } else {
        assertThat(decide(enforcedAccounts, 1) instanceof Plan.Block).as(where).isTrue();
      }
      boolean passesOnceSettled =
          decide(enforcedAccounts.stream().map(DeciderPropertyTest::settled).toList(), tokens)
              instanceof Plan.Grant;
      assertThat(block.verdict().remedies().contains(Remedy.WAIT))
          .as(where)
          .isEqualTo(passesOnceSettled);
      assertThat(!passesOnceSettled && fits == null)
          .as(where)
          .isEqualTo(block.verdict().remedies().equals(List.of(Remedy.RAISE_LIMIT)));
      assertThat(block.verdict().remedies()).as(where).isNotEmpty();
    }
  }

  /// The account once every call in flight has come to nothing.
  private static EnforcedAccount settled(EnforcedAccount enforced) {
    Account account = enforced.account();
    Account idle =
        Account.of(
            account.key(), account.limit(), account.committed(), MicroUsd.ZERO, LimitVersion.NONE);
    return new EnforcedAccount(idle, idle, enforced.mode(), enforced.margin(), List.of(), null);
  }

  @Test
  void whenCapsDiffer_theLeastOfThemIsEffective() {
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
                  TestAuthority.request(0, asked),
                  ROW,
                  TestAuthority.policyWith(rules),
                  Questions.rules(TestAuthority.policyWith(rules), ROW));

      long expected =
          LongStream.of(
                  asked == null ? usual : asked,
                  most == null ? Long.MAX_VALUE : most,
                  ROW.outputLimitTokens() == null ? Long.MAX_VALUE : ROW.outputLimitTokens())
              .min()
              .orElseThrow();
      assertThat(cap.tokens()).as("seed " + seed).isEqualTo(expected);
      assertThat(cap.clamped()).as("seed " + seed).isEqualTo(asked != null && expected < asked);
    }
  }
}
