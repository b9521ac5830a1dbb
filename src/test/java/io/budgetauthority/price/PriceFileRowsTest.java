package io.budgetauthority.price;

import static io.budgetauthority.price.Imports.assertPicos;
import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.bounds;
import static io.budgetauthority.price.Imports.cached;
import static io.budgetauthority.price.Imports.card;
import static io.budgetauthority.price.Imports.charge;
import static io.budgetauthority.price.Imports.chargeOfUnits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.price.litellm.LiteLlmFields;
import io.budgetauthority.price.litellm.LiteLlmImport.Imported;
import io.budgetauthority.price.review.PriceReview.KeptOut;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// An imported price file (pricing.md#import): rows that are none, zeros, and tiers by length and
/// by service.
class PriceFileRowsTest {

  private final Imported file = Imports.rows();

  private Price row(String model) {
    return Imports.row(file.table(), model);
  }

  private void assertKeptOut(String model, String reason) {
    assertTrue(file.review().keptOut().contains(new KeptOut(model, reason)), model);
    assertInstanceOf(PriceTable.Found.Unknown.class, file.table().find(null, model));
  }

  // 1
  @Test
  void whenARowDocumentsTheFile_itIsKeptOut() {
    assertKeptOut("sample_spec", "documents the file and is no model");
  }

  // 2
  @Test
  void whenARowHasNoProvider_itIsKeptOut() {
    assertKeptOut("fallback_generalizations", "states no provider");
  }

  // 3
  @Test
  void whenAModelHasNoPrice_itIsKnownButUnpriced() {
    for (String model :
        List.of("github_copilot/gpt-4o", "perplexity/google/gemini-2.5-pro", "chatgpt/gpt-5.5")) {
      assertTrue(file.review().noPrice().contains(RowName.of(row(model))), model);
      assertEquals(List.of(), row(model).cards());
      assertTrue(Pricing.unpricedBecause(row(model), bounds(10, 10)).isPresent());
    }
    assertEquals(64_000L, row("github_copilot/gpt-4o").windowTokens());
  }

  // 4
  @Test
  void whenAllPricesAreZero_theModelIsNotFree() {
    for (String model : List.of("command-a-plus-05-2026", "gemini/gemini-exp-1114")) {
      assertTrue(file.review().allZero().contains(RowName.of(row(model))), model);
      assertFalse(row(model).zeroApproved());
      assertTrue(Pricing.unpricedBecause(row(model), bounds(10, 10)).isPresent());
    }
    assertKeptOut("fireworks-ai-default", "states no mode: it stands for a class of models");
  }

  // 5
  @Test
  void whenTokensAreZeroBesidePricedUnits_theRowIsNotAllZero() {
    Price rerank = row("amazon.rerank-v1:0");
    assertFalse(rerank.allZero());
    assertEquals("0.003", chargeOfUnits(rerank, Map.of("queries", 3L)));
    assertTrue(Pricing.unpricedBecause(rerank, bounds(10, 0)).isPresent());

    Price online = row("perplexity/pplx-70b-online");
    assertFalse(online.allZero());
    assertEquals("0.00528", charge(online, 1_000, 100));
  }

  // 6
  @Test
  void whenPricesAreATierList_theWholeInputSetsTheTier() {
    Price flash = row("dashscope/qwen-flash");
    assertPicos(Map.of(TokenClass.INPUT, 50_000L, TokenClass.OUTPUT, 400_000L), base(flash));
    assertEquals("0.0128", charge(flash, 256_000, 0));
    assertEquals("0.064001", charge(flash, 256_001, 0));

    Price doubao = row("volcengine/doubao-seed-2-0-pro-260215");
    assertEquals(
        List.of(0L, 32_000L, 128_000L),
        doubao.cards().stream().map(RateCard::aboveTokens).toList());
  }

  // 7
  @Test
  void whenQueriesArePricedByResults_theDearestApplies() {
    assertEquals(
        Map.of(BillingUnit.QUERIES, 25_000_000_000L), base(row("exa_ai/search")).unitPicos());
    assertEquals("0.0166", chargeOfUnits(row("firecrawl/search"), Map.of("queries", 1L)));
    assertEquals(
        "0.005",
        Imports.finding(
                file.review().notApplied(),
                "exa_ai/search",
                "tiered_pricing[0].input_cost_per_query")
            .orElseThrow()
            .figure());
  }

  // 8
  @Test
  void whenTheInputFillsTheWindow_theLastTierApplies() {
    assertEquals("0.774144", charge(row("dashscope/qwen3-max"), 258_048, 0));
  }

