package io.budgetauthority.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.money.MicroUsd;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RefillTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00.123Z");

  /// The highest limit that can be stated, in a second.
  private static final Refill FASTEST = new Refill(MicroUsd.of(999_999_999_999_999L), 1);

  /// The lowest limit, in the longest period.
  private static final Refill SLOWEST = new Refill(MicroUsd.of(1), Ceiling.MAX_PERIOD_SECONDS);

  @Test
  void whenThePeriodHasPassed_theLimitIsRefilled() {
    for (Refill refill : new Refill[] {FASTEST, SLOWEST, new Refill(MicroUsd.of(7), 60)}) {
      Instant later = NOW.plusSeconds(refill.periodSeconds());
      BigInteger passed = refill.placeOf(later).subtract(refill.placeOf(NOW));

      assertThat(passed).isEqualTo(refill.placesOf(refill.limit()));
      assertThat(refill.amountOf(passed)).isEqualTo(refill.limit());
    }
  }

  @Test
  void whenPartOfAMicroIsRefilled_itIsRoundedAgainstTheCall() {
    Refill refill = new Refill(MicroUsd.of(7), 1);

    assertThat(refill.amountOf(refill.refilledIn(Duration.ofMillis(142)))).isEqualTo(MicroUsd.ZERO);
    assertThat(refill.amountOf(refill.refilledIn(Duration.ofMillis(143))))
        .isEqualTo(MicroUsd.of(1));
    assertThat(refill.refilledIn(Duration.ofMillis(-1))).isEqualTo(BigInteger.ZERO);
    assertThat(refill.amountOf(BigInteger.valueOf(-1))).isEqualTo(MicroUsd.of(-1));
    assertThat(refill.amountOf(BigInteger.valueOf(999))).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenPlacesAreConverted_moreIsTakenAndLessGivenBack() {
    Refill seconds = new Refill(MicroUsd.of(7), 1);
    Refill minutes = new Refill(MicroUsd.of(3), 60);
    BigInteger places = BigInteger.valueOf(100);

    assertThat(seconds.placesIn(minutes, seconds.placesOf(MicroUsd.of(9))))
        .isEqualTo(minutes.placesOf(MicroUsd.of(9)));
    assertThat(minutes.placesIn(seconds, places)).isEqualTo(BigInteger.TWO);
    assertThat(minutes.placesIn(seconds, places.negate())).isEqualTo(BigInteger.ONE.negate());
  }

  @Test
  void whenAPlaceIsBetweenMillis_itsInstantIsTheLater() {
    Refill refill = new Refill(MicroUsd.of(7), 1);
    BigInteger place = refill.placeOf(NOW);

    assertThat(refill.instantOf(place)).isEqualTo(NOW);
    assertThat(refill.instantOf(place.add(BigInteger.ONE))).isEqualTo(NOW.plusMillis(1));
  }

  @Test
  void whenADebtTakesAges_itsEndIsTheLastYear() {
    BigInteger debt = SLOWEST.placesOf(MicroUsd.of(999_999_999_999_999L));

    assertThat(SLOWEST.instantOf(SLOWEST.placeOf(NOW).add(debt)))
        .isEqualTo(Instant.parse("9999-12-31T23:59:59Z"));
    assertThat(SLOWEST.amountOf(debt.multiply(BigInteger.TEN.pow(9))))
        .isEqualTo(MicroUsd.of(Long.MAX_VALUE / 2));
  }

  @Test
  void whenNothingRefills_itIsNoRate() {
    assertThrows(IllegalArgumentException.class, () -> new Refill(MicroUsd.ZERO, 1));
    assertThrows(IllegalArgumentException.class, () -> new Refill(MicroUsd.of(1), 0));
  }
}
