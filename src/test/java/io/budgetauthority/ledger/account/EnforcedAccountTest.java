package io.budgetauthority.ledger.account;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// One account judged in each mode (protocol.md#modes). The call costs 100 at worst and is expected
/// to cost 60.
class EnforcedAccountTest {

  private static final AccountKey KEY = AccountKey.total("t", Scope.USER, "ada");
  private static final Enforced.Estimate ESTIMATE =
      new Enforced.Estimate(MicroUsd.of(100), MicroUsd.of(60), false);
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");

  private static Account account(long limit, long committed, long reserved) {
    return new Account(
        KEY,
        MicroUsd.of(limit),
        MicroUsd.of(committed),
        MicroUsd.of(reserved),
        MicroUsd.of(limit - committed - reserved),
        new LimitVersion(7, 0),
        AccountIncreases.NONE,
        Account.Split.NONE,
        null);
  }

  private static EnforcedAccount enforced(
      Mode mode, long margin, @Nullable Instant resetsAt, Account account, Integer... warnAt) {
    return new EnforcedAccount(
        account, account, mode, MicroUsd.of(margin), List.of(warnAt), resetsAt);
  }

  private static EnforcedAccount enforced(Mode mode, Account account) {
    return enforced(mode, 0, null, account);
  }

  @ParameterizedTest
  @CsvSource({"HARD_GATE,100", "SOFT_GATE,60", "ADVISORY_ESTIMATE,100", "ACTUALS_ONLY,0"})
  void whenACallIsHeld_eachModeHoldsItsOwnEstimate(Mode mode, long held) {
    assertThat(enforced(mode, account(0, 0, 0)).hold(ESTIMATE)).isEqualTo(MicroUsd.of(held));
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
  void whenACallIsShort_itIsBlockedUnlessAdvisory(
      Mode mode, long margin, long limit, long committed, long reserved, long shortfall) {
    EnforcedAccount enforced = enforced(mode, margin, null, account(limit, committed, reserved));

    assertThat(enforced.shortfall(ESTIMATE)).isEqualTo(MicroUsd.of(shortfall));
    assertThat(enforced.isOver(ESTIMATE)).isEqualTo(shortfall > 0);
    assertThat(enforced.blocks(ESTIMATE))
        .isEqualTo(shortfall > 0 && mode != Mode.ADVISORY_ESTIMATE);
  }

  /// The ledger takes the hold under the very condition that the call was judged by.
  @ParameterizedTest
  @EnumSource(Mode.class)
  void whenAHoldIsTaken_itsConditionIsThatOfItsMode(Mode mode) {
    ConditionalHold take =
        ConditionalHold.of(enforced(mode, 50, null, account(200, 0, 0)), ESTIMATE);

    assertThat(take.condition())
        .isEqualTo(
            switch (mode) {
              case HARD_GATE -> new ConditionalHold.Condition.AtLeast(MicroUsd.of(100));
              case SOFT_GATE -> new ConditionalHold.Condition.AtLeast(MicroUsd.of(10));
              case ACTUALS_ONLY -> new ConditionalHold.Condition.NotSpent();
              case ADVISORY_ESTIMATE -> new ConditionalHold.Condition.None();
            });
  }

  @Test
  void whenACallIsFree_itFitsAnAccountInDebt() {
    EnforcedAccount inDebt = enforced(Mode.HARD_GATE, account(100, 150, 0));
    Enforced.Estimate free = new Enforced.Estimate(MicroUsd.ZERO, MicroUsd.ZERO, true);
    Enforced.Estimate zero = new Enforced.Estimate(MicroUsd.ZERO, MicroUsd.ZERO, false);

    assertThat(inDebt.blocks(free)).isFalse();
    assertThat(inDebt.blocks(zero)).as("nobody approved that zero").isTrue();
    assertThat(inDebt.condition(zero))
        .isEqualTo(new ConditionalHold.Condition.AtLeast(MicroUsd.ZERO));
  }

  @Test
  void whenNothingIsHeld_nothingIsRequired() {
    ConditionalHold nothing = ConditionalHold.zero(enforced(Mode.HARD_GATE, account(0, 0, 0)));

    assertThat(nothing.hold()).isEqualTo(MicroUsd.ZERO);
    assertThat(nothing.condition()).isEqualTo(new ConditionalHold.Condition.None());
  }

  @Test
  void whenTheLimitLessCommittedFits_waitingHelps() {
    assertThat(enforced(Mode.HARD_GATE, account(200, 100, 100)).fitsByWaiting(ESTIMATE)).isTrue();
    assertThat(enforced(Mode.HARD_GATE, account(200, 101, 99)).fitsByWaiting(ESTIMATE)).isFalse();
  }

  @Test
  void whenTheWholeLimitFits_theEndOfTheWindowHelps() {
    assertThat(enforced(Mode.HARD_GATE, 0, MIDNIGHT, account(100, 90, 10)).fitsAt(ESTIMATE))
        .isEqualTo(MIDNIGHT);
    assertThat(enforced(Mode.HARD_GATE, 0, MIDNIGHT, account(99, 90, 9)).fitsAt(ESTIMATE)).isNull();
    assertThat(enforced(Mode.HARD_GATE, 0, null, account(100, 0, 0)).fitsAt(ESTIMATE)).isNull();
  }

  @Test
  void whenAHoldReachesAThreshold_itIsCrossed() {
    EnforcedAccount half = enforced(Mode.HARD_GATE, 0, null, account(200, 70, 30), 40, 50, 60, 61);

    assertThat(half.crossedBy(MicroUsd.of(20))).isEqualTo(List.of(60));
    assertThat(half.crossedBy(MicroUsd.of(19))).isEmpty();
    assertThat(half.crossedBy(MicroUsd.of(22))).isEqualTo(List.of(60, 61));
    assertThat(
            enforced(Mode.HARD_GATE, 0, null, account(200, 70, 29), 50).crossedBy(MicroUsd.of(1)))
        .isEqualTo(List.of(50));
  }

  @Test
  void whenAShareIsExactlyReached_itCounts() {
    EnforcedAccount enforced = enforced(Mode.HARD_GATE, account(333, 0, 0));

    assertThat(enforced.reaches(MicroUsd.of(167), 50)).isTrue();
    assertThat(enforced.reaches(MicroUsd.of(166), 50)).isFalse();
    assertThat(enforced.reaches(MicroUsd.of(Long.MAX_VALUE), 50)).isTrue();
  }

  @Test
  void whenAnAccountDoesNotAddUp_itsOtherSumsCount() {
    Account broken =
        new Account(
            KEY,
            MicroUsd.of(10),
            MicroUsd.of(3),
            MicroUsd.of(2),
            MicroUsd.of(6),
            LimitVersion.NONE,
            AccountIncreases.NONE,
            Account.Split.NONE,
            null);

    assertThat(broken.addsUp()).isFalse();
    assertThat(broken.available()).isEqualTo(MicroUsd.of(5));
    assertThat(account(10, 3, 2).addsUp()).isTrue();
  }

  @Test
  void whenTheLimitChanges_committedAndReservedStay() {
    Account moved = account(200, 70, 30).under(MicroUsd.of(90), new LimitVersion(8, 0));

    assertThat(moved.available()).isEqualTo(MicroUsd.of(-10));
    assertThat(moved.committed()).isEqualTo(MicroUsd.of(70));
    assertThat(moved.reserved()).isEqualTo(MicroUsd.of(30));
    assertThat(moved.version()).isEqualTo(new LimitVersion(8, 0));
    assertThat(Account.unused(KEY, MicroUsd.of(5), new LimitVersion(3, 1)))
        .isEqualTo(
            Account.of(KEY, MicroUsd.of(5), MicroUsd.ZERO, MicroUsd.ZERO, new LimitVersion(3, 1)));
  }
}
