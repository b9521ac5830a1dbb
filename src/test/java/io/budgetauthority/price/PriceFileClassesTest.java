package io.budgetauthority.price;

import static io.budgetauthority.price.Imports.assertPicos;
import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.bounds;
import static io.budgetauthority.price.Imports.cached;
import static io.budgetauthority.price.Imports.card;
import static io.budgetauthority.price.Imports.charge;
import static io.budgetauthority.price.Imports.chargeOfUnits;
import static io.budgetauthority.price.Imports.media;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.price.litellm.LiteLlmImport.Imported;
import io.budgetauthority.price.review.PriceReview.KeptOut;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// An imported price file (pricing.md#import): classes of token, units, tools and figures that are
/// no prices.
class PriceFileClassesTest {

  private final Imported file = Imports.rows();

  private Price row(String model) {
    return Imports.row(file.table(), model);
  }

  private String notApplied(String model, String field) {
    return Imports.finding(file.review().notApplied(), model, field).orElseThrow().figure();
  }

  // 17
  @Test
  void whenATierPricesCacheReads_theyAreChargedAsStated() {
    Price flash = row("gemini/gemini-2.5-flash");
    for (String tier : List.of("batch", "flex")) {
      assertEquals(150_000L, card(flash, tier, 0).tokenPicos().get(TokenClass.INPUT));
      assertEquals("0.00003", charge(flash, tier, 1_000, 0, cached(1_000, 0, 0)));
    }
  }

  // 18
  @Test
  void whenACacheWriteIsZeroBesidePricedInput_inputIsCharged() {
    Map<String, String> inputOfAThousand =
        Map.of(
            "deepseek/deepseek-chat", "0.00028",
            "zai/glm-5", "0.001",
            "vercel_ai_gateway/openai/gpt-4o", "0.0025");
    inputOfAThousand.forEach(
        (model, usd) -> {
          assertEquals(usd, charge(row(model), "default", 1_000, 0, cached(0, 1_000, 0)));
          assertTrue(
              Imports.finding(
                      file.review().untrustedWrites(), model, "cache_creation_input_token_cost")
                  .isPresent());
        });
  }

  // 19
  @Test
  void whenACacheReadIsZero_itIsFree() {
    Price glm = row("coralbricks/glm-5.3");
    assertEquals("0.00", charge(glm, "default", 1_000, 0, cached(1_000, 0, 0)));
    assertEquals("0.00168", Pricing.worstCase(glm, bounds(1_000, 0)).toString());
  }

  // 20
  @Test
  void whenACacheReadIsDearerThanInput_itsPriceIsCharged() {
    Price gpt = row("databricks/databricks-gpt-oss-120b");
    assertEquals(150_010L, base(gpt).tokenPicos().get(TokenClass.CACHE_READ));
    assertEquals("150.01", charge(gpt, "default", 1_000_000_000, 0, cached(1_000_000_000, 0, 0)));
  }

  // 21
  @Test
  void whenCacheReadsHaveNoPrice_inputIsChargedAndReported() {
    Usage usage = new Usage(1_000, 0, cached(400, 0, 0), Map.of(), Map.of(), null);
    Pricing.Cost charge = Charges.of(row("azure/gpt-5-pro"), "default", usage);
    assertEquals("0.015", charge.amount().toString());
    assertEquals(List.of("cache_read_tokens"), charge.unpriced());
  }

  // 22
  @Test
  void whenTwoFieldsPriceACacheRead_theDearerApplies() {
    assertEquals(
        28_000L, base(row("deepseek/deepseek-chat")).tokenPicos().get(TokenClass.CACHE_READ));
    Price qwen = row("dashscope/qwen3.7-max");
    assertEquals(500_000L, base(qwen).tokenPicos().get(TokenClass.CACHE_READ));
    assertEquals(
        "0.00000025", notApplied("dashscope/qwen3.7-max", "explicit_cache_read_input_token_cost"));

    Price hit =
        Imports.row(
            Imports.imported(
                    """
                    {"m": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 5e-6,
                      "cache_read_input_token_cost": 1e-6, "input_cost_per_token_cache_hit": 2e-6}}
                    """)
                .table(),
            "m");
    assertEquals(2_000_000L, base(hit).tokenPicos().get(TokenClass.CACHE_READ));
  }

  // 23
  @Test
  void whenPricesVaryByHour_theDearestIsCharged() {
    for (String model : List.of("deepseek-flash", "tencent/deepseek-v4.1-flash")) {
      assertEquals("0.0015", charge(row(model), 1_000, 1_000));
      assertEquals("0.00000015", notApplied(model, "off_peak_pricing.input_cost_per_token"));
      assertEquals("0.0000006", notApplied(model, "off_peak_pricing.output_cost_per_token"));
      assertEquals(
          "0.000000003", notApplied(model, "off_peak_pricing.cache_read_input_token_cost"));
    }
  }

  // 24
  @Test
  void whenARegionOrSpeedHasAMultiplier_tokensAreMultiplied() {
    Price opus = row("claude-opus-4-8");
    assertEquals(Map.of("us", 1_100_000L), opus.regions());
    assertEquals(Map.of("fast", 2_000_000L), opus.speeds());
    assertEquals(1_100_000L, row("gpt-6-astra").regions().get("eu"));
    assertEquals(1_100_000L, row("vertex_ai/claude-opus-4-7").regions().get("regional"));
    assertEquals("0.03", charge(opus, 1_000, 1_000));
    assertEquals("0.033", multiplied(opus, "us", null));
    assertEquals("0.06", multiplied(opus, null, "fast"));
    assertEquals("0.066", multiplied(opus, "us", "fast"));
  }

