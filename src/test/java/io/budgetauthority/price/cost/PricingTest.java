package io.budgetauthority.price.cost;

import static io.budgetauthority.price.Imports.bounds;
import static io.budgetauthority.price.Imports.cached;
import static io.budgetauthority.price.Imports.charge;
import static io.budgetauthority.price.Imports.media;
import static io.budgetauthority.price.TokenClass.CACHE_READ;
import static io.budgetauthority.price.TokenClass.CACHE_READ_IMAGE;
import static io.budgetauthority.price.TokenClass.CACHE_WRITE;
import static io.budgetauthority.price.TokenClass.CACHE_WRITE_1H;
import static io.budgetauthority.price.TokenClass.INPUT;
import static io.budgetauthority.price.TokenClass.INPUT_AUDIO;
import static io.budgetauthority.price.TokenClass.INPUT_IMAGE;
import static io.budgetauthority.price.TokenClass.OUTPUT;
import static io.budgetauthority.price.TokenClass.OUTPUT_AUDIO;
import static io.budgetauthority.price.TokenClass.OUTPUT_IMAGE;
import static io.budgetauthority.price.TokenClass.REASONING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Charges;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Bills worked out by hand. Prices are round numbers of USD for a million tokens.
class PricingTest {

  private static final long A_MILLION = 1_000_000;

  private static Price row(String mode, Map<String, Long> tools, RateCard... cards) {
    return new Price(
        "p", "m", mode, null, 400_000L, null, false, null, List.of(cards), tools, false);
  }

  private static Price row(RateCard... cards) {
    return row("chat", Map.of(), cards);
  }

  /// A card of prices in USD for a million tokens.
  private static RateCard card(String tier, long above, Map<TokenClass, Integer> usdPerMillion) {
    Map<TokenClass, Long> picos = new EnumMap<>(TokenClass.class);
    usdPerMillion.forEach((tokenClass, usd) -> picos.put(tokenClass, usd * A_MILLION));
    return new RateCard(tier, above, picos, Map.of());
  }

  private static RateCard card(Map<TokenClass, Integer> usdPerMillion) {
    return card("default", 0, usdPerMillion);
  }

  private static RateCard withUnit(
      BillingUnit unit, long picos, Map<TokenClass, Integer> usdPerMillion) {
    RateCard tokens = card(usdPerMillion);
    return new RateCard("default", 0, tokens.tokenPicos(), Map.of(unit, picos));
  }

  private static String worst(Price row, Bounds bounds) {
    return Pricing.worstCase(row, bounds).toString();
  }

  private static Bounds withUnits(long input, long output, Map<String, Long> units) {
    return new Bounds(input, output, Parts.NONE, Charges.units(units), Map.of(), "default");
  }

  private static Bounds withParts(long input, long output, Parts parts) {
    return new Bounds(input, output, parts, Map.of(), Map.of(), "default");
  }

  @Test
  void whenInputIsAboveAThreshold_theWholeRequestHasItsPrice() {
    Price row =
        row(
            card(Map.of(INPUT, 3, OUTPUT, 15)),
            card("default", 200_000, Map.of(INPUT, 6, OUTPUT, 22)));

    assertThat(charge(row, 200_000, 1_000)).isEqualTo("0.615");
    assertThat(charge(row, 200_001, 1_000)).isEqualTo("1.222006");
    assertThat(worst(row, bounds(200_000, 1_000))).isEqualTo("0.615");
    assertThat(worst(row, bounds(200_001, 1_000))).isEqualTo("1.222006");
  }

  @Test
  void whenTheShortTierIsDearer_itBoundsLongRequestsToo() {
    Price row = row(card(Map.of(INPUT, 9, OUTPUT, 0)), card("default", 200_000, Map.of(INPUT, 1)));

    assertThat(worst(row, bounds(200_001, 0))).isEqualTo("1.80");
    assertThat(charge(row, 200_001, 0)).isEqualTo("0.200001");
  }

  @Test
  void whenInputIsCached_eachCacheClassIsChargedApart() {
    Price row =
        row(card(Map.of(INPUT, 4, CACHE_READ, 1, CACHE_WRITE, 5, CACHE_WRITE_1H, 8, OUTPUT, 20)));

    // 600 plain x 4, 600 read x 1, 2,700 written x 5, 100 written for an hour x 8.
    assertThat(charge(row, "default", 4_000, 0, cached(600, 2_800, 100))).isEqualTo("0.0173");
  }

