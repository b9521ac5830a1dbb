package io.budgetauthority.price;

import static io.budgetauthority.price.Imports.assertPicos;
import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.bounds;
import static io.budgetauthority.price.Imports.cached;
import static io.budgetauthority.price.Imports.card;
import static io.budgetauthority.price.Imports.charge;
import static io.budgetauthority.price.Imports.chargeOfUnits;
import static io.budgetauthority.price.Imports.media;
import static org.assertj.core.api.Assertions.assertThat;

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
      assertThat(card(flash, tier, 0).tokenPicos().get(TokenClass.INPUT)).isEqualTo(150_000L);
      assertThat(charge(flash, tier, 1_000, 0, cached(1_000, 0, 0))).isEqualTo("0.00003");
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
          assertThat(charge(row(model), "default", 1_000, 0, cached(0, 1_000, 0))).isEqualTo(usd);
          assertThat(
                  Imports.finding(
                      file.review().untrustedWrites(), model, "cache_creation_input_token_cost"))
              .isPresent();
        });
  }

  // 19
  @Test
  void whenACacheReadIsZero_itIsFree() {
    Price glm = row("coralbricks/glm-5.3");
    assertThat(charge(glm, "default", 1_000, 0, cached(1_000, 0, 0))).isEqualTo("0.00");
    assertThat(Pricing.worstCase(glm, bounds(1_000, 0)).toString()).isEqualTo("0.00168");
  }

  // 20
  @Test
  void whenACacheReadIsDearerThanInput_itsPriceIsCharged() {
    Price gpt = row("databricks/databricks-gpt-oss-120b");
    assertThat(base(gpt).tokenPicos().get(TokenClass.CACHE_READ)).isEqualTo(150_010L);
    assertThat(charge(gpt, "default", 1_000_000_000, 0, cached(1_000_000_000, 0, 0)))
        .isEqualTo("150.01");
  }

  // 21
  @Test
  void whenCacheReadsHaveNoPrice_inputIsChargedAndReported() {
    Usage usage = new Usage(1_000, 0, cached(400, 0, 0), Map.of(), Map.of(), null);
    Pricing.Cost charge = Charges.of(row("azure/gpt-5-pro"), "default", usage);
    assertThat(charge.amount().toString()).isEqualTo("0.015");
    assertThat(charge.unpriced()).isEqualTo(List.of("cache_read_tokens"));
  }

  // 22
  @Test
  void whenTwoFieldsPriceACacheRead_theDearerApplies() {
    assertThat(base(row("deepseek/deepseek-chat")).tokenPicos().get(TokenClass.CACHE_READ))
        .isEqualTo(28_000L);
    Price qwen = row("dashscope/qwen3.7-max");
    assertThat(base(qwen).tokenPicos().get(TokenClass.CACHE_READ)).isEqualTo(500_000L);
    assertThat(notApplied("dashscope/qwen3.7-max", "explicit_cache_read_input_token_cost"))
        .isEqualTo("0.00000025");

    Price hit =
        Imports.row(
            Imports.imported(
                    """
                    {"m": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 5e-6,
                      "cache_read_input_token_cost": 1e-6, "input_cost_per_token_cache_hit": 2e-6}}
                    """)
                .table(),
            "m");
    assertThat(base(hit).tokenPicos().get(TokenClass.CACHE_READ)).isEqualTo(2_000_000L);
  }

  // 23
  @Test
  void whenPricesVaryByHour_theDearestIsCharged() {
    for (String model : List.of("deepseek-flash", "tencent/deepseek-v4.1-flash")) {
      assertThat(charge(row(model), 1_000, 1_000)).isEqualTo("0.0015");
      assertThat(notApplied(model, "off_peak_pricing.input_cost_per_token"))
          .isEqualTo("0.00000015");
      assertThat(notApplied(model, "off_peak_pricing.output_cost_per_token"))
          .isEqualTo("0.0000006");
      assertThat(notApplied(model, "off_peak_pricing.cache_read_input_token_cost"))
          .isEqualTo("0.000000003");
    }
  }

  // 24
  @Test
  void whenARegionOrSpeedHasAMultiplier_tokensAreMultiplied() {
    Price opus = row("claude-opus-4-8");
    assertThat(opus.regions()).isEqualTo(Map.of("us", 1_100_000L));
    assertThat(opus.speeds()).isEqualTo(Map.of("fast", 2_000_000L));
    assertThat(row("gpt-6-astra").regions().get("eu")).isEqualTo(1_100_000L);
    assertThat(row("vertex_ai/claude-opus-4-7").regions().get("regional")).isEqualTo(1_100_000L);
    assertThat(charge(opus, 1_000, 1_000)).isEqualTo("0.03");
    assertThat(multiplied(opus, "us", null)).isEqualTo("0.033");
    assertThat(multiplied(opus, null, "fast")).isEqualTo("0.06");
    assertThat(multiplied(opus, "us", "fast")).isEqualTo("0.066");
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
    assertThat(flash.toolPicos())
        .isEqualTo(Map.of("web_search", 35_000_000_000L, "google_maps", 25_000_000_000L));
    assertThat(row("gemini-3-pro-image").toolPicos())
        .isEqualTo(Map.of("web_search", 14_000_000_000L));
    assertThat(notApplied("gemini/gemini-2.5-flash", "search_free_requests.count"))
        .isEqualTo("1500");
  }

  // 26
  @Test
  void whenReasoningAndCitationsArePriced_theirPricesApply() {
    Price sonar = row("perplexity/sonar-deep-research");
    assertThat(sonar.toolPicos().get("citations")).isEqualTo(2_000_000L);
    Parts allReasoning = new Parts(null, null, null, null, null, 1_000L, null, null);
    assertThat(charge(sonar, "default", 0, 1_000, allReasoning)).isEqualTo("0.003");
    assertThat(Pricing.worstCase(sonar, bounds(0, 1_000)).toString()).isEqualTo("0.008");
    assertThat(Pricing.worstCase(row("dashscope/qwen-turbo"), bounds(0, 1_000)).toString())
        .isEqualTo("0.0005");
  }

  // 27
  @Test
  void whenCachedImagesHaveNoPrice_theDearerWholeIsCharged() {
    Parts cachedImages = new Parts(1_000L, null, null, null, 1_000L, null, null, null);
    assertThat(charge(row("gpt-realtime-2.1-mini"), "default", 1_000, 0, cachedImages))
        .isEqualTo("0.00008");
    assertThat(charge(row("azure/gpt-realtime-2.1-mini"), "default", 1_000, 0, cachedImages))
        .isEqualTo("0.0008");
  }

  // 28
  @Test
  void whenPlainOutputHasNoPrice_theOutputMustBeAllImages() {
    Price image = row("gpt-image-2");
    Parts allImages = new Parts(null, null, null, null, null, null, null, 1_000L);
    Bounds covered = new Bounds(10, 1_000, allImages, Map.of(), Map.of(), "default");
    assertThat(Pricing.unpricedBecause(image, bounds(10, 1_000))).isPresent();
    assertThat(Pricing.unpricedBecause(image, covered)).isEmpty();
    assertThat(Pricing.worstCase(image, covered).toString()).isEqualTo("0.03008");
  }

  // 29
  @Test
  void whenTokensAndUnitsPriceOneThing_theDearerIsCharged() {
    Usage sound =
        new Usage(1_000, 0, media(1_000, 0), Map.of("seconds", UnitCount.of(60)), Map.of(), null);
    assertThat(Charges.of(row("gpt-4o-transcribe"), "default", sound).amount().toString())
        .isEqualTo("0.006");
    Parts imageOut = new Parts(null, null, null, null, null, null, null, 1_120L);
    Usage image = new Usage(0, 1_120, imageOut, Map.of("images", UnitCount.of(1)), Map.of(), null);
    assertThat(Charges.of(row("gemini/gemini-3-pro-image"), "default", image).amount().toString())
        .isEqualTo("0.1344");
  }

  // 30
  @Test
  void whenARowPricesAnotherUnit_itIsPricedOrKeptOut() {
    assertThat(chargeOfUnits(row("whisper-1"), Map.of("seconds", 60L))).isEqualTo("0.006");
    assertThat(chargeOfUnits(row("medlm-large"), Map.of("characters", 100L))).isEqualTo("0.0015");
    assertThat(chargeOfUnits(row("azure/hd/1024-x-1024/dall-e-3"), Map.of("pixels", 1L << 20)))
        .isEqualTo("0.088001");
    assertThat(chargeOfUnits(row("openai/sora-2"), Map.of("seconds", 8L))).isEqualTo("0.80");
    assertThat(chargeOfUnits(row("azure_ai/mistral-document-ai-2512"), Map.of("pages", 10L)))
        .isEqualTo("0.03");
    assertThat(chargeOfUnits(row("reducto/parse-legacy"), Map.of("credits", 10L)))
        .isEqualTo("0.15");
    assertThat(file.review().keptOut())
        .contains(
            new KeptOut("bedrock/guardrails", "states prices only in units that are not ours"));
    assertThat(
            file.review().notApplied().stream()
                .noneMatch(it -> it.model().equals("bedrock/guardrails")))
        .isFalse();
  }

  // 31
  @Test
  void whenAnImageHasSeveralSizes_theDearestIsItsPrice() {
    Price banana = row("fal_ai/fal-ai/nano-banana-2");
    assertThat(base(banana).unitPicos()).isEqualTo(Map.of(BillingUnit.IMAGES, 160_000_000_000L));
    assertThat(notApplied("fal_ai/fal-ai/nano-banana-2", "output_cost_per_image_0.5K"))
        .isEqualTo("0.06");
    assertPicos(Map.of(), base(banana));
  }
}