  // 9
  @Test
  void whenInputIsAtAThreshold_theTierBeginsOnlyAboveIt() {
    Map<String, Long> thresholds =
        Map.of(
            "claude-haiku-5-5", 100_000L,
            "gemini/gemini-exp-1114", 128_000L,
            "gemini/gemini-2.5-pro", 200_000L,
            "gpt-5.5", 272_000L,
            "minimax/MiniMax-M3", 512_000L);
    thresholds.forEach((model, above) -> card(row(model), Bounds.DEFAULT_TIER, above));
    assertEquals("0.25", charge(row("gemini/gemini-2.5-pro"), 200_000, 0));
    assertEquals("0.500003", charge(row("gemini/gemini-2.5-pro"), 200_001, 0));
  }

  // 10
  @Test
  void whenSuffixesStack_theirOrderDoesNotMatter() {
    RateCard sonnet = card(row("anthropic.claude-sonnet-4-5-20250929-v1:0"), "default", 200_000);
    assertEquals(12_000_000L, sonnet.tokenPicos().get(TokenClass.CACHE_WRITE_1H));
    assertEquals(7_500_000L, sonnet.tokenPicos().get(TokenClass.CACHE_WRITE));
    RateCard luna = card(row("gpt-6-luna"), "priority", 272_000);
    assertEquals(400_000L, luna.tokenPicos().get(TokenClass.INPUT));
    for (String suffixes : List.of("_priority_above_272k_tokens", "_above_272k_tokens_priority")) {
      assertEquals(
          LiteLlmFields.of("input_cost_per_token_above_272k_tokens_priority"),
          LiteLlmFields.of("input_cost_per_token" + suffixes));
    }
  }

  // 11
  @Test
  void whenTheThresholdIsTheWindow_inputAboveItIsBilled() {
    Price sonnet = row("anthropic.claude-sonnet-4-5-20250929-v1:0");
    assertEquals(200_000L, sonnet.windowTokens());
    assertEquals("1.200006", charge(sonnet, 200_001, 0));
  }

  // 12
  @Test
  void whenATierHasNoCacheReadPrice_itsInputPriceApplies() {
    Parts allRead = cached(272_001, 0, 0);
    Price gpt = row("perplexity/openai/gpt-5.5");
    assertEquals("2.72001", charge(gpt, Bounds.DEFAULT_TIER, 272_001, 0, allRead));
    assertEquals("0.0001", charge(gpt, Bounds.DEFAULT_TIER, 200, 0, cached(200, 0, 0)));
    Price grok = row("perplexity/xai/grok-4.3");
    assertEquals("0.500003", charge(grok, Bounds.DEFAULT_TIER, 200_001, 0, cached(200_001, 0, 0)));
  }

  // 13
  @Test
  void whenOnlyTheLongTierPricesCacheWrites_inputIsCharged() {
    Price gemini = row("gemini-2.5-pro");
    assertEquals("0.25", charge(gemini, Bounds.DEFAULT_TIER, 200_000, 0, cached(0, 200_000, 0)));
    assertEquals(
        "0.500003",
        charge(gemini, Bounds.DEFAULT_TIER, 200_001, 0, cached(0, 200_001, 0)),
        "a tenth of the input's price is not trusted");
    assertEquals("0.500003", Pricing.worstCase(gemini, bounds(200_001, 0)).toString());
  }

  // 14
  @Test
  void whenPriorityIsAboveTheThreshold_theDearerPriceApplies() {
    assertEquals("3.750013", charge(row("gpt-5.5"), "priority", 300_001, 0, Parts.NONE));
    assertEquals("3.00001", charge(row("gpt-5.5"), 300_001, 0));
  }

  // 15
  @Test
  void whenATierPricesOneSide_theOtherIsTheDefaults() {
    assertEquals("0.0029", charge(row("gpt-5-nano"), "priority", 1_000, 1_000, Parts.NONE));
  }

  // 16
  @Test
  void whenATierIsNew_itIsPricedAndZeroOutputIsSuspect() {
    assertEquals("0.0001", charge(row("gpt-6-luna"), "decisions", 1_000, 1_000, Parts.NONE));
    assertTrue(
        Imports.finding(file.review().suspect(), "gpt-6-luna", "decisions output").isPresent());
    assertEquals("0.36", charge(row("gpt-6-astra"), "ultrafast", 1_000, 1_000, Parts.NONE));
    assertEquals(
        "0.012", charge(row("sail/moonshotai/Kimi-K3"), "balanced", 1_000, 1_000, Parts.NONE));
  }
}
