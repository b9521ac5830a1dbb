package io.budgetauthority.tenant;

import io.budgetauthority.money.MicroUsd;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;

/// How fast a rate refills: evenly, by its limit in each period. All arithmetic about rates is here
/// and exact (ledger.md#rates). A place of a rate is a time multiplied by the limit, so that both a
/// millisecond and a micro-USD are whole numbers of it: the limit and the period in milliseconds.
///
/// @param limit above 0
/// @param periodSeconds 1 to 604,800
public record Refill(MicroUsd limit, int periodSeconds) {

  private static final BigInteger MILLIS = BigInteger.valueOf(1_000);

  /// An amount beyond this, above or below zero, counts as this, so that sums of it fit a long.
  private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE / 2);

  /// No instant that is answered is later. RFC 3339 has four digits for the year.
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

  public Refill {
    if (!limit.isPositive() || periodSeconds < 1) {
      throw new IllegalArgumentException(
          "a rate refills by more than 0 in at least a second: " + limit + ", " + periodSeconds);
    }
  }

  /// The refill of a ceiling that is a rate; any other gets an [IllegalArgumentException].
  public static Refill of(Ceiling ceiling) {
    Integer period = ceiling.periodSeconds();
    if (period == null) {
      throw new IllegalArgumentException("the ceiling is not a rate");
    }
    return new Refill(ceiling.limit(), period);
  }

  /// The place of an instant.
  public BigInteger placeOf(Instant instant) {
    return BigInteger.valueOf(instant.toEpochMilli()).multiply(BigInteger.valueOf(limit.micros()));
  }

  /// By how many places an amount moves a rate.
  public BigInteger placesOf(MicroUsd amount) {
    return BigInteger.valueOf(amount.micros()).multiply(periodMillis());
  }

  /// The amount of a number of places, rounded down.
  public MicroUsd amountOf(BigInteger places) {
    BigInteger floor = ceilDiv(places.negate(), periodMillis()).negate();
    return MicroUsd.of(floor.max(MOST.negate()).min(MOST).longValueExact());
  }

  /// How many places are refilled in a time; none in a negative one.
  public BigInteger refilledIn(Duration time) {
    return BigInteger.valueOf(Math.max(0, time.toMillis()))
        .multiply(BigInteger.valueOf(limit.micros()));
  }

  /// What refilled from 1970 to an instant, in micro-USD, rounded down.
  public BigInteger refilledUntil(Instant instant) {
    return ceilDiv(placeOf(instant).negate(), periodMillis()).negate();
  }

  /// By how much more this one refilled from 1970 to an instant than another one, in micro-USD,
  /// rounded up.
  public BigInteger refilledMoreThan(Refill other, Instant until) {
    return ceilDiv(
        placeOf(until)
            .multiply(other.periodMillis())
            .subtract(other.placeOf(until).multiply(periodMillis())),
        periodMillis().multiply(other.periodMillis()));
  }

  /// The places of an amount in micro-USD, of any size.
  public BigInteger placesOf(BigInteger micros) {
    return micros.multiply(periodMillis());
  }

  /// The places of another refill that are the same amount as these of this one, rounded up: more
  /// is taken and less is given back.
  public BigInteger placesIn(Refill other, BigInteger places) {
    return other.periodSeconds == periodSeconds
        ? places
        : ceilDiv(places.multiply(other.periodMillis()), periodMillis());
  }

  /// The first millisecond at or after a place.
  public Instant instantOf(BigInteger place) {
    BigInteger millis = ceilDiv(place, BigInteger.valueOf(limit.micros()));
    return Instant.ofEpochMilli(
        millis.min(BigInteger.valueOf(LAST.toEpochMilli())).longValueExact());
  }

  private static BigInteger ceilDiv(BigInteger dividend, BigInteger divisor) {
    BigInteger[] parts = dividend.divideAndRemainder(divisor);
    return parts[1].signum() > 0 ? parts[0].add(BigInteger.ONE) : parts[0];
  }

  private BigInteger periodMillis() {
    return BigInteger.valueOf(periodSeconds).multiply(MILLIS);
  }
}
