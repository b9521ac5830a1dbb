package io.budgetauthority.price.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Charges;
import io.budgetauthority.price.Imports;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The property that the authority stands on: whatever a call within its bounds uses, its bill is
/// at most the worst case that was held for it.
class PricingPropertyTest {

  private static final int ROUNDS = 40;

  private static final long PICOS = 20_000_000;

  private static final List<String> MODES =
      List.of("chat", "audio_transcription", "audio_speech", "image_generation", "embedding");

  /// Lengths at which the real table changes its tier.
  private static final long[] LENGTHS = {
    32_000, 100_000, 128_000, 200_000, 256_000, 272_000, 512_000
  };

  private final long seed = System.nanoTime();
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @Test
  void whenARowIsOfTheRealTable_theWorstCaseCoversTheCharge() {
    for (Price row : Imports.realTable().rows()) {
      assertHeldCoversBill(row);
    }
  }

  /// Rows that no provider has yet: reads dearer than input, an hour cheaper than minutes, and
  /// worse.
  @Test
  void whenARowIsRandom_theWorstCaseCoversTheCharge() {
    for (int i = 0; i < 3_000; i++) {
      assertHeldCoversBill(randomRow());
    }
  }

  private void assertHeldCoversBill(Price row) {
    for (String serviceTier : serviceTiers(row)) {
      for (int round = 0; round < ROUNDS; round++) {
        Bounds bounds = bounds(row, serviceTier);
        Usage usage = usage(bounds);
        MicroUsd worst = Pricing.worstCase(row, bounds);
        MicroUsd charge = Charges.of(row, serviceTier, usage).amount();
        assertThat(worst.compareTo(charge))
            .as(
                () ->
                    "%s seed %d: %s < %s%n%s%n%s%n%s"
                        .formatted(row, seed, worst, charge, row.cards(), bounds, usage))
            .isGreaterThanOrEqualTo(0);
        assertAddsUp(Pricing.worstCaseBill(row, bounds), worst);
        Pricing.Held held = new Pricing.Held(Map.of(), serviceTier, null, null);
        assertAddsUp(Pricing.costBill(row, usage, held), charge);
      }
    }
  }

  /// The lines of a bill give its amount, by the arithmetic of a reader who has nothing else.
  private void assertAddsUp(Bill bill, MicroUsd amount) {
    BigDecimal multiplied = BigDecimal.ZERO;
    BigDecimal others = BigDecimal.ZERO;
    for (Bill.Line line : bill.lines()) {
      BigDecimal exact = new BigDecimal(line.quantity()).multiply(new BigDecimal(line.price()));
      assertThat(new BigDecimal(line.amount()))
          .isEqualByComparingTo(exact.setScale(12, RoundingMode.CEILING));
      if (line.multiplied()) {
        multiplied = multiplied.add(new BigDecimal(line.amount()));
      } else {
        others = others.add(new BigDecimal(line.amount()));
      }
    }
    BigDecimal sum =
        multiplied
            .multiply(new BigDecimal(bill.multiplier()))
            .setScale(12, RoundingMode.CEILING)
            .add(others);
    assertThat(sum).as("seed " + seed).isEqualByComparingTo(new BigDecimal(bill.sum()));
    assertThat(bill.amount()).as("seed " + seed).isEqualTo(amount);
    assertThat(MicroUsd.parse(sum.setScale(6, RoundingMode.CEILING).toPlainString()))
        .isEqualTo(amount);
  }

  private Price randomRow() {
    String mode = MODES.get(random.nextInt(MODES.size()));
    List<RateCard> cards = new ArrayList<>();
    cards.add(randomCard("default", 0));
    for (String serviceTier : List.of("default", "flex")) {
      for (long above : new long[] {0, 128_000, 200_000}) {
        if (random.nextInt(3) == 0 && !(serviceTier.equals("default") && above == 0)) {
          cards.add(randomCard(serviceTier, above));
        }
      }
    }
    Map<String, Long> tools = Map.of("web_search", upTo(PICOS));
    return new Price("p", "m", mode, null, null, null, false, null, cards, tools, false);
  }