  @Test
  void whenBoundsAllowSeveralClasses_theDearestIsTheWorstCase() {
    Price row =
        row(card(Map.of(INPUT, 4, CACHE_READ, 1, CACHE_WRITE, 5, CACHE_WRITE_1H, 8, OUTPUT, 20)));

    assertThat(worst(row, bounds(1_000, 0))).isEqualTo("0.008");
    assertThat(worst(row, withParts(1_000, 0, cached(1_000, 1_000, 0)))).isEqualTo("0.005");
    // 50 x 8, 50 x 5, 900 x 4.
    assertThat(worst(row, withParts(1_000, 0, cached(1_000, 100, 50)))).isEqualTo("0.00425");
  }

  @Test
  void whenImagesMayBeCached_theDearestAssignmentIsCharged() {
    Price row = row(card(Map.of(INPUT, 1, CACHE_READ, 3, INPUT_IMAGE, 5, CACHE_READ_IMAGE, 10)));
    Parts halfAndHalf = new Parts(50L, null, null, null, 50L, null, null, null);

    // All 50 are cached images: 50 x 10 + 50 x 1; none is: 50 x 3 + 50 x 5.
    assertThat(charge(row, "default", 100, 0, halfAndHalf)).isEqualTo("0.00055");
  }

  @Test
  void whenACachedImageHasNoPrice_theDearerWholeIsCharged() {
    Price row = row(card(Map.of(INPUT, 2, CACHE_READ, 1, INPUT_IMAGE, 5)));
    Parts all = new Parts(100L, null, null, null, 100L, null, null, null);

    assertThat(charge(row, "default", 100, 0, all)).isEqualTo("0.0005");
  }

  @Test
  void whenReasoningIsCheaperOrDearer_itIsPartOfTheOutput() {
    Parts reasoning = new Parts(null, null, null, null, null, 600L, null, null);
    Price cheaper = row(card(Map.of(INPUT, 1, OUTPUT, 10, REASONING, 5)));
    Price dearer = row(card(Map.of(INPUT, 1, OUTPUT, 10, REASONING, 20)));

    assertThat(charge(cheaper, "default", 0, 1_000, reasoning)).isEqualTo("0.007");
    assertThat(charge(dearer, "default", 0, 1_000, reasoning)).isEqualTo("0.016");
    assertThat(worst(cheaper, bounds(0, 1_000))).isEqualTo("0.01");
    assertThat(worst(dearer, bounds(0, 1_000))).isEqualTo("0.02");
    Parts none = new Parts(null, null, null, null, null, 0L, null, null);
    assertThat(worst(dearer, withParts(0, 1_000, none))).isEqualTo("0.01");
  }

  @Test
  void whenSoundIsByTokenAndSecond_theDearerIsCharged() {
    Price row =
        row(
            "audio_transcription",
            Map.of(),
            withUnit(
                BillingUnit.SECONDS,
                100 * A_MILLION,
                Map.of(INPUT_AUDIO, 2, INPUT, 2, OUTPUT, 10)));
    Usage bySecond =
        new Usage(1_000, 100, media(1_000, 0), Map.of("seconds", UnitCount.of(60)), Map.of(), null);
    Usage byToken =
        new Usage(5_000, 100, media(5_000, 0), Map.of("seconds", UnitCount.of(60)), Map.of(), null);

    assertThat(Charges.of(row, "default", bySecond).amount().toString()).isEqualTo("0.006");
    assertThat(Charges.of(row, "default", byToken).amount().toString()).isEqualTo("0.011");
  }

  @Test
  void whenPagesOrRequestsArePriced_theyAddToTokens() {
    Price pages =
        row(
            "ocr",
            Map.of(),
            withUnit(BillingUnit.PAGES, 4_000 * A_MILLION, Map.of(INPUT, 1, OUTPUT, 2)));
    Price requests =
        row(withUnit(BillingUnit.REQUESTS, 5_000 * A_MILLION, Map.of(INPUT, 1, OUTPUT, 2)));

    assertThat(worst(pages, withUnits(1_000, 1_000, Map.of("pages", 10L)))).isEqualTo("0.043");
    assertThat(Pricing.unpricedBecause(pages, bounds(1_000, 1_000))).isPresent();
    assertThat(worst(requests, bounds(1_000, 1_000))).isEqualTo("0.008");
    assertThat(charge(requests, 1_000, 1_000)).isEqualTo("0.008");
  }

