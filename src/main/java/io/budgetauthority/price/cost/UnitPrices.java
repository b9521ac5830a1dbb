package io.budgetauthority.price.cost;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a row charges for units other than tokens, by one tariff. It says which units add to the
/// tokens, and which are another way to bill the same thing (pricing.md#units).
///
/// @param variant the variant that was used; null for the dearest
record UnitPrices(Price row, Tariff tariff, @Nullable String variant) {

  /// Modes in which seconds and tokens bill the same thing: all of the sound.
  private static final Set<String> SOUND = Set.of("audio_transcription", "audio_speech");

  private static final UnitCount ONE = UnitCount.of(1);

  /// The price of a variant of a unit or tool, in pico-USD; null where the row states none.
  static @Nullable Long ofVariant(Price row, String billed, @Nullable String variant) {
    return variant == null ? null : row.variants().getOrDefault(billed, Map.of()).get(variant);
  }

  boolean isSound() {
    return SOUND.contains(row.mode());
  }

  /// The cost of the units that are billed beside the tokens, in pico-USD.
  ///
  /// @param lines what takes the lines of the sum; null where nobody asks for them
  long adding(Map<String, UnitCount> units, Bill.@Nullable Lines lines) {
    long sum = 0;
    for (BillingUnit unit : BillingUnit.values()) {
      if (tariff.unitPicos(unit) != Tariff.NO_PRICE && addsToTokens(unit)) {
        sum = Math.addExact(sum, cost(units, unit));
        addLine(units, unit, lines);
      }
    }
    return sum;
  }

  /// The cost of a unit that is billed in place of tokens, in pico-USD; 0 where it is not.
  long alternative(Map<String, UnitCount> units, BillingUnit unit) {
    long cost =
        tariff.unitPicos(unit) == Tariff.NO_PRICE || addsToTokens(unit) ? 0 : cost(units, unit);
    if (unit == BillingUnit.IMAGES && tariff.unitPicos(BillingUnit.PIXELS) != Tariff.NO_PRICE) {
      return Math.max(cost, cost(units, BillingUnit.PIXELS));
    }
    return cost;
  }

  /// Takes the line of a unit that is billed in place of tokens.
  void alternativeLine(Map<String, UnitCount> units, BillingUnit unit, Bill.Lines lines) {
    boolean byPixels =
        unit == BillingUnit.IMAGES
            && tariff.unitPicos(BillingUnit.PIXELS) != Tariff.NO_PRICE
            && cost(units, BillingUnit.PIXELS) >= cost(units, unit);
    addLine(units, byPixels ? BillingUnit.PIXELS : unit, lines);
  }

  private void addLine(Map<String, UnitCount> units, BillingUnit unit, Bill.@Nullable Lines lines) {
    if (lines != null) {
      lines.units(unit.wireName(), count(units, unit), picos(unit));
    }
  }

  private long cost(Map<String, UnitCount> units, BillingUnit unit) {
    return count(units, unit).timesPicos(picos(unit));
  }

  private static UnitCount count(Map<String, UnitCount> units, BillingUnit unit) {
    UnitCount absent = unit == BillingUnit.REQUESTS ? ONE : UnitCount.ZERO;
    return units.getOrDefault(unit.wireName(), absent);
  }

  private long picos(BillingUnit unit) {
    long dearest = Math.max(0, tariff.unitPicos(unit));
    Long ofVariant = ofVariant(row, unit.wireName(), variant);
    return ofVariant == null ? dearest : Math.min(dearest, ofVariant);
  }

  /// Whether the unit is billed beside the tokens. It is not where the row prices tokens for the
  /// same thing: seconds and sound, images and image tokens or pixels, characters and text.
  private boolean addsToTokens(BillingUnit unit) {
    return switch (unit) {
      case SECONDS ->
          !(tariff.hasOwnPrice(TokenClass.INPUT_AUDIO)
              || tariff.hasOwnPrice(TokenClass.OUTPUT_AUDIO)
              || (isSound() && pricesText()));
      case IMAGES ->
          !(tariff.hasOwnPrice(TokenClass.INPUT_IMAGE)
              || tariff.hasOwnPrice(TokenClass.OUTPUT_IMAGE)
              || tariff.unitPicos(BillingUnit.PIXELS) != Tariff.NO_PRICE);
      case PIXELS -> false;
      case CHARACTERS -> !pricesText();
      case PAGES, QUERIES, CREDITS, REQUESTS -> true;
    };
  }

  private boolean pricesText() {
    return tariff.ratePicos(TokenClass.INPUT) > 0 || tariff.ratePicos(TokenClass.OUTPUT) > 0;
  }

  /// Whether the row prices a unit whose count is above 0, or prices requests: every call is one.
  boolean pricesAny(Map<String, UnitCount> units) {
    return tariff.unitPicos(BillingUnit.REQUESTS) > 0
        || units.entrySet().stream()
            .anyMatch(
                unit ->
                    unit.getValue().isPositive()
                        && tariff.unitPicos(BillingUnit.ofWireName(unit.getKey()))
                            != Tariff.NO_PRICE);
  }

  /// Whether no token has a price above 0 and some unit has one.
  boolean billsUnitsAlone() {
    for (TokenClass tokenClass : TokenClass.values()) {
      if (tariff.ratePicos(tokenClass) > 0) {
        return false;
      }
    }
    for (BillingUnit unit : BillingUnit.values()) {
      if (tariff.unitPicos(unit) > 0) {
        return true;
      }
    }
    return false;
  }

  /// The units that an ask bounded above 0, that have a price, and that the usage leaves out
  /// without stating another way in which the row bills the same thing.
  List<BillingUnit> leftOut(Usage usage, Map<String, UnitCount> asked) {
    List<BillingUnit> leftOut = new ArrayList<>();
    for (BillingUnit unit : BillingUnit.values()) {
      UnitCount bound = asked.get(unit.wireName());
      if (bound != null
          && bound.isPositive()
          && unit != BillingUnit.REQUESTS
          && tariff.unitPicos(unit) != Tariff.NO_PRICE
          && !usage.units().containsKey(unit.wireName())
          && !isBilledOtherwise(unit, usage)) {
        leftOut.add(unit);
      }
    }
    return leftOut;
  }

  private boolean isBilledOtherwise(BillingUnit unit, Usage usage) {
    if (addsToTokens(unit)) {
      return false;
    }
    Parts parts = usage.parts();
    boolean tokens = usage.inputTokens() + usage.outputTokens() > 0;
    return switch (unit) {
      case SECONDS ->
          isPositive(parts.inputAudioTokens())
              || isPositive(parts.outputAudioTokens())
              || (isSound() && tokens);
      case IMAGES -> hasImageTokens(parts) || isStated(usage, BillingUnit.PIXELS);
      case PIXELS -> hasImageTokens(parts) || isStated(usage, BillingUnit.IMAGES);
      case CHARACTERS -> tokens;
      case PAGES, QUERIES, CREDITS, REQUESTS -> false;
    };
  }

  private static boolean hasImageTokens(Parts parts) {
    return isPositive(parts.inputImageTokens()) || isPositive(parts.outputImageTokens());
  }

  private static boolean isStated(Usage usage, BillingUnit unit) {
    return usage.units().containsKey(unit.wireName());
  }

  private static boolean isPositive(@Nullable Long count) {
    return count != null && count > 0;
  }
}
