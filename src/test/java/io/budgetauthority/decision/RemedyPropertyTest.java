package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Whatever accounts a call meets, of all scopes, windows and modes: each remedy that a block lists
/// helps by itself, and each that it does not list would not have (protocol.md#remedies).
class RemedyPropertyTest {

  private static final int CASES = 20_000;
  private static final int LEAST_SEEN = 100;
  private static final Price ROW = TestAuthority.price(TestAuthority.MODEL, 1_000_000, 5_000_000);
  private static final Price CHEAP =
      TestAuthority.price(TestAuthority.CHEAP_MODEL, 100_000, 500_000);
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

  /// When every period of [#NOW] has ended.
  private static final Instant NEXT_QUARTER = Instant.parse("2027-01-01T00:00:00Z");

  @Test
  void whenACallIsBlocked_exactlyTheHelpfulRemediesAreListed() {
    Map<Remedy, Integer> seen = new EnumMap<>(Remedy.class);
    for (long seed = 0; seed < CASES; seed++) {
      Meeting meeting = Meeting.of(RandomGeneratorFactory.of("SplittableRandom").create(seed));
      if (!(meeting.decide() instanceof Plan.Block block)) {
        continue;
      }
      String where = "seed " + seed;
      List<Remedy> helping = new ArrayList<>();
      if (meeting.where(RemedyPropertyTest::settled).passes()) {
        helping.add(Remedy.WAIT);
      }
      if (meeting.calling(CHEAP).passes()) {
        helping.add(Remedy.DOWNGRADE);
        assertThat(block.verdict().alternatives().getFirst().model())
            .as(where)
            .isEqualTo(TestAuthority.CHEAP_MODEL);
        assertThat(block.verdict().alternatives().getFirst().fitsBudget()).as(where).isTrue();
      }
      if (meeting.capTokens() > 1 && meeting.cappedAt(1).passes()) {
        helping.add(Remedy.REDUCE_OUTPUT);
        long fits = Objects.requireNonNull(block.verdict().fitsMaxOutputTokens(), where);
        assertThat(meeting.cappedAt(fits).passes()).as(where).isTrue();
        assertThat(fits < meeting.capTokens() && !meeting.cappedAt(fits + 1).passes())
            .as(where)
            .isTrue();
      }
      if (meeting.where(enforced -> after(NEXT_QUARTER, enforced)).passes()) {
        helping.add(Remedy.AFTER_RESET);
        Instant resets = Objects.requireNonNull(block.verdict().resetsAt(), where);
        assertThat(meeting.where(enforced -> after(resets, enforced)).passes()).as(where).isTrue();
        Instant before = resets.minusMillis(1);
        assertThat(meeting.where(enforced -> after(before, enforced)).passes()).as(where).isFalse();
      }
      if (helping.isEmpty()) {
        helping.add(Remedy.RAISE_LIMIT);
      }
      assertThat(block.verdict().remedies()).as(where).isEqualTo(helping);
      Enforced.Estimate estimate = Objects.requireNonNull(block.quote(), where).estimate();
      assertThat(meeting.where(enforced -> raised(enforced, estimate)).passes()).as(where).isTrue();
      helping.forEach(remedy -> seen.merge(remedy, 1, Integer::sum));
    }
    Set.of(
            Remedy.WAIT,
            Remedy.DOWNGRADE,
            Remedy.REDUCE_OUTPUT,
            Remedy.AFTER_RESET,
            Remedy.RAISE_LIMIT)
        .forEach(
            remedy ->
                assertThat(seen.getOrDefault(remedy, 0) >= LEAST_SEEN)
                    .as(seen.toString())
                    .isTrue());
  }

  /// Without a price nothing of the accounts is asked, but whether the alternative would fit.
  @Test
  void whenThereIsNoPrice_aFittingAlternativeOrAPriceIsARemedy() {
    boolean fitted = false;
    boolean not = false;
    for (long seed = 0; seed < CASES / 10; seed++) {
      Meeting meeting =
          Meeting.of(RandomGeneratorFactory.of("SplittableRandom").create(seed)).calling(null);
      Plan.Block block = assertInstanceOf(Plan.Block.class, meeting.decide(), "seed " + seed);
      boolean fits = meeting.calling(CHEAP).passes();
      assertThat(block.verdict().remedies())
          .as("seed " + seed)
          .isEqualTo(
              fits ? List.of(Remedy.DOWNGRADE, Remedy.PRICE_MODEL) : List.of(Remedy.PRICE_MODEL));
      fitted |= fits;
      not |= !fits;
    }
    assertThat(fitted && not).isTrue();
  }

