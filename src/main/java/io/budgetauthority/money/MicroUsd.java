package io.budgetauthority.money;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;

/// An amount of the ledger in micro-USD (1 USD = 1,000,000). It may be negative: the available
/// amount of an account in debt is. Arithmetic that leaves the range of a long throws
/// [ArithmeticException] rather than wrapping.
///
/// On the wire it is a decimal string in USD with 2 to 6 decimals (protocol.md#wire-format).
public record MicroUsd(long micros) implements Comparable<MicroUsd> {

  public static final MicroUsd ZERO = new MicroUsd(0);

  private static final BigInteger HUNDRED = BigInteger.valueOf(100);

  private static final Pattern STATED = Pattern.compile("-?(0|[1-9][0-9]{0,8})\\.[0-9]{2,6}");

  /// A sum that fits a long has up to 13 digits before the point.
  private static final Pattern WIRE = Pattern.compile("-?(0|[1-9][0-9]{0,12})\\.[0-9]{2,6}");

  public static MicroUsd of(long micros) {
    return micros == 0 ? ZERO : new MicroUsd(micros);
  }

  /// Reads an amount that a caller states. Any text but the wire form gets an
  /// [IllegalArgumentException] that says what the form is. So does a number without decimals, with
  /// more than six, or of a thousand million USD and more.
  public static MicroUsd parseStated(String wire) {
    return parse(wire, STATED);
  }

  /// Reads what [#toString] wrote, sums included. Any other text gets an
  /// [IllegalArgumentException].
  @JsonCreator
  public static MicroUsd parse(String wire) {
    return parse(wire, WIRE);
  }

  private static MicroUsd parse(String wire, Pattern form) {
    if (!form.matcher(wire).matches()) {
      throw new IllegalArgumentException(
          "must be USD as a decimal string with 2 to 6 decimals, such as \"5.00\"");
    }
    try {
      return of(new BigDecimal(wire).movePointRight(6).longValueExact());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("is more than any sum: " + wire, e);
    }
  }

  public MicroUsd plus(MicroUsd other) {
    return of(Math.addExact(micros, other.micros));
  }

  public MicroUsd minus(MicroUsd other) {
    return of(Math.subtractExact(micros, other.micros));
  }

  /// Whether this is at least the given percentage of a limit, however large both are.
  public boolean isAtLeastPercentOf(int percent, MicroUsd limit) {
    return BigInteger.valueOf(micros)
            .multiply(HUNDRED)
            .compareTo(BigInteger.valueOf(limit.micros).multiply(BigInteger.valueOf(percent)))
        >= 0;
  }

  public boolean isPositive() {
    return micros > 0;
  }

  public boolean isNegative() {
    return micros < 0;
  }

  @Override
  public int compareTo(MicroUsd other) {
    return Long.compare(micros, other.micros);
  }

  /// The wire form: at least two decimals, and no trailing zero after the second.
  @JsonValue
  @Override
  public String toString() {
    return Decimals.render(micros, 6);
  }
}