  @Test
  void whenToolsAreUsed_eachUseIsCharged() {
    Price row =
        row("chat", Map.of("web_search", 10_000 * A_MILLION), card(Map.of(INPUT, 1, OUTPUT, 2)));
    Usage usage = new Usage(1_000, 0, Parts.NONE, Map.of(), Map.of("web_search", 3L), null);

    assertThat(Charges.of(row, "default", usage).amount().toString()).isEqualTo("0.031");
  }

  @Test
  void whenAChargeHasSeveralParts_theSumIsRoundedUpOnce() {
    Price row =
        row(new RateCard("default", 0, Map.of(INPUT, 400_000L, OUTPUT, 400_000L), Map.of()));

    // 0.4 + 0.4 micro-USD are 1, not 2; 1.2 are 2.
    assertThat(charge(row, 1, 1)).isEqualTo("0.000001");
    assertThat(charge(row, 2, 1)).isEqualTo("0.000002");
  }

  @Test
  void whenASumDoesNotFit_pricingThrows() {
    Price row = row(new RateCard("default", 0, Map.of(INPUT, 10_000_000_000L), Map.of()));

    assertThrows(ArithmeticException.class, () -> charge(row, 1_000_000_000, 0));
    assertThrows(ArithmeticException.class, () -> worst(row, bounds(1_000_000_000, 0)));
  }

  @Test
  void whenATierLeavesOutAPart_itFollowsItsWhole() {
    Price row =
        row(
            card(Map.of(INPUT, 1, CACHE_WRITE, 2, CACHE_WRITE_1H, 3, CACHE_READ, 1)),
            card("default", 200_000, Map.of(INPUT, 10)));

    assertThat(charge(row, "default", 200_001, 0, cached(0, 200_001, 0))).isEqualTo("2.00001");
    assertThat(charge(row, "default", 200_001, 0, cached(0, 200_001, 200_001)))
        .isEqualTo("2.00001");
  }

  @Test
  void whenATierLeavesOutCachedImages_theyFollowImages() {
    Price row =
        row(
            card(Map.of(INPUT, 1, CACHE_READ, 1, INPUT_IMAGE, 1, CACHE_READ_IMAGE, 1)),
            card("priority", 0, Map.of(INPUT_IMAGE, 10)));
    Parts all = new Parts(100L, null, null, null, 100L, null, null, null);

    assertThat(charge(row, "priority", 100, 0, all)).isEqualTo("0.001");
  }

  @Test
  void whenTokensAreZero_anUnboundedUnitIsNotFree() {
    Price song = row(withUnit(BillingUnit.IMAGES, 40_000 * A_MILLION, Map.of(INPUT, 0, OUTPUT, 0)));

    assertThat(Pricing.unpricedBecause(song, bounds(10, 10))).isPresent();
    Bounds one = withUnits(10, 10, Map.of("images", 1L));
    assertThat(Pricing.unpricedBecause(song, one)).isEmpty();
    assertThat(worst(song, one)).isEqualTo("0.04");
  }

  @Test
  void whenOutputHasNoPrice_theDearestOfItsSideIsCharged() {
    Price row = row(card(Map.of(INPUT, 1, OUTPUT_IMAGE, 30)));
    Pricing.Cost charge = Charges.of(row, "default", Usage.ofTokens(0, 1_000));

    assertThat(charge.amount().toString()).isEqualTo("0.03");
    assertThat(charge.unpriced()).isEqualTo(List.of("output_tokens"));
    assertThat(Charges.of(row, "default", Usage.ofTokens(1, 0)).unpriced())
        .as("none was used")
        .isEmpty();
  }

