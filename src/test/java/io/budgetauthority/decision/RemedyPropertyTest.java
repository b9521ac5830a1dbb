package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.AccountKey;
import io.budgetauthority.ledger.LimitVersion;
import io.budgetauthority.ledger.Standing;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
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
/// helps by itself, and each that it does not list would not have (protocol section 7).
class RemedyPropertyTest {

  private static final int CASES = 20_000;
  private static final int LEAST_SEEN = 100;
  private static final Price ROW = Desk.price(Desk.MODEL, 1_000_000, 5_000_000);
  private static final Price CHEAP = Desk.price(Desk.CHEAP_MODEL, 100_000, 500_000);
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");
  private static final Instant NEXT_MONTH = Instant.parse("2026-12-01T00:00:00Z");

  @Test
  void everyRemedyListedHelpsAndNoOtherWould() {
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
        assertEquals(Desk.CHEAP_MODEL, block.alternatives().getFirst().model(), where);
        assertTrue(block.alternatives().getFirst().fitsBudget(), where);
      }
      if (meeting.capTokens() > 1 && meeting.cappedAt(1).passes()) {
        helping.add(Remedy.REDUCE_OUTPUT);
        long fits = Objects.requireNonNull(block.fitsMaxOutputTokens(), where);
        assertTrue(meeting.cappedAt(fits).passes(), where);
        assertTrue(fits < meeting.capTokens() && !meeting.cappedAt(fits + 1).passes(), where);
      }
      if (meeting.where(standing -> after(NEXT_MONTH, standing)).passes()) {
        helping.add(Remedy.AFTER_RESET);
        Instant resets = Objects.requireNonNull(block.resetsAt(), where);
        assertTrue(meeting.where(standing -> after(resets, standing)).passes(), where);
        Instant before = resets.minusMillis(1);
        assertTrue(!meeting.where(standing -> after(before, standing)).passes(), where);
      }
      if (helping.isEmpty()) {
        helping.add(Remedy.RAISE_LIMIT);
      }
      assertEquals(helping, block.remedies(), where);
      Standing.Estimate estimate = Objects.requireNonNull(block.quote(), where).estimate();
      assertTrue(meeting.where(standing -> raised(standing, estimate)).passes(), where);
      helping.forEach(remedy -> seen.merge(remedy, 1, Integer::sum));
    }
    Set.of(
            Remedy.WAIT,
            Remedy.DOWNGRADE,
            Remedy.REDUCE_OUTPUT,
            Remedy.AFTER_RESET,
            Remedy.RAISE_LIMIT)
        .forEach(remedy -> assertTrue(seen.getOrDefault(remedy, 0) >= LEAST_SEEN, seen.toString()));
  }

  /// Without a price nothing of the accounts is asked, but whether the alternative would fit.
  @Test
  void whatHasNoPriceIsPricedOrAnAlternativeThatFitsIsCalled() {
    boolean fitted = false;
    boolean not = false;
    for (long seed = 0; seed < CASES / 10; seed++) {
      Meeting meeting =
          Meeting.of(RandomGeneratorFactory.of("SplittableRandom").create(seed)).calling(null);
      Plan.Block block = assertInstanceOf(Plan.Block.class, meeting.decide(), "seed " + seed);
      boolean fits = meeting.calling(CHEAP).passes();
      assertEquals(
          fits ? List.of(Remedy.DOWNGRADE, Remedy.PRICE_MODEL) : List.of(Remedy.PRICE_MODEL),
          block.remedies(),
          "seed " + seed);
      fitted |= fits;
      not |= !fits;
    }
    assertTrue(fitted && not);
  }

  /// The account once every call in flight has come to nothing.
  private static Standing settled(Standing standing) {
    Account account = standing.account();
    return with(
        standing,
        Account.of(
            account.key(), account.limit(), account.committed(), MicroUsd.ZERO, LimitVersion.NONE));
  }

  /// The account at an instant: another one, where its window has ended by then.
  private static Standing after(Instant instant, Standing standing) {
    Instant resetsAt = standing.resetsAt();
    return resetsAt == null || resetsAt.isAfter(instant)
        ? standing
        : with(
            standing,
            Account.unused(
                standing.account().key(), standing.account().limit(), LimitVersion.NONE));
  }

  /// The account under a limit higher by what it falls short.
  private static Standing raised(Standing standing, Standing.Estimate estimate) {
    Account account = standing.account();
    return standing.blocks(estimate)
        ? with(
            standing,
            account.withLimit(
                account.limit().plus(standing.shortfall(estimate)), LimitVersion.NONE))
        : standing;
  }

  private static Standing with(Standing standing, Account account) {
    return new Standing(
        account, account, standing.mode(), standing.margin(), List.of(), standing.resetsAt());
  }

  /// A call and the accounts that it meets.
  ///
  /// @param row of the model that is called; null where it has no price
  private record Meeting(
      List<Standing> standings,
      @Nullable Price row,
      long inputTokens,
      long capTokens,
      int choices) {

    static Meeting of(RandomGenerator random) {
      List<Standing> standings = new ArrayList<>();
      standings.add(standing(random, Scope.RUN, "own", Window.TOTAL));
      if (random.nextBoolean()) {
        standings.add(standing(random, Scope.RUN, "parent", Window.TOTAL));
      }
      for (Scope scope : Scope.values()) {
        for (Window window : Window.values()) {
          if (scope != Scope.RUN && random.nextInt(6) == 0) {
            standings.add(standing(random, scope, "x", window));
          }
        }
      }
      return new Meeting(
          standings,
          ROW,
          random.nextInt(60_000),
          1 + random.nextInt(random.nextBoolean() ? 10 : 16_000),
          1 + random.nextInt(3));
    }

    private static Standing standing(
        RandomGenerator random, Scope scope, String id, Window window) {
      long limit = random.nextInt(200_000);
      long committed = random.nextBoolean() ? 0 : random.nextInt(120_000);
      long reserved = random.nextBoolean() ? 0 : random.nextInt(120_000);
      String period =
          switch (window) {
            case DAY -> "2026-11-24";
            case MONTH -> "2026-11";
            case TOTAL -> "";
          };
      Account account =
          Account.of(
              new AccountKey("t", scope, id, window, period, 0),
              MicroUsd.of(limit),
              MicroUsd.of(committed),
              MicroUsd.of(reserved),
              LimitVersion.NONE);
      Mode[] modes = Mode.values();
      return new Standing(
          account,
          account,
          modes[random.nextInt(modes.length)],
          MicroUsd.of(random.nextInt(20_000)),
          List.of(),
          switch (window) {
            case DAY -> MIDNIGHT;
            case MONTH -> NEXT_MONTH;
            case TOTAL -> null;
          });
    }

    Meeting where(UnaryOperator<Standing> change) {
      return new Meeting(
          standings.stream().map(change).toList(), row, inputTokens, capTokens, choices);
    }

    Meeting calling(@Nullable Price other) {
      return new Meeting(standings, other, inputTokens, capTokens, choices);
    }

    Meeting cappedAt(long tokens) {
      return new Meeting(standings, row, inputTokens, tokens, choices);
    }

    boolean passes() {
      return decide() instanceof Plan.Grant;
    }

    Plan decide() {
      Policy.DowngradeRule.Alternative cheap =
          new Policy.DowngradeRule.Alternative(null, Desk.CHEAP_MODEL, null, null, List.of());
      DecisionRequest request =
          new DecisionRequest(
              null,
              row == null ? "unknown" : row.model(),
              inputTokens,
              null,
              false,
              Parts.NONE,
              capTokens,
              choices,
              Map.of(),
              Bounds.DEFAULT_TIER,
              null,
              null,
              Map.of(),
              Set.of(),
              null,
              null,
              false,
              null,
              null,
              null,
              null,
              null,
              null,
              false,
              null,
              false);
      return Decider.decide(
          Questions.of(
              request,
              Policy.DEFAULT,
              row,
              row == CHEAP ? List.of() : List.of(Questions.candidate(cheap, CHEAP)),
              standings));
    }
  }
}
