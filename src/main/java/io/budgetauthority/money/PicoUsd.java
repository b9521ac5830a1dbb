package io.budgetauthority.money;

import java.math.BigDecimal;
import java.math.RoundingMode;

/// A price in pico-USD for one token or one unit (1 USD for a million tokens is 1,000,000 pico-USD
/// a token), and sums of such prices before they are rounded to the ledger's unit, once and upward
/// (pricing.md#pricing).
public record PicoUsd(long picos) {

  private static final long PICOS_PER_MICRO = 1_000_000;

  /// A price in USD as a decimal number. A fraction of a pico-USD is rounded up. A price that does
  /// not fit a long gets an [ArithmeticException], a negative price an [IllegalArgumentException].
  public static PicoUsd ofUsd(BigDecimal usd) {
    if (usd.signum() < 0) {
      throw new IllegalArgumentException("a price may not be negative: " + usd.toPlainString());
    }
    return new PicoUsd(wholePicos(usd.scaleByPowerOfTen(12)));
  }

  /// Rounds up without expanding the number, because a source may state an absurd exponent.
  private static long wholePicos(BigDecimal picos) {
    long digits = (long) picos.precision() - picos.scale();
    if (digits > 19) {
      throw new ArithmeticException("too large for a price");
    }
    return digits < 0 ? picos.signum() : picos.setScale(0, RoundingMode.CEILING).longValueExact();
  }

  /// The sum rounded up to whole micro-USD: the only rounding between prices and the ledger.
  public static MicroUsd roundUp(long picos) {
    return MicroUsd.of(Math.ceilDiv(picos, PICOS_PER_MICRO));
  }

  /// USD with as many decimals as the price needs, at least two.
  @Override
  public String toString() {
    return Decimals.render(picos, 12);
  }
}