  @Test
  void whenUsedPartsHaveNoPrice_eachIsListedByName() {
    Price row = row(card(Map.of(INPUT, 1, OUTPUT, 2)));
    Parts all = new Parts(5L, 4L, 3L, 2L, 1L, 3L, 2L, 1L);
    Map<String, Long> units = new LinkedHashMap<>();
    units.put("images", 1L);
    units.put("requests", 1L);
    units.put("seconds", 0L);
    Usage usage = new Usage(20, 20, all, Charges.units(units), Map.of("web_search", 1L), "flex");

    assertThat(Charges.of(row, "default", usage).unpriced())
        .isEqualTo(
            List.of(
                "service_tier",
                "cache_read_tokens",
                "cache_write_tokens",
                "cache_write_1h_tokens",
                "input_audio_tokens",
                "input_image_tokens",
                "reasoning_tokens",
                "output_audio_tokens",
                "output_image_tokens",
                "images",
                "web_search"));
    assertThat(
            Charges.of(
                    row,
                    "default",
                    new Usage(
                        20,
                        20,
                        new Parts(0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L),
                        Map.of("images", UnitCount.ZERO),
                        Map.of("web_search", 0L),
                        null))
                .unpriced())
        .as("what was not used needs no price")
        .isEmpty();
  }

  @Test
  void whenEveryPartHasItsOwnPrice_nothingIsListed() {
    Map<TokenClass, Integer> every = new EnumMap<>(TokenClass.class);
    for (TokenClass tokenClass : TokenClass.values()) {
      every.put(tokenClass, 1);
    }
    Price row =
        row("chat", Map.of("web_search", 1L), withUnit(BillingUnit.IMAGES, A_MILLION, every));
    Parts all = new Parts(5L, 4L, 3L, 2L, 1L, 3L, 2L, 1L);

    assertThat(
            Charges.of(
                    row,
                    "default",
                    new Usage(
                        20,
                        20,
                        all,
                        Map.of("images", UnitCount.of(1)),
                        Map.of("web_search", 1L),
                        null))
                .unpriced())
        .isEmpty();
  }

  @Test
  void whenAServiceTierHasNoPrice_theDefaultIsCharged() {
    Price row = row(card(Map.of(INPUT, 1, OUTPUT, 2)));
    Pricing.Cost flex = Charges.of(row, "flex", Usage.ofTokens(10, 10));

    assertThat(flex.amount().toString()).isEqualTo("0.00003");
    assertThat(flex.unpriced()).isEqualTo(List.of("service_tier"));
    assertThat(Charges.of(row(), "default", Usage.ofTokens(10, 10)))
        .isEqualTo(new Pricing.Cost(MicroUsd.ZERO, List.of("model")));
  }

  @Test
  void whenInputHasNoPrice_theDearestOfItsSideIsCharged() {
    Price row = row(card(Map.of(INPUT_AUDIO, 3, INPUT_IMAGE, 4, OUTPUT, 90)));
    Pricing.Cost charge = Charges.of(row, "default", Usage.ofTokens(1_000, 0));

    assertThat(charge.amount().toString()).isEqualTo("0.004");
    assertThat(charge.unpriced()).isEqualTo(List.of("input_tokens"));
  }

  @Test
  void whenPricesAreShown_theyAreThoseOfTheLengthReached() {
    Price row =
        row(
            "chat",
            Map.of("web_search", 10_000 * A_MILLION),
            withUnit(BillingUnit.IMAGES, 40_000 * A_MILLION, Map.of(INPUT, 3, OUTPUT, 15)),
            card("default", 200_000, Map.of(INPUT, 6)),
            card("flex", 0, Map.of(INPUT, 1)));

    Map<String, String> base =
        Map.of("input", "0.000003", "output", "0.000015", "images", "0.04", "web_search", "0.01");
    assertThat(row.describe("default", 0)).isEqualTo(base);
    assertThat(row.describe("default", 200_000)).isEqualTo(base);
    assertThat(row.describe("default", 200_001).get("input")).isEqualTo("0.000006");
    assertThat(row.describe("flex", 1).get("input")).isEqualTo("0.000001");
    assertThat(row.describe("priority", 1)).isEqualTo(Map.of("web_search", "0.01"));
  }

  /// A row in USD for a million tokens whose units cost 10 micro-USD each.
  private static Price billing(
      String mode, Map<TokenClass, Integer> usdPerMillion, BillingUnit... units) {
    Map<BillingUnit, Long> unitPicos = new EnumMap<>(BillingUnit.class);
    for (BillingUnit unit : units) {
      unitPicos.put(unit, 10 * A_MILLION);
    }
    return row(
        mode, Map.of(), new RateCard("default", 0, card(usdPerMillion).tokenPicos(), unitPicos));
  }