  /// The account once every call in flight has come to nothing.
  private static EnforcedAccount settled(EnforcedAccount enforced) {
    Account account = enforced.account();
    return with(
        enforced,
        Account.of(
            account.key(), account.limit(), account.committed(), MicroUsd.ZERO, LimitVersion.NONE));
  }

  /// The account at an instant: another one, where its window has ended by then.
  private static EnforcedAccount after(Instant instant, EnforcedAccount enforced) {
    Instant resetsAt = enforced.resetsAt();
    return resetsAt == null || resetsAt.isAfter(instant)
        ? enforced
        : with(
            enforced,
            Account.unused(
                enforced.account().key(), enforced.account().limit(), LimitVersion.NONE));
  }

  /// The account under a limit higher by what it falls short.
  private static EnforcedAccount raised(EnforcedAccount enforced, Enforced.Estimate estimate) {
    Account account = enforced.account();
    return enforced.blocks(estimate)
        ? with(
            enforced,
            account.under(account.limit().plus(enforced.shortfall(estimate)), LimitVersion.NONE))
        : enforced;
  }

  private static EnforcedAccount with(EnforcedAccount enforced, Account account) {
    return new EnforcedAccount(
        account, account, enforced.mode(), enforced.margin(), List.of(), enforced.resetsAt());
  }

  /// A call and the accounts that it meets.
  ///
  /// @param row of the model that is called; null where it has no price
  private record Meeting(
      List<EnforcedAccount> enforcedAccounts,
      @Nullable Price row,
      long inputTokens,
      long capTokens,
      int choices) {

    static Meeting of(RandomGenerator random) {
      List<EnforcedAccount> enforcedAccounts = new ArrayList<>();
      enforcedAccounts.add(enforced(random, Scope.RUN, "own", Window.TOTAL));
      if (random.nextBoolean()) {
        enforcedAccounts.add(enforced(random, Scope.RUN, "parent", Window.TOTAL));
      }
      for (Scope scope : Scope.values()) {
        for (Window window : Window.values()) {
          if (scope != Scope.RUN && random.nextInt(6) == 0) {
            enforcedAccounts.add(enforced(random, scope, "x", window));
          }
        }
      }
      return new Meeting(
          enforcedAccounts,
          ROW,
          random.nextInt(60_000),
          1 + random.nextInt(random.nextBoolean() ? 10 : 16_000),
          1 + random.nextInt(3));
    }

    private static EnforcedAccount enforced(
        RandomGenerator random, Scope scope, String id, Window window) {
      long limit = random.nextInt(200_000);
      long committed = random.nextBoolean() ? 0 : random.nextInt(120_000);
      long reserved = random.nextBoolean() ? 0 : random.nextInt(120_000);
      String period = window.periodOf(NOW, ZoneOffset.UTC);
      Account account =
          Account.of(
              new AccountKey("t", scope, id, window, period, 0),
              MicroUsd.of(limit),
              MicroUsd.of(committed),
              MicroUsd.of(reserved),
              LimitVersion.NONE);
      Mode[] modes = Mode.values();
      return new EnforcedAccount(
          account,
          account,
          modes[random.nextInt(modes.length)],
          MicroUsd.of(random.nextInt(20_000)),
          List.of(),
          window.resetsAt(NOW, ZoneOffset.UTC).orElse(null));
    }

    Meeting where(UnaryOperator<EnforcedAccount> change) {
      return new Meeting(
          enforcedAccounts.stream().map(change).toList(), row, inputTokens, capTokens, choices);
    }

    Meeting calling(@Nullable Price other) {
      return new Meeting(enforcedAccounts, other, inputTokens, capTokens, choices);
    }

    Meeting cappedAt(long tokens) {
      return new Meeting(enforcedAccounts, row, inputTokens, tokens, choices);
    }

    boolean passes() {
      return decide() instanceof Plan.Grant;
    }

    Plan decide() {
      Policy.DowngradeRule.Alternative cheap =
          new Policy.DowngradeRule.Alternative(
              null, TestAuthority.CHEAP_MODEL, null, null, List.of());
      DecisionRequest request =
          new AskBuilder()
              .model(row == null ? "unknown" : row.model())
              .input(inputTokens)
              .cap(capTokens)
              .choices(choices)
              .neverDowngrade()
              .by(null, null, null)
              .build();
      return Decider.decide(
          Questions.of(
              request,
              Policy.DEFAULT,
              row,
              row == CHEAP ? List.of() : List.of(Questions.candidate(cheap, CHEAP)),
              enforcedAccounts));
    }
  }
}