  private RateCard randomCard(String serviceTier, long above) {
    Map<TokenClass, Long> tokens = new EnumMap<>(TokenClass.class);
    Map<BillingUnit, Long> units = new EnumMap<>(BillingUnit.class);
    for (TokenClass tokenClass : TokenClass.values()) {
      if (random.nextInt(3) > 0) {
        tokens.put(tokenClass, atMost(PICOS));
      }
    }
    for (BillingUnit unit : BillingUnit.values()) {
      if (random.nextInt(4) == 0) {
        units.put(unit, atMost(1_000 * PICOS));
      }
    }
    return new RateCard(serviceTier, above, tokens, units);
  }

  private static Set<String> serviceTiers(Price row) {
    return row.cards().stream()
        .map(RateCard::serviceTier)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Bounds bounds(Price row, String serviceTier) {
    Map<String, Long> units = new HashMap<>();
    row.cards().stream()
        .flatMap(card -> card.unitPicos().keySet().stream())
        .filter(unit -> random.nextInt(4) > 0)
        .forEach(
            unit ->
                units.put(
                    unit.wireName(), unit == BillingUnit.REQUESTS ? 1 + upTo(3) : upTo(3_000)));
    Map<String, Long> tools = new HashMap<>();
    row.toolPicos().keySet().forEach(tool -> tools.put(tool, upTo(5)));
    return new Bounds(
        length(), upTo(100_000), boundsOfParts(), Charges.units(units), tools, serviceTier);
  }

  private long length() {
    return random.nextBoolean()
        ? upTo(1_000_000)
        : LENGTHS[random.nextInt(LENGTHS.length)] + upTo(2) - 1;
  }

  private Parts boundsOfParts() {
    return new Parts(bound(), bound(), bound(), bound(), bound(), bound(), bound(), bound());
  }

  private @Nullable Long bound() {
    return switch (random.nextInt(4)) {
      case 0 -> 0L;
      case 1 -> upTo(100_000);
      default -> null;
    };
  }

  /// Usage within the bounds, often at them.
  private Usage usage(Bounds bounds) {
    Parts most = bounds.parts();
    long input = atMost(bounds.inputTokens());
    long output = atMost(bounds.outputTokens());
    long read = part(most.cacheReadTokens(), input);
    long write = part(most.cacheWriteTokens(), input - read);
    long write1h = part(most.cacheWrite1hTokens(), write);
    long audio = part(most.inputAudioTokens(), input);
    long image = part(most.inputImageTokens(), input - audio);
    long reasoning = part(most.reasoningTokens(), output);
    long audioOut = part(most.outputAudioTokens(), output - reasoning);
    long imageOut = part(most.outputImageTokens(), output - reasoning - audioOut);
    Parts parts = new Parts(read, write, write1h, audio, image, reasoning, audioOut, imageOut);
    return new Usage(
        input, output, parts, unitsWithin(bounds.units()), within(bounds.billedTools()), null);
  }

  /// Counts within bounds, often with a fraction.
  private Map<String, UnitCount> unitsWithin(Map<String, UnitCount> bounds) {
    Map<String, UnitCount> used = new HashMap<>();
    bounds.forEach((unit, most) -> used.put(unit, new UnitCount(atMost(most.millionths()))));
    return used;
  }

  private long part(@Nullable Long bound, long room) {
    return atMost(bound == null ? room : Math.min(bound, room));
  }

  private Map<String, Long> within(Map<String, Long> bounds) {
    Map<String, Long> used = new HashMap<>();
    bounds.forEach(
        (name, most) -> {
          if (random.nextInt(4) > 0) {
            used.put(name, atMost(most));
          }
        });
    return used;
  }

  private long atMost(long most) {
    return switch (random.nextInt(4)) {
      case 0 -> most;
      case 1 -> random.nextBoolean() ? 0 : most / 2;
      default -> upTo(most);
    };
  }

  private long upTo(long most) {
    return random.nextLong(most + 1);
  }
}