  private static final Parts TEXT = parts(false, false);
  private static final Parts TEXT_AND_SOUND = parts(true, false);
  private static final Parts TEXT_AND_IMAGES = parts(false, true);

  /// Bounds that rule out sound or images, on both sides.
  private static Parts parts(boolean sound, boolean images) {
    Long mostSound = sound ? null : Long.valueOf(0);
    Long mostImages = images ? null : Long.valueOf(0);
    return new Parts(null, null, null, mostSound, mostImages, null, mostSound, mostImages);
  }

  /// What 100 tokens of input and 100 of output of these kinds may cost beside `count` of a unit,
  /// in micro-USD.
  private static long worst(Price row, Parts parts, String unit, long count) {
    return Pricing.worstCase(
            row,
            new Bounds(100, 100, parts, Map.of(unit, UnitCount.of(count)), Map.of(), "default"))
        .micros();
  }

  @Test
  void whenSoundIsPricedByTheToken_secondsDoNotAdd() {
    Map<TokenClass, Integer> text = Map.of(INPUT, 1, OUTPUT, 2);
    assertThat(worst(billing("chat", text, BillingUnit.SECONDS), TEXT_AND_SOUND, "seconds", 50))
        .isEqualTo(800);

    Price soundIn =
        billing("chat", Map.of(INPUT, 1, INPUT_AUDIO, 3, OUTPUT, 2), BillingUnit.SECONDS);
    assertThat(worst(soundIn, TEXT_AND_SOUND, "seconds", 1))
        .as("300 for sound and 200 for text")
        .isEqualTo(500);
    assertThat(worst(soundIn, TEXT_AND_SOUND, "seconds", 50))
        .as("500 by the second, and 300 for text")
        .isEqualTo(800);
    Price soundOut =
        billing("chat", Map.of(INPUT, 1, OUTPUT, 2, OUTPUT_AUDIO, 4), BillingUnit.SECONDS);
    assertThat(worst(soundOut, TEXT_AND_SOUND, "seconds", 1)).isEqualTo(500);
    assertThat(worst(soundOut, TEXT_AND_SOUND, "seconds", 50)).isEqualTo(800);
    for (String mode : List.of("audio_transcription", "audio_speech")) {
      Price sound = billing(mode, text, BillingUnit.SECONDS);
      assertThat(worst(sound, TEXT_AND_SOUND, "seconds", 1)).as("by the token").isEqualTo(300);
      assertThat(worst(sound, TEXT_AND_SOUND, "seconds", 50))
          .as("or by the second, for all of it")
          .isEqualTo(500);
      Price bySecondAlone = billing(mode, Map.of(), BillingUnit.SECONDS);
      assertThat(worst(bySecondAlone, TEXT_AND_SOUND, "seconds", 50)).isEqualTo(500);
    }
  }

  @Test
  void whenImagesArePricedByTokenOrPixel_theyDoNotAdd() {
    Map<TokenClass, Integer> text = Map.of(INPUT, 1, OUTPUT, 2);
    assertThat(worst(billing("chat", text, BillingUnit.IMAGES), TEXT_AND_IMAGES, "images", 50))
        .isEqualTo(800);

    Price imageIn =
        billing("chat", Map.of(INPUT, 1, INPUT_IMAGE, 3, OUTPUT, 2), BillingUnit.IMAGES);
    assertThat(worst(imageIn, TEXT_AND_IMAGES, "images", 1)).isEqualTo(500);
    assertThat(worst(imageIn, TEXT_AND_IMAGES, "images", 50)).isEqualTo(800);
    Price imageOut =
        billing("chat", Map.of(INPUT, 1, OUTPUT, 2, OUTPUT_IMAGE, 4), BillingUnit.IMAGES);
    assertThat(worst(imageOut, TEXT_AND_IMAGES, "images", 1)).isEqualTo(500);
    assertThat(worst(imageOut, TEXT_AND_IMAGES, "images", 50)).isEqualTo(800);
    Price pixels = billing("image_generation", Map.of(), BillingUnit.IMAGES, BillingUnit.PIXELS);
    Bounds both = withUnits(0, 0, Map.of("images", 3L, "pixels", 7L));
    assertThat(Pricing.worstCase(pixels, both).micros())
        .as("the dearer, and never the sum")
        .isEqualTo(70);
    Bounds few = withUnits(0, 0, Map.of("images", 8L, "pixels", 7L));
    assertThat(Pricing.worstCase(pixels, few).micros()).isEqualTo(80);
  }

