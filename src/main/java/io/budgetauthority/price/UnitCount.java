package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/// How much a call used or may use of a unit that is not tokens, in millionths: `12.5` seconds are
/// 12,500,000 (protocol.md#wire-format: up to six decimals). Never negative, except for
/// [#UNSTATED].
public record UnitCount(long millionths) {

  /// The bound of a unit that a request names without a bound. Nothing can be priced with it.
  public static final UnitCount UNSTATED = new UnitCount(-1_000_000);

  public static final UnitCount ZERO = new UnitCount(0);

  private static final int DECIMALS = 6;
  private static final long MILLION = 1_000_000;

  /// A whole number of units.
  public static UnitCount of(long units) {
    return new UnitCount(Math.multiplyExact(units, MILLION));
  }

  /// A decimal number of units. A number with more than six decimals gets an [ArithmeticException].
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static UnitCount of(BigDecimal units) {
    return new UnitCount(units.movePointRight(DECIMALS).longValueExact());
  }

  /// Decimal numbers of units by name.
  public static Map<String, UnitCount> ofAll(Map<String, BigDecimal> units) {
    Map<String, UnitCount> counts = new LinkedHashMap<>();
    units.forEach((name, count) -> counts.put(name, of(count)));
    return counts;
  }

  public boolean isPositive() {
    return millionths > 0;
  }

  /// What this many units cost at a price in pico-USD each, rounded up to a whole pico-USD. A cost
  /// that does not fit a long gets an [ArithmeticException].
  public long timesPicos(long picos) {
    long whole = Math.multiplyExact(millionths / MILLION, picos);
    long rest = millionths % MILLION;
    if (rest == 0) {
      return whole;
    }
    BigInteger[] fraction =
        BigInteger.valueOf(rest)
            .multiply(BigInteger.valueOf(picos))
            .divideAndRemainder(BigInteger.valueOf(MILLION));
    long part = fraction[0].longValueExact();
    return Math.addExact(whole, fraction[1].signum() == 0 ? part : part + 1);
  }

  /// The number in JSON: an integer where it is whole.
  @JsonValue
  Number toJson() {
    return millionths % MILLION == 0 ? Long.valueOf(millionths / MILLION) : toDecimal();
  }

  /// The number without trailing zeros after the point.
  public BigDecimal toDecimal() {
    BigDecimal exact = BigDecimal.valueOf(millionths, DECIMALS).stripTrailingZeros();
    return exact.scale() < 0 ? exact.setScale(0) : exact;
  }

  @Override
  public String toString() {
    return toDecimal().toPlainString();
  }
}
