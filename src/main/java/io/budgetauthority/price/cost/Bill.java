package io.budgetauthority.price.cost;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.Multiplier;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.UnitCount;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// An amount line by line (protocol.md#bill).
///
/// @param lines quantities of one thing at one price
/// @param multiplier what the lines of tokens are multiplied by
/// @param sum in USD with as many decimals as it needs, after the multiplier
/// @param amount the sum rounded up to micro-USD
public record Bill(
    @JsonProperty("lines") List<Line> lines,
    @JsonProperty("multiplier") String multiplier,
    @JsonProperty("sum_usd") String sum,
    @JsonProperty("amount_usd") MicroUsd amount) {

  public Bill {
    lines = List.copyOf(lines);
  }

  /// @param name a price of the row, a unit or a tool
  /// @param quantity tokens, units or uses
  /// @param price in USD for one
  /// @param amount quantity times price in USD, before the multiplier
  /// @param multiplied whether the multiplier applies; it does to tokens
  public record Line(
      @JsonProperty("name") String name,
      @JsonProperty("quantity") String quantity,
      @JsonProperty("price_usd") String price,
      @JsonProperty("amount_usd") String amount,
      @JsonProperty("multiplied") boolean multiplied) {}

  /// Takes lines while an amount is computed.
  static final class Lines {

    private final List<Line> taken = new ArrayList<>();

    void tokens(TokenClass tokenClass, long tokens, long picos) {
      add(tokenClass.wireName(), UnitCount.of(tokens), picos, true);
    }

    void units(String name, UnitCount count, long picos) {
      add(name, count, picos, false);
    }

    private void add(String name, UnitCount quantity, long picos, boolean multiplied) {
      if (quantity.isPositive()) {
        taken.add(
            new Line(
                name,
                quantity.toString(),
                new PicoUsd(picos).toString(),
                new PicoUsd(quantity.timesPicos(picos)).toString(),
                multiplied));
      }
    }

    /// Takes the lines of the dearer of two ways to bill the same.
    void become(Lines other) {
      taken.clear();
      taken.addAll(other.taken);
    }

    Bill bill(Multiplier multiplier, long picos) {
      return new Bill(
          taken, factor(multiplier), new PicoUsd(picos).toString(), PicoUsd.roundUp(picos));
    }

    private static String factor(Multiplier multiplier) {
      BigDecimal factor =
          BigDecimal.valueOf(multiplier.region(), 6)
              .multiply(BigDecimal.valueOf(multiplier.speed(), 6))
              .stripTrailingZeros();
      return (factor.scale() < 0 ? factor.setScale(0) : factor).toPlainString();
    }
  }
}