  @Test
  void whenTextIsPriced_charactersDoNotAdd() {
    Price input = billing("chat", Map.of(INPUT, 1), BillingUnit.CHARACTERS);
    assertThat(worst(input, TEXT, "characters", 1)).isEqualTo(100);
    assertThat(worst(input, TEXT, "characters", 50)).isEqualTo(500);
    Price output = billing("chat", Map.of(OUTPUT, 2), BillingUnit.CHARACTERS);
    assertThat(worst(output, TEXT, "characters", 1)).isEqualTo(200);
    assertThat(worst(output, TEXT, "characters", 50)).isEqualTo(500);
    Price reasoningByTheCharacter =
        billing("chat", Map.of(OUTPUT, 2, REASONING, 3), BillingUnit.CHARACTERS);
    assertThat(worst(reasoningByTheCharacter, TEXT, "characters", 1)).isEqualTo(300);
    assertThat(worst(reasoningByTheCharacter, TEXT, "characters", 50)).isEqualTo(500);
    assertThat(worst(billing("chat", Map.of(), BillingUnit.CHARACTERS), TEXT, "characters", 50))
        .isEqualTo(500);
    Price free = billing("chat", Map.of(INPUT, 0, OUTPUT, 0), BillingUnit.CHARACTERS);
    assertThat(worst(free, TEXT, "characters", 50)).isEqualTo(500);
    Price reasoningAlone =
        billing("chat", Map.of(INPUT, 0, OUTPUT, 0, REASONING, 3), BillingUnit.CHARACTERS);
    assertThat(worst(reasoningAlone, TEXT, "characters", 50))
        .as("text at zero is no way to bill text")
        .isEqualTo(800);
  }

  @Test
  void whenSeveralUnitsReplaceTokens_eachIsAtItsDearest() {
    Price row =
        billing(
            "chat",
            Map.of(INPUT, 1, INPUT_AUDIO, 1, INPUT_IMAGE, 1),
            BillingUnit.SECONDS,
            BillingUnit.IMAGES,
            BillingUnit.CHARACTERS);
    Map<String, Long> units = Map.of("seconds", 30L, "images", 40L, "characters", 50L);

    assertThat(Pricing.worstCase(row, withUnits(100, 0, units)).micros()).isEqualTo(1_200);
    Usage usage = new Usage(100, 0, media(10, 20), Charges.units(units), Map.of(), null);
    assertThat(Charges.of(row, "default", usage).amount().micros()).isEqualTo(1_200);
  }

  @Test
  void whenUsageHasParts_eachIsTakenOutOfItsWhole() {
    Price row =
        row(
            card(
                Map.of(
                    INPUT, 1,
                    INPUT_AUDIO, 10,
                    INPUT_IMAGE, 100,
                    CACHE_READ, 1,
                    OUTPUT, 1,
                    REASONING, 10,
                    OUTPUT_AUDIO, 100,
                    OUTPUT_IMAGE, 1_000)));
    Parts parts = new Parts(0L, 0L, 0L, 3L, 4L, 5L, 6L, 7L);

    // 93 of text, 3 x 10, 4 x 100; 82 of text, 5 x 10, 6 x 100, 7 x 1,000.
    assertThat(
            Charges.of(row, "default", new Usage(100, 100, parts, Map.of(), Map.of(), null))
                .amount()
                .micros())
        .isEqualTo(93 + 30 + 400 + 82 + 50 + 600 + 7_000);
    Price partsForLess =
        row(
            card(
                Map.of(
                    INPUT, 1_000,
                    INPUT_AUDIO, 10,
                    INPUT_IMAGE, 1,
                    CACHE_READ, 1_000,
                    OUTPUT, 1_000,
                    REASONING, 100,
                    OUTPUT_AUDIO, 10,
                    OUTPUT_IMAGE, 1)));
    assertThat(
            Charges.of(
                    partsForLess, "default", new Usage(100, 100, parts, Map.of(), Map.of(), null))
                .amount()
                .micros())
        .as("no token is billed as what it is not")
        .isEqualTo(93_000 + 30 + 4 + 82_000 + 500 + 60 + 7);
  }
}
