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
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    assertEquals("0.615", charge(row, 200_000, 1_000));
    assertEquals("1.222006", charge(row, 200_001, 1_000));
    assertEquals("0.615", worst(row, bounds(200_000, 1_000)));
    assertEquals("1.222006", worst(row, bounds(200_001, 1_000)));
  }

  @Test
  void whenTheShortTierIsDearer_itBoundsLongRequestsToo() {
    Price row = row(card(Map.of(INPUT, 9, OUTPUT, 0)), card("default", 200_000, Map.of(INPUT, 1)));

    assertEquals("1.80", worst(row, bounds(200_001, 0)));
    assertEquals("0.200001", charge(row, 200_001, 0));
  }

  @Test
  void whenInputIsCached_eachCacheClassIsChargedApart() {
    Price row =
        row(card(Map.of(INPUT, 4, CACHE_READ, 1, CACHE_WRITE, 5, CACHE_WRITE_1H, 8, OUTPUT, 20)));

    // 600 plain x 4, 600 read x 1, 2,700 written x 5, 100 written for an hour x 8.
    assertEquals("0.0173", charge(row, "default", 4_000, 0, cached(600, 2_800, 100)));
  }

  @Test
  void whenBoundsAllowSeveralClasses_theDearestIsTheWorstCase() {
    Price row =
        row(card(Map.of(INPUT, 4, CACHE_READ, 1, CACHE_WRITE, 5, CACHE_WRITE_1H, 8, OUTPUT, 20)));

    assertEquals("0.008", worst(row, bounds(1_000, 0)));
    assertEquals("0.005", worst(row, withParts(1_000, 0, cached(1_000, 1_000, 0))));
    // 50 x 8, 50 x 5, 900 x 4.
    assertEquals("0.00425", worst(row, withParts(1_000, 0, cached(1_000, 100, 50))));
  }

  @Test
  void whenImagesMayBeCached_theDearestAssignmentIsCharged() {
    Price row = row(card(Map.of(INPUT, 1, CACHE_READ, 3, INPUT_IMAGE, 5, CACHE_READ_IMAGE, 10)));
    Parts halfAndHalf = new Parts(50L, null, null, null, 50L, null, null, null);

    // All 50 are cached images: 50 x 10 + 50 x 1; none is: 50 x 3 + 50 x 5.
    assertEquals("0.00055", charge(row, "default", 100, 0, halfAndHalf));
  }

  @Test
  void whenACachedImageHasNoPrice_theDearerWholeIsCharged() {
    Price row = row(card(Map.of(INPUT, 2, CACHE_READ, 1, INPUT_IMAGE, 5)));
    Parts all = new Parts(100L, null, null, null, 100L, null, null, null);

    assertEquals("0.0005", charge(row, "default", 100, 0, all));
  }

  @Test
  void whenReasoningIsCheaperOrDearer_itIsPartOfTheOutput() {
    Parts reasoning = new Parts(null, null, null, null, null, 600L, null, null);
    Price cheaper = row(card(Map.of(INPUT, 1, OUTPUT, 10, REASONING, 5)));
    Price dearer = row(card(Map.of(INPUT, 1, OUTPUT, 10, REASONING, 20)));

    assertEquals("0.007", charge(cheaper, "default", 0, 1_000, reasoning));
    assertEquals("0.016", charge(dearer, "default", 0, 1_000, reasoning));
    assertEquals("0.01", worst(cheaper, bounds(0, 1_000)));
    assertEquals("0.02", worst(dearer, bounds(0, 1_000)));
    Parts none = new Parts(null, null, null, null, null, 0L, null, null);
    assertEquals("0.01", worst(dearer, withParts(0, 1_000, none)));
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

    assertEquals("0.006", Charges.of(row, "default", bySecond).amount().toString());
    assertEquals("0.011", Charges.of(row, "default", byToken).amount().toString());
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

    assertEquals("0.043", worst(pages, withUnits(1_000, 1_000, Map.of("pages", 10L))));
    assertTrue(Pricing.unpricedBecause(pages, bounds(1_000, 1_000)).isPresent());
    assertEquals("0.008", worst(requests, bounds(1_000, 1_000)));
    assertEquals("0.008", charge(requests, 1_000, 1_000));
  }

  @Test
  void whenToolsAreUsed_eachUseIsCharged() {
    Price row =
        row("chat", Map.of("web_search", 10_000 * A_MILLION), card(Map.of(INPUT, 1, OUTPUT, 2)));
    Usage usage = new Usage(1_000, 0, Parts.NONE, Map.of(), Map.of("web_search", 3L), null);

    assertEquals("0.031", Charges.of(row, "default", usage).amount().toString());
  }

  @Test
  void whenAChargeHasSeveralParts_theSumIsRoundedUpOnce() {
    Price row =
        row(new RateCard("default", 0, Map.of(INPUT, 400_000L, OUTPUT, 400_000L), Map.of()));

    // 0.4 + 0.4 micro-USD are 1, not 2; 1.2 are 2.
    assertEquals("0.000001", charge(row, 1, 1));
    assertEquals("0.000002", charge(row, 2, 1));
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

    assertEquals("2.00001", charge(row, "default", 200_001, 0, cached(0, 200_001, 0)));
    assertEquals("2.00001", charge(row, "default", 200_001, 0, cached(0, 200_001, 200_001)));
  }

  @Test
  void whenATierLeavesOutCachedImages_theyFollowImages() {
    Price row =
        row(
            card(Map.of(INPUT, 1, CACHE_READ, 1, INPUT_IMAGE, 1, CACHE_READ_IMAGE, 1)),
            card("priority", 0, Map.of(INPUT_IMAGE, 10)));
    Parts all = new Parts(100L, null, null, null, 100L, null, null, null);

    assertEquals("0.001", charge(row, "priority", 100, 0, all));
  }

  @Test
  void whenTokensAreZero_anUnboundedUnitIsNotFree() {
    Price song = row(withUnit(BillingUnit.IMAGES, 40_000 * A_MILLION, Map.of(INPUT, 0, OUTPUT, 0)));

    assertTrue(Pricing.unpricedBecause(song, bounds(10, 10)).isPresent());
    Bounds one = withUnits(10, 10, Map.of("images", 1L));
    assertTrue(Pricing.unpricedBecause(song, one).isEmpty());
    assertEquals("0.04", worst(song, one));
  }

  @Test
  void whenOutputHasNoPrice_theDearestOfItsSideIsCharged() {
    Price row = row(card(Map.of(INPUT, 1, OUTPUT_IMAGE, 30)));
    Pricing.Cost charge = Charges.of(row, "default", Usage.ofTokens(0, 1_000));

    assertEquals("0.03", charge.amount().toString());
    assertEquals(List.of("output_tokens"), charge.unpriced());
    assertEquals(
        List.of(), Charges.of(row, "default", Usage.ofTokens(1, 0)).unpriced(), "none was used");
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

    assertEquals(
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
            "web_search"),
        Charges.of(row, "default", usage).unpriced());
    assertEquals(
        List.of(),
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
            .unpriced(),
        "what was not used needs no price");
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

    assertEquals(
        List.of(),
        Charges.of(
                row,
                "default",
                new Usage(
                    20, 20, all, Map.of("images", UnitCount.of(1)), Map.of("web_search", 1L), null))
            .unpriced());
  }

  @Test
  void whenAServiceTierHasNoPrice_theDefaultIsCharged() {
    Price row = row(card(Map.of(INPUT, 1, OUTPUT, 2)));
    Pricing.Cost flex = Charges.of(row, "flex", Usage.ofTokens(10, 10));

    assertEquals("0.00003", flex.amount().toString());
    assertEquals(List.of("service_tier"), flex.unpriced());
    assertEquals(
        new Pricing.Cost(MicroUsd.ZERO, List.of("model")),
        Charges.of(row(), "default", Usage.ofTokens(10, 10)));
  }

  @Test
  void whenInputHasNoPrice_theDearestOfItsSideIsCharged() {
    Price row = row(card(Map.of(INPUT_AUDIO, 3, INPUT_IMAGE, 4, OUTPUT, 90)));
    Pricing.Cost charge = Charges.of(row, "default", Usage.ofTokens(1_000, 0));

    assertEquals("0.004", charge.amount().toString());
    assertEquals(List.of("input_tokens"), charge.unpriced());
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
    assertEquals(base, row.describe("default", 0));
    assertEquals(base, row.describe("default", 200_000));
    assertEquals("0.000006", row.describe("default", 200_001).get("input"));
    assertEquals("0.000001", row.describe("flex", 1).get("input"));
    assertEquals(Map.of("web_search", "0.01"), row.describe("priority", 1));
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
    assertEquals(
        800, worst(billing("chat", text, BillingUnit.SECONDS), TEXT_AND_SOUND, "seconds", 50));

    Price soundIn =
        billing("chat", Map.of(INPUT, 1, INPUT_AUDIO, 3, OUTPUT, 2), BillingUnit.SECONDS);
    assertEquals(
        500, worst(soundIn, TEXT_AND_SOUND, "seconds", 1), "300 for sound and 200 for text");
    assertEquals(
        800, worst(soundIn, TEXT_AND_SOUND, "seconds", 50), "500 by the second, and 300 for text");
    Price soundOut =
        billing("chat", Map.of(INPUT, 1, OUTPUT, 2, OUTPUT_AUDIO, 4), BillingUnit.SECONDS);
    assertEquals(500, worst(soundOut, TEXT_AND_SOUND, "seconds", 1));
    assertEquals(800, worst(soundOut, TEXT_AND_SOUND, "seconds", 50));
    for (String mode : List.of("audio_transcription", "audio_speech")) {
      Price sound = billing(mode, text, BillingUnit.SECONDS);
      assertEquals(300, worst(sound, TEXT_AND_SOUND, "seconds", 1), "by the token");
      assertEquals(
          500, worst(sound, TEXT_AND_SOUND, "seconds", 50), "or by the second, for all of it");
      Price bySecondAlone = billing(mode, Map.of(), BillingUnit.SECONDS);
      assertEquals(500, worst(bySecondAlone, TEXT_AND_SOUND, "seconds", 50));
    }
  }

  @Test
  void whenImagesArePricedByTokenOrPixel_theyDoNotAdd() {
    Map<TokenClass, Integer> text = Map.of(INPUT, 1, OUTPUT, 2);
    assertEquals(
        800, worst(billing("chat", text, BillingUnit.IMAGES), TEXT_AND_IMAGES, "images", 50));

    Price imageIn =
        billing("chat", Map.of(INPUT, 1, INPUT_IMAGE, 3, OUTPUT, 2), BillingUnit.IMAGES);
    assertEquals(500, worst(imageIn, TEXT_AND_IMAGES, "images", 1));
    assertEquals(800, worst(imageIn, TEXT_AND_IMAGES, "images", 50));
    Price imageOut =
        billing("chat", Map.of(INPUT, 1, OUTPUT, 2, OUTPUT_IMAGE, 4), BillingUnit.IMAGES);
    assertEquals(500, worst(imageOut, TEXT_AND_IMAGES, "images", 1));
    assertEquals(800, worst(imageOut, TEXT_AND_IMAGES, "images", 50));
    Price pixels = billing("image_generation", Map.of(), BillingUnit.IMAGES, BillingUnit.PIXELS);
    Bounds both = withUnits(0, 0, Map.of("images", 3L, "pixels", 7L));
    assertEquals(70, Pricing.worstCase(pixels, both).micros(), "the dearer, and never the sum");
    Bounds few = withUnits(0, 0, Map.of("images", 8L, "pixels", 7L));
    assertEquals(80, Pricing.worstCase(pixels, few).micros());
  }

  @Test
  void whenTextIsPriced_charactersDoNotAdd() {
    Price input = billing("chat", Map.of(INPUT, 1), BillingUnit.CHARACTERS);
    assertEquals(100, worst(input, TEXT, "characters", 1));
    assertEquals(500, worst(input, TEXT, "characters", 50));
    Price output = billing("chat", Map.of(OUTPUT, 2), BillingUnit.CHARACTERS);
    assertEquals(200, worst(output, TEXT, "characters", 1));
    assertEquals(500, worst(output, TEXT, "characters", 50));
    Price reasoningByTheCharacter =
        billing("chat", Map.of(OUTPUT, 2, REASONING, 3), BillingUnit.CHARACTERS);
    assertEquals(300, worst(reasoningByTheCharacter, TEXT, "characters", 1));
    assertEquals(500, worst(reasoningByTheCharacter, TEXT, "characters", 50));
    assertEquals(
        500, worst(billing("chat", Map.of(), BillingUnit.CHARACTERS), TEXT, "characters", 50));
    Price free = billing("chat", Map.of(INPUT, 0, OUTPUT, 0), BillingUnit.CHARACTERS);
    assertEquals(500, worst(free, TEXT, "characters", 50));
    Price reasoningAlone =
        billing("chat", Map.of(INPUT, 0, OUTPUT, 0, REASONING, 3), BillingUnit.CHARACTERS);
    assertEquals(
        800, worst(reasoningAlone, TEXT, "characters", 50), "text at zero is no way to bill text");
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

    assertEquals(1_200, Pricing.worstCase(row, withUnits(100, 0, units)).micros());
    Usage usage = new Usage(100, 0, media(10, 20), Charges.units(units), Map.of(), null);
    assertEquals(1_200, Charges.of(row, "default", usage).amount().micros());
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
    assertEquals(
        93 + 30 + 400 + 82 + 50 + 600 + 7_000,
        Charges.of(row, "default", new Usage(100, 100, parts, Map.of(), Map.of(), null))
            .amount()
            .micros());
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
    assertEquals(
        93_000 + 30 + 4 + 82_000 + 500 + 60 + 7,
        Charges.of(partsForLess, "default", new Usage(100, 100, parts, Map.of(), Map.of(), null))
            .amount()
            .micros(),
        "no token is billed as what it is not");
  }
}
