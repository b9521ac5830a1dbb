package io.budgetauthority.price;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/// What a row multiplies the token prices of a whole call by, for the region of inference and for
/// the speed (pricing.md#multipliers). Units and tools are not multiplied.
///
/// @param region in millionths: 1,100,000 is 1.1
/// @param speed in millionths
public record Multiplier(long region, long speed) {

  /// A factor of one, in millionths.
  public static final long ONE = 1_000_000;

  /// The multiplier that changes nothing.
  public static final Multiplier NONE = new Multiplier(ONE, ONE);

  private static final BigInteger TRILLION = BigInteger.valueOf(ONE).pow(2);

  /// A multiplier as a price file states it, in millionths; a finer one is rounded up. One that is
  /// not above 0 or is above 1,000 gets an [ArithmeticException].
  public static long millionths(BigDecimal stated) {
    long millionths = stated.movePointRight(6).setScale(0, RoundingMode.CEILING).longValueExact();
    if (millionths <= 0 || millionths > ONE * 1_000) {
      throw new ArithmeticException("must be above 0 and at most 1,000: " + stated);
    }
    return millionths;
  }

  /// A sum of token prices in pico-USD times both factors, rounded up to a whole pico-USD. The sum
  /// is rounded up again later, so this rounding does not change the result.
  public long times(long picos) {
    if (region == ONE && speed == ONE) {
      return picos;
    }
    BigInteger[] product =
        BigInteger.valueOf(picos)
            .multiply(BigInteger.valueOf(region))
            .multiply(BigInteger.valueOf(speed))
            .divideAndRemainder(TRILLION);
    return product[0].add(BigInteger.valueOf(product[1].signum())).longValueExact();
  }
}