  private static String multiplied(Price row, @Nullable String region, @Nullable String speed) {
    Usage usage =
        new Usage(1_000, 1_000, Parts.NONE, Map.of(), Map.of(), null, region, speed, null);
    return Pricing.cost(row, usage, Pricing.Held.NOTHING).amount().toString();
  }

  // 25
  @Test
  void whenSearchOrMapsIsPriced_itIsAToolAtTheDearestSize() {
    Price flash = row("gemini/gemini-2.5-flash");
    assertEquals(
        Map.of("web_search", 35_000_000_000L, "google_maps", 25_000_000_000L), flash.toolPicos());
    assertEquals(Map.of("web_search", 14_000_000_000L), row("gemini-3-pro-image").toolPicos());
    assertEquals("1500", notApplied("gemini/gemini-2.5-flash", "search_free_requests.count"));
  }

  // 26
  @Test
  void whenReasoningAndCitationsArePriced_theirPricesApply() {
    Price sonar = row("perplexity/sonar-deep-research");
    assertEquals(2_000_000L, sonar.toolPicos().get("citations"));
    Parts allReasoning = new Parts(null, null, null, null, null, 1_000L, null, null);
    assertEquals("0.003", charge(sonar, "default", 0, 1_000, allReasoning));
    assertEquals("0.008", Pricing.worstCase(sonar, bounds(0, 1_000)).toString());
    assertEquals(
        "0.0005", Pricing.worstCase(row("dashscope/qwen-turbo"), bounds(0, 1_000)).toString());
  }

  // 27
  @Test
  void whenCachedImagesHaveNoPrice_theDearerWholeIsCharged() {
    Parts cachedImages = new Parts(1_000L, null, null, null, 1_000L, null, null, null);
    assertEquals(
        "0.00008", charge(row("gpt-realtime-2.1-mini"), "default", 1_000, 0, cachedImages));
    assertEquals(
        "0.0008", charge(row("azure/gpt-realtime-2.1-mini"), "default", 1_000, 0, cachedImages));
  }

  // 28
  @Test
  void whenPlainOutputHasNoPrice_theOutputMustBeAllImages() {
    Price image = row("gpt-image-2");
    Parts allImages = new Parts(null, null, null, null, null, null, null, 1_000L);
    Bounds covered = new Bounds(10, 1_000, allImages, Map.of(), Map.of(), "default");
    assertTrue(Pricing.unpricedBecause(image, bounds(10, 1_000)).isPresent());
    assertTrue(Pricing.unpricedBecause(image, covered).isEmpty());
    assertEquals("0.03008", Pricing.worstCase(image, covered).toString());
  }

  // 29
  @Test
  void whenTokensAndUnitsPriceOneThing_theDearerIsCharged() {
    Usage sound =
        new Usage(1_000, 0, media(1_000, 0), Map.of("seconds", UnitCount.of(60)), Map.of(), null);
    assertEquals(
        "0.006", Charges.of(row("gpt-4o-transcribe"), "default", sound).amount().toString());
    Parts imageOut = new Parts(null, null, null, null, null, null, null, 1_120L);
    Usage image = new Usage(0, 1_120, imageOut, Map.of("images", UnitCount.of(1)), Map.of(), null);
    assertEquals(
        "0.1344",
        Charges.of(row("gemini/gemini-3-pro-image"), "default", image).amount().toString());
  }

  // 30
  @Test
  void whenARowPricesAnotherUnit_itIsPricedOrKeptOut() {
    assertEquals("0.006", chargeOfUnits(row("whisper-1"), Map.of("seconds", 60L)));
    assertEquals("0.0015", chargeOfUnits(row("medlm-large"), Map.of("characters", 100L)));
    assertEquals(
        "0.088001",
        chargeOfUnits(row("azure/hd/1024-x-1024/dall-e-3"), Map.of("pixels", 1L << 20)));
    assertEquals("0.80", chargeOfUnits(row("openai/sora-2"), Map.of("seconds", 8L)));
    assertEquals(
        "0.03", chargeOfUnits(row("azure_ai/mistral-document-ai-2512"), Map.of("pages", 10L)));
    assertEquals("0.15", chargeOfUnits(row("reducto/parse-legacy"), Map.of("credits", 10L)));
    assertTrue(
        file.review()
            .keptOut()
            .contains(
                new KeptOut(
                    "bedrock/guardrails", "states prices only in units that are not ours")));
    assertFalse(
        file.review().notApplied().stream()
            .noneMatch(it -> it.model().equals("bedrock/guardrails")));
  }

  // 31
  @Test
  void whenAnImageHasSeveralSizes_theDearestIsItsPrice() {
    Price banana = row("fal_ai/fal-ai/nano-banana-2");
    assertEquals(Map.of(BillingUnit.IMAGES, 160_000_000_000L), base(banana).unitPicos());
    assertEquals("0.06", notApplied("fal_ai/fal-ai/nano-banana-2", "output_cost_per_image_0.5K"));
    assertPicos(Map.of(), base(banana));
  }
}
