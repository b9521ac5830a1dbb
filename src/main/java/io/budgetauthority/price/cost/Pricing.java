package io.budgetauthority.price.cost;

import static io.budgetauthority.price.Usage.orZero;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Multiplier;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Prices usage and worst cases by the same arithmetic (protocol.md#estimate; pricing.md#pricing).
/// Sums are in pico-USD and are rounded up once. An overflow gets an [ArithmeticException]. For any
/// usage within some bounds, the worst case of the bounds is never below the charge of the usage.
public final class Pricing {

  private Pricing() {}

  /// What usage costs, and which parts of the usage had no price of their own, by their names in
  /// `usage`.
  public record Cost(MicroUsd amount, List<String> unpriced) {
    public Cost {
      unpriced = List.copyOf(unpriced);
    }
  }

  /// What was known of a call before it was made.
  ///
  /// @param units the bounds of the ask
  /// @param serviceTier the tier that was held, as are the region and the speed
  public record Held(
      Map<String, UnitCount> units,
      String serviceTier,
      @Nullable String inferenceRegion,
      @Nullable String speed) {

    /// For usage that never had a decision.
    public static final Held NOTHING = new Held(Map.of(), Bounds.DEFAULT_TIER, null, null);

    public Held {
      units = Map.copyOf(units);
    }
  }

  /// Why a row cannot bound a call's cost. Such a call must not be let through as if it were free
  /// (protocol.md#unknown-price). Empty where the worst case is known.
  public static Optional<String> unpricedBecause(Price row, Bounds bounds) {
    return Unpriced.because(row, bounds);
  }

  /// The dearest bill that the bounds allow. The row must have a price for them
  /// ([#unpricedBecause]).
  public static MicroUsd worstCase(Price row, Bounds bounds) {
    return PicoUsd.roundUp(worstCasePicos(row, bounds, null));
  }

  /// The same, line by line.
  public static Bill worstCaseBill(Price row, Bounds bounds) {
    Bill.Lines lines = new Bill.Lines();
    long picos = worstCasePicos(row, bounds, lines);
    return lines.bill(multiplier(row, bounds.inferenceRegion(), bounds.speed()), picos);
  }

  private static long worstCasePicos(Price row, Bounds bounds, Bill.@Nullable Lines lines) {
    long dearest = 0;
    List<Tariff> tariffs = row.tariffs(bounds.serviceTier());
    Multiplier multiplier = multiplier(row, bounds.inferenceRegion(), bounds.speed());
    for (int i = 0; i < tariffs.size(); i++) {
      Tariff tariff = tariffs.get(i);
      if (i > 0 && bounds.inputTokens() <= tariff.aboveTokens()) {
        break;
      }
      long longest =
          i + 1 < tariffs.size()
              ? Math.min(bounds.inputTokens(), tariffs.get(i + 1).aboveTokens())
              : bounds.inputTokens();
      Bill.@Nullable Lines ofTariff = lines == null ? null : new Bill.Lines();
      long picos = worstCase(row, tariff, longest, bounds, multiplier, ofTariff);
      if (lines != null && ofTariff != null && (i == 0 || picos > dearest)) {
        lines.become(ofTariff);
      }
      dearest = Math.max(dearest, picos);
    }
    return Math.addExact(dearest, toolPicos(row, bounds.billedTools(), null, lines));
  }

  /// What a row multiplies token prices by. A region or speed that it does not state multiplies by
  /// 1.
  private static Multiplier multiplier(
      Price row, @Nullable String inferenceRegion, @Nullable String speed) {
    return inferenceRegion == null && speed == null
        ? Multiplier.NONE
        : new Multiplier(
            inferenceRegion == null
                ? Multiplier.ONE
                : row.regions().getOrDefault(inferenceRegion, Multiplier.ONE),
            speed == null ? Multiplier.ONE : row.speeds().getOrDefault(speed, Multiplier.ONE));
  }

  private static long worstCase(
      Price row,
      Tariff tariff,
      long inputTokens,
      Bounds bounds,
      Multiplier multiplier,
      Bill.@Nullable Lines lines) {
    Parts parts = bounds.parts();
    long write = bounded(parts.cacheWriteTokens(), inputTokens);
    long write1h = Math.min(bounded(parts.cacheWrite1hTokens(), write), write);
    boolean hourIsDearer =
        tariff.ratePicos(TokenClass.CACHE_WRITE_1H) >= tariff.ratePicos(TokenClass.CACHE_WRITE);
    long[] rows = {
      inputTokens,
      bounded(parts.cacheReadTokens(), inputTokens),
      hourIsDearer ? write - write1h : write,
      hourIsDearer ? write1h : 0,
    };
    long[] columns = {
      inputTokens,
      bounded(parts.inputAudioTokens(), inputTokens),
      bounded(parts.inputImageTokens(), inputTokens),
    };
    long[] output = {
      bounds.outputTokens(),
      bounded(parts.reasoningTokens(), bounds.outputTokens()),
      bounded(parts.outputAudioTokens(), bounds.outputTokens()),
      bounded(parts.outputImageTokens(), bounds.outputTokens()),
    };
    Tokens tokens = new Tokens(inputTokens, bounds.outputTokens(), rows, columns, output);
    return dearestOverAlternatives(
        new UnitPrices(row, tariff, null), bounds.units(), tokens, multiplier, lines);
  }

  /// Tokens of a call and the most of each class, in the order of [InputMix] and of
  /// [#OUTPUT_CLASSES].
  private record Tokens(long input, long output, long[] rows, long[] columns, long[] outputs) {}

  /// Finds the dearest bill where tokens and a unit bill the same thing. Such prices are
  /// alternatives: either all of it is billed as tokens, or all of it by the unit and none as
  /// tokens. The dearest of these choices bounds every mixture, because the bill is convex in the
  /// amount that is billed each way.
  private static long dearestOverAlternatives(
      UnitPrices prices,
      Map<String, UnitCount> units,
      Tokens tokens,
      Multiplier multiplier,
      Bill.@Nullable Lines lines) {
    long sound = prices.alternative(units, BillingUnit.SECONDS);
    long images = prices.alternative(units, BillingUnit.IMAGES);
    long text = prices.alternative(units, BillingUnit.CHARACTERS);
    boolean soundIsAll = prices.isSound();
    long[] columns = tokens.columns();
    long[] output = tokens.outputs();
    long dearest = -1;
    for (int choice = 0; choice < 8; choice++) {
      boolean bySound = (choice & 1) != 0;
      boolean byImage = (choice & 2) != 0;
      boolean byText = (choice & 4) != 0;
      if ((bySound && sound == 0) || (byImage && images == 0) || (byText && text == 0)) {
        continue;
      }
      boolean noText = byText || (bySound && soundIsAll);
      long[] columnRoom = {
        noText ? 0 : columns[InputMix.TEXT],
        bySound ? 0 : columns[InputMix.AUDIO],
        byImage ? 0 : columns[InputMix.IMAGE],
      };
      long[] outputRoom = {
        noText ? 0 : output[0],
        noText ? 0 : output[1],
        bySound ? 0 : output[2],
        byImage ? 0 : output[3]
      };
      Bill.@Nullable Lines ofChoice = lines == null ? null : new Bill.Lines();
      long ofTokens =
          Math.addExact(
              InputMix.dearestPicos(
                  prices.tariff(), tokens.input(), tokens.rows(), columnRoom, ofChoice),
              dearestOutput(prices.tariff(), tokens.output(), outputRoom, ofChoice));
      long sum = (bySound ? sound : 0) + (byImage ? images : 0) + (byText ? text : 0);
      long picos = Math.addExact(sum, multiplier.times(ofTokens));
      if (picos > dearest) {
        dearest = picos;
        if (lines != null && ofChoice != null) {
          takeUnits(prices, units, bySound, byImage, byText, ofChoice);
          lines.become(ofChoice);
        }
      }
    }
    return Math.addExact(dearest, prices.adding(units, lines));
  }

  private static void takeUnits(
      UnitPrices prices,
      Map<String, UnitCount> units,
      boolean bySound,
      boolean byImage,
      boolean byText,
      Bill.Lines lines) {
    if (bySound) {
      prices.alternativeLine(units, BillingUnit.SECONDS, lines);
    }
    if (byImage) {
      prices.alternativeLine(units, BillingUnit.IMAGES, lines);
    }
    if (byText) {
      prices.alternativeLine(units, BillingUnit.CHARACTERS, lines);
    }
  }

  private static final TokenClass[] OUTPUT_CLASSES = {
    TokenClass.OUTPUT, TokenClass.REASONING, TokenClass.OUTPUT_AUDIO, TokenClass.OUTPUT_IMAGE
  };

  private static long dearestOutput(
      Tariff tariff, long tokens, long[] room, Bill.@Nullable Lines lines) {
    long sum = 0;
    long left = tokens;
    boolean[] used = new boolean[OUTPUT_CLASSES.length];
    for (int step = 0; step < OUTPUT_CLASSES.length && left > 0; step++) {
      int dearest = -1;
      for (int i = 0; i < OUTPUT_CLASSES.length; i++) {
        if (!used[i]
            && (dearest < 0
                || tariff.ratePicos(OUTPUT_CLASSES[i])
                    > tariff.ratePicos(OUTPUT_CLASSES[dearest]))) {
          dearest = i;
        }
      }
      used[dearest] = true;
      long taken = Math.min(left, room[dearest]);
      long rate = Math.max(0, tariff.ratePicos(OUTPUT_CLASSES[dearest]));
      sum = Math.addExact(sum, Math.multiplyExact(taken, rate));
      if (lines != null) {
        lines.tokens(OUTPUT_CLASSES[dearest], taken, rate);
      }
      left -= taken;
    }
    return sum;
  }

  /// What `usage` costs by the row, at the tier of its whole input. Parts without a price are
  /// charged at the price of their whole and listed. A whole without a price is charged at the
  /// dearest price of its side and listed. A tier, region or speed that the row does not state is
  /// listed; then the dearer of the default tier and the tier held applies, and the dearest
  /// multiplier that the row states. A unit that the ask bounded and the usage leaves out is
  /// charged at its bound and listed, where nothing else that was used bills the same thing
  /// (protocol.md#usage).
  public static Cost cost(Price row, Usage usage, Held held) {
    Summed summed = sum(row, usage, held, null);
    return new Cost(PicoUsd.roundUp(summed.picos()), summed.unpriced());
  }

  /// The same, line by line. Its amount is that of [#cost].
  public static Bill costBill(Price row, Usage usage, Held held) {
    Bill.Lines lines = new Bill.Lines();
    long picos = sum(row, usage, held, lines).picos();
    return lines.bill(usedMultiplier(row, usage, held, new ArrayList<>()), picos);
  }

  private record Summed(long picos, List<String> unpriced) {}

  private static Summed sum(Price row, Usage usage, Held held, Bill.@Nullable Lines lines) {
    List<String> unpriced = new ArrayList<>();
    Multiplier multiplier = usedMultiplier(row, usage, held, unpriced);
    long dearest = 0;
    @Nullable List<String> listed = null;
    for (String tier : tiers(row, usage, held, unpriced)) {
      List<String> ofTier = new ArrayList<>();
      Tariff tariff = tariff(row, tier, usage.inputTokens());
      Bill.@Nullable Lines linesOfTier = lines == null ? null : new Bill.Lines();
      UnitPrices prices = new UnitPrices(row, tariff, usage.variant());
      long picos = picos(prices, usage, held, multiplier, ofTier, linesOfTier);
      if (listed == null || picos > dearest) {
        dearest = picos;
        listed = ofTier;
        if (lines != null && linesOfTier != null) {
          lines.become(linesOfTier);
        }
      }
    }
    if (listed == null) {
      return new Summed(0, List.of("model"));
    }
    unpriced.addAll(listed);
    long picos =
        Math.addExact(dearest, toolPicos(row, usage.billedTools(), usage.variant(), lines));
    usage
        .billedTools()
        .forEach(
            (tool, count) -> {
              if (count > 0 && !row.toolPicos().containsKey(tool)) {
                unpriced.add(tool);
              }
            });
    if (usage.variant() != null && !usesVariant(row, usage)) {
      unpriced.add("variant");
    }
    return new Summed(picos, unpriced);
  }

  /// Whether the row has a price for what was used, so that a charge by it means something. That is
  /// so where it prices a unit that the usage states or the ask bounded. Else it must price the
  /// tokens of each side that was used, and not bill by units alone.
  public static boolean bills(Price row, Usage usage, Held held) {
    for (String tier : tiers(row, usage, held, new ArrayList<>())) {
      Tariff tariff = tariff(row, tier, usage.inputTokens());
      UnitPrices prices = new UnitPrices(row, tariff, null);
      boolean unit = prices.pricesAny(usage.units()) || prices.pricesAny(held.units());
      if (unit) {
        return true;
      }
      boolean input =
          usage.inputTokens() == 0 || tariff.ratePicos(TokenClass.INPUT) != Tariff.NO_PRICE;
      boolean output =
          usage.outputTokens() == 0 || tariff.ratePicos(TokenClass.OUTPUT) != Tariff.NO_PRICE;
      if (input && output && !prices.billsUnitsAlone()) {
        return true;
      }
    }
    return false;
  }

  /// Whether no token of the row has a price above 0 and some unit has one.
  public static boolean isByUnitsAlone(Price row) {
    return !row.tariffs(Bounds.DEFAULT_TIER).isEmpty()
        && new UnitPrices(row, tariff(row, Bounds.DEFAULT_TIER, 0), null).billsUnitsAlone();
  }

  /// The units that a row prices above 0 in the default tier, without long context.
  public static List<String> unitsOf(Price row) {
    Tariff tariff = tariff(row, Bounds.DEFAULT_TIER, 0);
    List<String> units = new ArrayList<>();
    for (BillingUnit unit : BillingUnit.values()) {
      if (tariff.unitPicos(unit) > 0) {
        units.add(unit.wireName());
      }
    }
    return units;
  }

  /// The tiers that may have been billed: the one that was used or held. Where the row does not
  /// price that one, they are those of the default tier and the tier held that it prices.
  private static List<String> tiers(Price row, Usage usage, Held held, List<String> unpriced) {
    String stated = usage.serviceTier() == null ? held.serviceTier() : usage.serviceTier();
    if (!row.tariffs(stated).isEmpty()) {
      return List.of(stated);
    }
    unpriced.add("service_tier");
    List<String> tiers = new ArrayList<>();
    for (String tier : List.of(Bounds.DEFAULT_TIER, held.serviceTier())) {
      if (!row.tariffs(tier).isEmpty() && !tiers.contains(tier)) {
        tiers.add(tier);
      }
    }
    return tiers;
  }

  private static Tariff tariff(Price row, String tier, long inputTokens) {
    List<Tariff> tariffs = row.tariffs(tier);
    Tariff tariff = tariffs.getFirst();
    for (Tariff longer : tariffs) {
      if (inputTokens > longer.aboveTokens()) {
        tariff = longer;
      }
    }
    return tariff;
  }

  private static Multiplier usedMultiplier(
      Price row, Usage usage, Held held, List<String> unpriced) {
    return new Multiplier(
        used(
            row.regions(),
            usage.inferenceRegion() == null ? held.inferenceRegion() : usage.inferenceRegion(),
            "inference_region",
            unpriced),
        used(
            row.speeds(), usage.speed() == null ? held.speed() : usage.speed(), "speed", unpriced));
  }

  private static long used(
      Map<String, Long> factors, @Nullable String stated, String field, List<String> unpriced) {
    if (stated == null) {
      return Multiplier.ONE;
    }
    Long factor = factors.get(stated);
    if (factor != null) {
      return factor;
    }
    unpriced.add(field);
    return factors.values().stream().reduce(Multiplier.ONE, Math::max);
  }

  private static long picos(
      UnitPrices prices,
      Usage usage,
      Held held,
      Multiplier multiplier,
      List<String> unpriced,
      Bill.@Nullable Lines lines) {
    Parts parts = usage.parts();
    long read = orZero(parts.cacheReadTokens());
    long write = orZero(parts.cacheWriteTokens());
    long write1h = orZero(parts.cacheWrite1hTokens());
    long audio = orZero(parts.inputAudioTokens());
    long image = orZero(parts.inputImageTokens());
    long[] rows = {usage.inputTokens() - read - write, read, write - write1h, write1h};
    long[] columns = {usage.inputTokens() - audio - image, audio, image};
    long reasoning = orZero(parts.reasoningTokens());
    long audioOut = orZero(parts.outputAudioTokens());
    long imageOut = orZero(parts.outputImageTokens());
    long[] output = {
      usage.outputTokens() - reasoning - audioOut - imageOut, reasoning, audioOut, imageOut
    };
    Map<String, UnitCount> units = new HashMap<>(usage.units());
    prices
        .leftOut(usage, held.units())
        .forEach(
            unit -> {
              units.put(unit.wireName(), Objects.requireNonNull(held.units().get(unit.wireName())));
              unpriced.add(unit.wireName());
            });
    listUnpriced(prices.tariff(), usage, columns[InputMix.TEXT], output[0], unpriced);
    return dearestOverAlternatives(
        prices,
        units,
        new Tokens(usage.inputTokens(), usage.outputTokens(), rows, columns, output),
        multiplier,
        lines);
  }

  /// Lists what has no price of its own, by its name in `usage`. A whole is listed only where some
  /// of its tokens belong to no part.
  private static void listUnpriced(
      Tariff tariff, Usage usage, long plainInput, long plainOutput, List<String> unpriced) {
    Parts parts = usage.parts();
    list(tariff, TokenClass.INPUT, plainInput, "input_tokens", unpriced);
    list(tariff, TokenClass.CACHE_READ, parts.cacheReadTokens(), "cache_read_tokens", unpriced);
    list(tariff, TokenClass.CACHE_WRITE, parts.cacheWriteTokens(), "cache_write_tokens", unpriced);
    list(
        tariff,
        TokenClass.CACHE_WRITE_1H,
        parts.cacheWrite1hTokens(),
        "cache_write_1h_tokens",
        unpriced);
    list(tariff, TokenClass.INPUT_AUDIO, parts.inputAudioTokens(), "input_audio_tokens", unpriced);
    list(tariff, TokenClass.INPUT_IMAGE, parts.inputImageTokens(), "input_image_tokens", unpriced);
    list(tariff, TokenClass.OUTPUT, plainOutput, "output_tokens", unpriced);
    list(tariff, TokenClass.REASONING, parts.reasoningTokens(), "reasoning_tokens", unpriced);
    list(
        tariff,
        TokenClass.OUTPUT_AUDIO,
        parts.outputAudioTokens(),
        "output_audio_tokens",
        unpriced);
    list(
        tariff,
        TokenClass.OUTPUT_IMAGE,
        parts.outputImageTokens(),
        "output_image_tokens",
        unpriced);
    usage
        .units()
        .forEach(
            (unit, count) -> {
              if (count.isPositive()
                  && !unit.equals(BillingUnit.REQUESTS.wireName())
                  && tariff.unitPicos(BillingUnit.ofWireName(unit)) == Tariff.NO_PRICE) {
                unpriced.add(unit);
              }
            });
  }

  private static void list(
      Tariff tariff, TokenClass priced, @Nullable Long count, String name, List<String> unpriced) {
    if (orZero(count) > 0 && !tariff.hasOwnPrice(priced)) {
      unpriced.add(name);
    }
  }

  private static long toolPicos(
      Price row,
      Map<String, Long> billedTools,
      @Nullable String variant,
      Bill.@Nullable Lines lines) {
    long sum = 0;
    for (Map.Entry<String, Long> tool : billedTools.entrySet()) {
      long picos = row.toolPicos().getOrDefault(tool.getKey(), 0L);
      Long ofVariant = UnitPrices.ofVariant(row, tool.getKey(), variant);
      long each = ofVariant == null ? picos : Math.min(picos, ofVariant);
      sum = Math.addExact(sum, Math.multiplyExact(each, tool.getValue()));
      if (lines != null) {
        lines.units(tool.getKey(), UnitCount.of(tool.getValue()), each);
      }
    }
    return sum;
  }

  /// Whether the stated variant belongs to a unit or a tool that was used.
  private static boolean usesVariant(Price row, Usage usage) {
    return Stream.concat(usage.units().keySet().stream(), usage.billedTools().keySet().stream())
        .anyMatch(name -> UnitPrices.ofVariant(row, name, usage.variant()) != null);
  }

  private static long bounded(@Nullable Long bound, long whole) {
    return bound == null ? whole : Math.min(bound, whole);
  }
}
