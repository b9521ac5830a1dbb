package io.budgetauthority.price;

import static io.budgetauthority.price.Usage.orZero;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.money.PicoUsd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Prices usage and worst cases by one and the same arithmetic (protocol section 2, "The estimate";
/// pricing.md): sums in pico-USD with overflow as an [ArithmeticException], rounded up once. For
/// any usage within some bounds, the worst case of the bounds is never below the charge of the
/// usage.
public final class Pricing {

  /// Modes where time and tokens bill the same thing: all of the sound.
  private static final Set<String> SOUND = Set.of("audio_transcription", "audio_speech");

  private Pricing() {}

  /// What a commit charges, and which of its parts had no price of their own, by their names in
  /// `usage`.
  public record Charge(MicroUsd amount, List<String> unpriced) {
    public Charge {
      unpriced = List.copyOf(unpriced);
    }
  }

  /// Why a row cannot bound a call's cost, so that the call must not be let through as if it were
  /// free (protocol section 2, "Unknown prices"). Empty where the worst case is known.
  public static Optional<String> unpricedBecause(Price row, Bounds bounds) {
    return Unpriced.because(row, bounds);
  }

  /// The dearest bill that the bounds allow. The row must have a price for them
  /// ([#unpricedBecause]).
  public static MicroUsd worstCase(Price row, Bounds bounds) {
    long dearest = 0;
    List<Tariff> tariffs = row.tariffs(bounds.serviceTier());
    for (int i = 0; i < tariffs.size(); i++) {
      Tariff tariff = tariffs.get(i);
      if (i > 0 && bounds.inputTokens() <= tariff.aboveTokens()) {
        break;
      }
      long longest =
          i + 1 < tariffs.size()
              ? Math.min(bounds.inputTokens(), tariffs.get(i + 1).aboveTokens())
              : bounds.inputTokens();
      dearest = Math.max(dearest, worstCase(row, tariff, longest, bounds));
    }
    return PicoUsd.roundUp(Math.addExact(dearest, toolPicos(row, bounds.billedTools())));
  }

  private static long worstCase(Price row, Tariff tariff, long inputTokens, Bounds bounds) {
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
    return dearestOverAlternatives(row, tariff, bounds, inputTokens, rows, columns, output);
  }

  /// Tokens and a unit that bill the same thing are alternatives: either all of it is billed as
  /// tokens, or by the unit and then none of it as tokens. The dearest of these choices bounds
  /// every mixture, since the bill is convex in how much is which.
  private static long dearestOverAlternatives(
      Price row,
      Tariff tariff,
      Bounds bounds,
      long inputTokens,
      long[] rows,
      long[] columns,
      long[] output) {
    long adding = addingUnits(row, tariff, bounds.units());
    long sound = alternativeUnits(row, tariff, bounds.units(), BillingUnit.SECONDS);
    long images = alternativeUnits(row, tariff, bounds.units(), BillingUnit.IMAGES);
    long text = alternativeUnits(row, tariff, bounds.units(), BillingUnit.CHARACTERS);
    boolean soundIsAll = SOUND.contains(row.mode());
    long dearest = 0;
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
      long sum = (bySound ? sound : 0) + (byImage ? images : 0) + (byText ? text : 0);
      sum = Math.addExact(sum, InputMix.dearestPicos(tariff, inputTokens, rows, columnRoom));
      sum = Math.addExact(sum, dearestOutput(tariff, bounds.outputTokens(), outputRoom));
      dearest = Math.max(dearest, sum);
    }
    return Math.addExact(dearest, adding);
  }

  private static final TokenClass[] OUTPUT_CLASSES = {
    TokenClass.OUTPUT, TokenClass.REASONING, TokenClass.OUTPUT_AUDIO, TokenClass.OUTPUT_IMAGE
  };

  private static long dearestOutput(Tariff tariff, long tokens, long[] room) {
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
      sum =
          Math.addExact(
              sum,
              Math.multiplyExact(taken, Math.max(0, tariff.ratePicos(OUTPUT_CLASSES[dearest]))));
      left -= taken;
    }
    return sum;
  }

  /// What `usage` costs by the row, at the tier of its whole input. Parts without a price are
  /// charged at their whole's and listed; a whole without one at the dearest of its side, and
  /// listed.
  public static Charge charge(Price row, String serviceTier, Usage usage) {
    List<String> unpriced = new ArrayList<>();
    List<Tariff> tariffs = row.tariffs(serviceTier);
    if (tariffs.isEmpty()) {
      unpriced.add("service_tier");
      tariffs = row.tariffs(Bounds.DEFAULT_TIER);
      if (tariffs.isEmpty()) {
        return new Charge(MicroUsd.ZERO, List.of("model"));
      }
    }
    Tariff tariff = tariffs.getFirst();
    for (Tariff longer : tariffs) {
      if (usage.inputTokens() > longer.aboveTokens()) {
        tariff = longer;
      }
    }
    long picos = tokensAndUnits(row, tariff, usage);
    picos = Math.addExact(picos, toolPicos(row, usage.billedTools()));
    listUnpriced(row, tariff, usage, unpriced);
    return new Charge(PicoUsd.roundUp(picos), unpriced);
  }

  private static long tokensAndUnits(Price row, Tariff tariff, Usage usage) {
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
    Bounds exact =
        new Bounds(
            usage.inputTokens(),
            usage.outputTokens(),
            parts,
            usage.units(),
            Map.of(),
            Bounds.DEFAULT_TIER);
    return dearestOverAlternatives(row, tariff, exact, usage.inputTokens(), rows, columns, output);
  }

  private static void listUnpriced(Price row, Tariff tariff, Usage usage, List<String> unpriced) {
    Parts parts = usage.parts();
    listWhole(tariff, TokenClass.INPUT, usage.inputTokens(), "input_tokens", unpriced);
    listPart(tariff, TokenClass.CACHE_READ, parts.cacheReadTokens(), "cache_read_tokens", unpriced);
    listPart(
        tariff, TokenClass.CACHE_WRITE, parts.cacheWriteTokens(), "cache_write_tokens", unpriced);
    listPart(
        tariff,
        TokenClass.CACHE_WRITE_1H,
        parts.cacheWrite1hTokens(),
        "cache_write_1h_tokens",
        unpriced);
    listPart(
        tariff, TokenClass.INPUT_AUDIO, parts.inputAudioTokens(), "input_audio_tokens", unpriced);
    listPart(
        tariff, TokenClass.INPUT_IMAGE, parts.inputImageTokens(), "input_image_tokens", unpriced);
    listWhole(tariff, TokenClass.OUTPUT, usage.outputTokens(), "output_tokens", unpriced);
    listPart(tariff, TokenClass.REASONING, parts.reasoningTokens(), "reasoning_tokens", unpriced);
    listPart(
        tariff,
        TokenClass.OUTPUT_AUDIO,
        parts.outputAudioTokens(),
        "output_audio_tokens",
        unpriced);
    listPart(
        tariff,
        TokenClass.OUTPUT_IMAGE,
        parts.outputImageTokens(),
        "output_image_tokens",
        unpriced);
    usage
        .units()
        .forEach(
            (unit, count) -> {
              if (count > 0
                  && !unit.equals(BillingUnit.REQUESTS.wireName())
                  && tariff.unitPicos(BillingUnit.ofWireName(unit)) == Tariff.NO_PRICE) {
                unpriced.add(unit);
              }
            });
    usage
        .billedTools()
        .forEach(
            (tool, count) -> {
              if (count > 0 && !row.toolPicos().containsKey(tool)) {
                unpriced.add(tool);
              }
            });
  }

  private static void listWhole(
      Tariff tariff, TokenClass whole, long count, String name, List<String> unpriced) {
    if (count > 0 && !tariff.hasOwnPrice(whole)) {
      unpriced.add(name);
    }
  }

  private static void listPart(
      Tariff tariff, TokenClass part, @Nullable Long count, String name, List<String> unpriced) {
    if (orZero(count) > 0 && !tariff.hasOwnPrice(part)) {
      unpriced.add(name);
    }
  }

  private static long toolPicos(Price row, Map<String, Long> billedTools) {
    long sum = 0;
    for (Map.Entry<String, Long> tool : billedTools.entrySet()) {
      long picos = row.toolPicos().getOrDefault(tool.getKey(), 0L);
      sum = Math.addExact(sum, Math.multiplyExact(picos, tool.getValue()));
    }
    return sum;
  }

  private static long addingUnits(Price row, Tariff tariff, Map<String, Long> units) {
    long sum = 0;
    for (BillingUnit unit : BillingUnit.values()) {
      if (tariff.unitPicos(unit) != Tariff.NO_PRICE && addsToTokens(row, tariff, unit)) {
        sum = Math.addExact(sum, unitCost(tariff, units, unit));
      }
    }
    return sum;
  }

  private static long alternativeUnits(
      Price row, Tariff tariff, Map<String, Long> units, BillingUnit unit) {
    long cost =
        tariff.unitPicos(unit) == Tariff.NO_PRICE || addsToTokens(row, tariff, unit)
            ? 0
            : unitCost(tariff, units, unit);
    if (unit == BillingUnit.IMAGES && tariff.unitPicos(BillingUnit.PIXELS) != Tariff.NO_PRICE) {
      return Math.max(cost, unitCost(tariff, units, BillingUnit.PIXELS));
    }
    return cost;
  }

  private static long unitCost(Tariff tariff, Map<String, Long> units, BillingUnit unit) {
    long absent = unit == BillingUnit.REQUESTS ? 1 : 0;
    long count = units.getOrDefault(unit.wireName(), absent);
    return Math.multiplyExact(count, Math.max(0, tariff.unitPicos(unit)));
  }

  /// Whether the unit is billed beside the tokens. It is not where the row prices tokens for the
  /// same thing: seconds and sound, images and image tokens or pixels, characters and text.
  private static boolean addsToTokens(Price row, Tariff tariff, BillingUnit unit) {
    return switch (unit) {
      case SECONDS ->
          !(tariff.hasOwnPrice(TokenClass.INPUT_AUDIO)
              || tariff.hasOwnPrice(TokenClass.OUTPUT_AUDIO)
              || (SOUND.contains(row.mode()) && pricesText(tariff)));
      case IMAGES ->
          !(tariff.hasOwnPrice(TokenClass.INPUT_IMAGE)
              || tariff.hasOwnPrice(TokenClass.OUTPUT_IMAGE)
              || tariff.unitPicos(BillingUnit.PIXELS) != Tariff.NO_PRICE);
      case PIXELS -> false;
      case CHARACTERS -> !pricesText(tariff);
      case PAGES, QUERIES, CREDITS, REQUESTS -> true;
    };
  }

  private static boolean pricesText(Tariff tariff) {
    return tariff.ratePicos(TokenClass.INPUT) > 0 || tariff.ratePicos(TokenClass.OUTPUT) > 0;
  }

  private static long bounded(@Nullable Long bound, long whole) {
    return bound == null ? whole : Math.min(bound, whole);
  }
}
