package io.budgetauthority.price.litellm;

import static io.budgetauthority.price.Imports.assertPicos;
import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.bounds;
import static io.budgetauthority.price.Imports.cached;
import static io.budgetauthority.price.Imports.card;
import static io.budgetauthority.price.Imports.charge;
import static io.budgetauthority.price.Imports.chargeOfUnits;
import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Imports;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.cost.Pricing;
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
    assertThat(file.review().keptOut()).as(model).contains(new KeptOut(model, reason));
    assertThat(file.table().find(null, model)).isInstanceOf(PriceTable.Found.Unknown.class);
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
      assertThat(file.review().noPrice()).as(model).contains(RowName.of(row(model)));
      assertThat(row(model).cards()).isEmpty();
      assertThat(Pricing.unpricedBecause(row(model), bounds(10, 10))).isPresent();
    }
    assertThat(row("github_copilot/gpt-4o").windowTokens()).isEqualTo(64_000L);
  }

  // 4
  @Test
  void whenAllPricesAreZero_theModelIsNotFree() {
    for (String model : List.of("command-a-plus-05-2026", "gemini/gemini-exp-1114")) {
      assertThat(file.review().allZero()).as(model).contains(RowName.of(row(model)));
      assertThat(row(model).zeroApproved()).isFalse();
      assertThat(Pricing.unpricedBecause(row(model), bounds(10, 10))).isPresent();
    }
    assertKeptOut("fireworks-ai-default", "states no mode: it stands for a class of models");
  }

  // 5
  @Test
  void whenTokensAreZeroBesidePricedUnits_theRowIsNotAllZero() {
    Price rerank = row("amazon.rerank-v1:0");
    assertThat(rerank.allZero()).isFalse();
    assertThat(chargeOfUnits(rerank, Map.of("queries", 3L))).isEqualTo("0.003");
    assertThat(Pricing.unpricedBecause(rerank, bounds(10, 0))).isPresent();

    Price online = row("perplexity/pplx-70b-online");
    assertThat(online.allZero()).isFalse();
    assertThat(charge(online, 1_000, 100)).isEqualTo("0.00528");
  }

  // 6
  @Test
  void whenPricesAreATierList_theWholeInputSetsTheTier() {
    Price flash = row("dashscope/qwen-flash");
    assertPicos(Map.of(TokenClass.INPUT, 50_000L, TokenClass.OUTPUT, 400_000L), base(flash));
    assertThat(charge(flash, 256_000, 0)).isEqualTo("0.0128");
    assertThat(charge(flash, 256_001, 0)).isEqualTo("0.064001");

    Price doubao = row("volcengine/doubao-seed-2-0-pro-260215");
    assertThat(doubao.cards().stream().map(RateCard::aboveTokens).toList())
        .isEqualTo(List.of(0L, 32_000L, 128_000L));
  }

  // 7
  @Test
  void whenQueriesArePricedByResults_theDearestApplies() {
    assertThat(base(row("exa_ai/search")).unitPicos())
        .isEqualTo(Map.of(BillingUnit.QUERIES, 25_000_000_000L));
    assertThat(chargeOfUnits(row("firecrawl/search"), Map.of("queries", 1L))).isEqualTo("0.0166");
    assertThat(
            Imports.finding(
                    file.review().notApplied(),
                    "exa_ai/search",
                    "tiered_pricing[0].input_cost_per_query")
                .orElseThrow()
                .figure())
        .isEqualTo("0.005");
  }

  // 8
  @Test
  void whenTheInputFillsTheWindow_theLastTierApplies() {
    assertThat(charge(row("dashscope/qwen3-max"), 258_048, 0)).isEqualTo("0.774144");
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
    assertThat(charge(row("gemini/gemini-2.5-pro"), 200_000, 0)).isEqualTo("0.25");
    assertThat(charge(row("gemini/gemini-2.5-pro"), 200_001, 0)).isEqualTo("0.500003");
  }

  // 10
  @Test
  void whenSuffixesStack_theirOrderDoesNotMatter() {
    RateCard sonnet = card(row("anthropic.claude-sonnet-4-5-20250929-v1:0"), "default", 200_000);
    assertThat(sonnet.tokenPicos().get(TokenClass.CACHE_WRITE_1H)).isEqualTo(12_000_000L);
    assertThat(sonnet.tokenPicos().get(TokenClass.CACHE_WRITE)).isEqualTo(7_500_000L);
    RateCard luna = card(row("gpt-6-luna"), "priority", 272_000);
    assertThat(luna.tokenPicos().get(TokenClass.INPUT)).isEqualTo(400_000L);
    for (String suffixes : List.of("_priority_above_272k_tokens", "_above_272k_tokens_priority")) {
      assertThat(LiteLlmFields.of("input_cost_per_token" + suffixes))
          .isEqualTo(LiteLlmFields.of("input_cost_per_token_above_272k_tokens_priority"));
    }
  }

  // 11
  @Test
  void whenTheThresholdIsTheWindow_inputAboveItIsBilled() {
    Price sonnet = row("anthropic.claude-sonnet-4-5-20250929-v1:0");
    assertThat(sonnet.windowTokens()).isEqualTo(200_000L);
    assertThat(charge(sonnet, 200_001, 0)).isEqualTo("1.200006");
  }

  // 12
  @Test
  void whenATierHasNoCacheReadPrice_itsInputPriceApplies() {
    Parts allRead = cached(272_001, 0, 0);
    Price gpt = row("perplexity/openai/gpt-5.5");
    assertThat(charge(gpt, Bounds.DEFAULT_TIER, 272_001, 0, allRead)).isEqualTo("2.72001");
    assertThat(charge(gpt, Bounds.DEFAULT_TIER, 200, 0, cached(200, 0, 0))).isEqualTo("0.0001");
    Price grok = row("perplexity/xai/grok-4.3");
    assertThat(charge(grok, Bounds.DEFAULT_TIER, 200_001, 0, cached(200_001, 0, 0)))
        .isEqualTo("0.500003");
  }

  // 13
  @Test
  void whenOnlyTheLongTierPricesCacheWrites_inputIsCharged() {
    Price gemini = row("gemini-2.5-pro");
    assertThat(charge(gemini, Bounds.DEFAULT_TIER, 200_000, 0, cached(0, 200_000, 0)))
        .isEqualTo("0.25");
    assertThat(charge(gemini, Bounds.DEFAULT_TIER, 200_001, 0, cached(0, 200_001, 0)))
        .as("a tenth of the input's price is not trusted")
        .isEqualTo("0.500003");
    assertThat(Pricing.worstCase(gemini, bounds(200_001, 0)).toString()).isEqualTo("0.500003");
  }

  // 14
  @Test
  void whenPriorityIsAboveTheThreshold_theDearerPriceApplies() {
    assertThat(charge(row("gpt-5.5"), "priority", 300_001, 0, Parts.NONE)).isEqualTo("3.750013");
    assertThat(charge(row("gpt-5.5"), 300_001, 0)).isEqualTo("3.00001");
  }

  // 15
  @Test
  void whenATierPricesOneSide_theOtherIsTheDefaults() {
    assertThat(charge(row("gpt-5-nano"), "priority", 1_000, 1_000, Parts.NONE)).isEqualTo("0.0029");
  }

  // 16
  @Test
  void whenATierIsNew_itIsPricedAndZeroOutputIsSuspect() {
    assertThat(charge(row("gpt-6-luna"), "decisions", 1_000, 1_000, Parts.NONE))
        .isEqualTo("0.0001");
    assertThat(Imports.finding(file.review().suspect(), "gpt-6-luna", "decisions output"))
        .isPresent();
    assertThat(charge(row("gpt-6-astra"), "ultrafast", 1_000, 1_000, Parts.NONE)).isEqualTo("0.36");
    assertThat(charge(row("sail/moonshotai/Kimi-K3"), "balanced", 1_000, 1_000, Parts.NONE))
        .isEqualTo("0.012");
  }
}
