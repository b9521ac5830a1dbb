package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// One account judged in each mode (protocol section 2, "The modes"). The call costs 100 at worst
/// and is expected to cost 60.
class StandingTest {

  private static final AccountKey KEY = AccountKey.total("t", Scope.USER, "ada");
  private static final Standing.Estimate ESTIMATE =
      new Standing.Estimate(MicroUsd.of(100), MicroUsd.of(60));
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");

  private static Account account(long limit, long committed, long reserved) {
    return new Account(
        KEY,
        MicroUsd.of(limit),
        MicroUsd.of(committed),
        MicroUsd.of(reserved),
        MicroUsd.of(limit - committed - reserved),
        new LimitVersion(7, 0));
  }

  private static Standing standing(
      Mode mode, long margin, @Nullable Instant resetsAt, Account account, Integer... warnAt) {
    return new Standing(account, account, mode, MicroUsd.of(margin), List.of(warnAt), resetsAt);
  }

  private static Standing standing(Mode mode, Account account) {
    return standing(mode, 0, null, account);
  }

  @ParameterizedTest
  @CsvSource({"HARD_GATE,100", "SOFT_GATE,60", "ADVISORY_ESTIMATE,100", "ACTUALS_ONLY,0"})
  void eachModeHoldsItsOwnEstimate(Mode mode, long held) {
    assertEquals(MicroUsd.of(held), standing(mode, account(0, 0, 0)).hold(ESTIMATE));
  }

  /// Each row: the mode, its margin, the sums, and by how much the call is short.
  @ParameterizedTest
  @CsvSource({
    "HARD_GATE, 50, 200, 60, 40, 0",
    "HARD_GATE, 50, 200, 60, 41, 1",
    "SOFT_GATE, 50, 200, 100, 90, 0",
    "SOFT_GATE, 50, 200, 100, 91, 1",
    "ACTUALS_ONLY, 50, 200, 199, 900, 0",
    "ACTUALS_ONLY, 50, 200, 200, 0, 1",
    "ACTUALS_ONLY, 50, 200, 210, 0, 11",
    "ADVISORY_ESTIMATE, 50, 200, 60, 40, 0",
    "ADVISORY_ESTIMATE, 50, 200, 60, 41, 1",
  })
  void aCallIsOverByWhatItIsShortAndAdvisoryNeverBlocks(
      Mode mode, long margin, long limit, long committed, long reserved, long shortfall) {
    Standing standing = standing(mode, margin, null, account(limit, committed, reserved));

    assertEquals(MicroUsd.of(shortfall), standing.shortfall(ESTIMATE));
    assertEquals(shortfall > 0, standing.isOver(ESTIMATE));
    assertEquals(shortfall > 0 && mode != Mode.ADVISORY_ESTIMATE, standing.blocks(ESTIMATE));
  }

  /// The ledger takes the hold under the very condition that the call was judged by.
  @ParameterizedTest
  @EnumSource(Mode.class)
  void theGateOfAHoldIsTheConditionOfItsMode(Mode mode) {
    Take take = Take.of(standing(mode, 50, null, account(200, 0, 0)), ESTIMATE);

    assertEquals(
        switch (mode) {
          case HARD_GATE -> new Take.Gate.AtLeast(MicroUsd.of(100));
          case SOFT_GATE -> new Take.Gate.AtLeast(MicroUsd.of(10));
          case ACTUALS_ONLY -> new Take.Gate.NotSpent();
          case ADVISORY_ESTIMATE -> new Take.Gate.Open();
        },
        take.gate());
  }

  @Test
  void aTouchThatHoldsNothingNeedsNothing() {
    Take nothing = Take.ofNothing(standing(Mode.HARD_GATE, account(0, 0, 0)));

    assertEquals(MicroUsd.ZERO, nothing.hold());
    assertEquals(new Take.Gate.Open(), nothing.gate());
  }

  @Test
  void waitingHelpsWhereTheLimitLessWhatIsSpentWouldDo() {
    assertTrue(
        standing(Mode.HARD_GATE, account(200, 100, 100)).fitsWhenNothingIsInFlight(ESTIMATE));
    assertFalse(
        standing(Mode.HARD_GATE, account(200, 101, 99)).fitsWhenNothingIsInFlight(ESTIMATE));
  }

  @Test
  void theEndOfAWindowHelpsWhereItsWholeLimitWouldDo() {
    assertTrue(
        standing(Mode.HARD_GATE, 0, MIDNIGHT, account(100, 90, 10)).fitsAfterReset(ESTIMATE));
    assertFalse(standing(Mode.HARD_GATE, 0, MIDNIGHT, account(99, 90, 9)).fitsAfterReset(ESTIMATE));
    assertFalse(standing(Mode.HARD_GATE, 0, null, account(100, 0, 0)).fitsAfterReset(ESTIMATE));
  }

  @Test
  void aThresholdIsCrossedByTheHoldThatReachesIt() {
    Standing half = standing(Mode.HARD_GATE, 0, null, account(200, 70, 30), 40, 50, 60, 61);

    assertEquals(List.of(60), half.crossedBy(MicroUsd.of(20)));
    assertEquals(List.of(), half.crossedBy(MicroUsd.of(19)));
    assertEquals(List.of(60, 61), half.crossedBy(MicroUsd.of(22)));
    assertEquals(
        List.of(50),
        standing(Mode.HARD_GATE, 0, null, account(200, 70, 29), 50).crossedBy(MicroUsd.of(1)));
  }

  @Test
  void aShareIsReachedExactlyOrNot() {
    Standing standing = standing(Mode.HARD_GATE, account(333, 0, 0));

    assertTrue(standing.reaches(MicroUsd.of(167), 50));
    assertFalse(standing.reaches(MicroUsd.of(166), 50));
    assertTrue(standing.reaches(MicroUsd.of(Long.MAX_VALUE), 50));
  }

  @Test
  void anAccountThatDoesNotAddUpCountsAsItsOtherSumsSay() {
    Account broken =
        new Account(
            KEY,
            MicroUsd.of(10),
            MicroUsd.of(3),
            MicroUsd.of(2),
            MicroUsd.of(6),
            LimitVersion.NONE);

    assertFalse(broken.addsUp());
    assertEquals(MicroUsd.of(5), broken.available());
    assertTrue(account(10, 3, 2).addsUp());
  }

  @Test
  void anotherLimitLeavesWhatIsSpentAndHeldAsItIs() {
    Account moved = account(200, 70, 30).withLimit(MicroUsd.of(90), new LimitVersion(8, 0));

    assertEquals(MicroUsd.of(-10), moved.available());
    assertEquals(MicroUsd.of(70), moved.committed());
    assertEquals(MicroUsd.of(30), moved.reserved());
    assertEquals(new LimitVersion(8, 0), moved.version());
    assertEquals(
        Account.of(KEY, MicroUsd.of(5), MicroUsd.ZERO, MicroUsd.ZERO, new LimitVersion(3, 1)),
        Account.unused(KEY, MicroUsd.of(5), new LimitVersion(3, 1)));
  }
}
