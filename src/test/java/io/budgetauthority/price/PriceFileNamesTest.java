package io.budgetauthority.price;

import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.charge;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.price.PriceTable.Found;
import io.budgetauthority.price.litellm.LiteLlmImport.Imported;
import io.budgetauthority.price.review.PriceReview.KeptOut;
import java.math.BigDecimal;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// An imported price file (pricing.md#import): figures that are odd, names and limits.
class PriceFileNamesTest {

  private final Imported file = Imports.rows();

  private Price row(String model) {
    return Imports.row(file.table(), model);
  }

  private String found(@Nullable String provider, String name) {
    return assertInstanceOf(Found.Row.class, file.table().find(provider, name)).price().model();
  }

  // 32
  @Test
  void whenAPriceIsInDbu_itIsNotApplied() {
    assertEquals(
        150_010L,
        base(row("databricks/databricks-gpt-oss-120b")).tokenPicos().get(TokenClass.INPUT));
    assertEquals(
        "0.0000021429999999999996",
        new BigDecimal(
                Imports.finding(
                        file.review().notApplied(),
                        "databricks/databricks-gpt-oss-120b",
                        "input_dbu_cost_per_token")
                    .orElseThrow()
                    .figure())
            .toPlainString());
  }

  // 33
  @Test
  void whenAPriceIsFinerThanAPicoUsd_itIsRoundedUp() {
    assertEquals(
        150_010L,
        base(row("databricks/databricks-gpt-oss-120b")).tokenPicos().get(TokenClass.INPUT));
    assertEquals(
        15_000_021L,
        base(row("databricks/databricks-claude-opus-4")).tokenPicos().get(TokenClass.INPUT));
  }

  // 34
  @Test
  void whenAPriceIsAboveAThousandUsdAMillion_itIsSuspect() {
    assertEquals("3.20", charge(row("azure_ai/jais-30b-chat"), 1_000, 0));
    for (String model : List.of("azure_ai/jais-30b-chat", "watsonx/core42/jais-13b-chat")) {
      assertTrue(Imports.finding(file.review().suspect(), model, "default output").isPresent());
    }
    assertEquals("600.00", charge(row("o1-pro"), 0, 1_000_000));
    assertTrue(file.review().suspect().stream().noneMatch(it -> it.model().equals("o1-pro")));
  }

  // 35
  @Test
  void whenARoutersOutputIsZero_itIsSuspect() {
    for (String model : List.of("azure_ai/model_router", "azure_ai/model-router")) {
      assertEquals("0.00014", charge(row(model), 1_000, 1_000));
      assertTrue(Imports.finding(file.review().suspect(), model, "default output").isPresent());
    }
  }

  // 36
  @Test
  void whenAKeyIsBareAndPrefixed_theyAreTwoRows() {
    assertEquals("gemini-exp-1206", found("gemini", "gemini-exp-1206"));
    assertEquals("gemini/gemini-exp-1206", found("gemini", "gemini/gemini-exp-1206"));
    assertFalse(row("gemini-exp-1206").allZero());
    assertTrue(row("gemini/gemini-exp-1206").allZero());
  }

  // 37
  @Test
  void whenABareNameHasTwins_theBareKeyIsMeant() {
    assertEquals("deepseek-chat", found(null, "deepseek-chat"));
    assertEquals("deepseek-chat", found("deepseek", "deepseek-chat"));
    assertEquals("deepseek/deepseek-chat", found("deepseek", "deepseek/deepseek-chat"));
  }

  // 38
  @Test
  void whenTheProviderOrTheKeysPrefixIsNamed_theRowIsFound() {
    assertEquals("vertex_ai/claude-opus-4-7", found("vertex_ai", "claude-opus-4-7"));
    assertEquals(
        "vertex_ai/claude-opus-4-7", found("vertex_ai-anthropic_models", "claude-opus-4-7"));
    assertEquals("amazon-nova/nova-micro-v1", found("amazon-nova", "nova-micro-v1"));
    assertEquals("amazon-nova/nova-micro-v1", found("amazon_nova", "nova-micro-v1"));
    assertEquals("gemini/gemini-2.5-pro", found("gemini", "gemini-2.5-pro"));
    assertEquals("vertex_ai-language-models", row("gemini-2.5-pro").provider());
  }

  // 39
  @Test
  void whenAKeyHoldsSizesRegionsOrStars_theyArePlainText() {
    assertEquals("openai", row("low/1024-x-1024/gpt-image-1.5").provider());
    assertEquals("azure/eu/gpt-5.5", found("azure", "eu/gpt-5.5"));
    assertInstanceOf(
        Found.Unknown.class,
        file.table().find(null, "bedrock/us-east-1/1-month-commitment/cohere.command-text-v14"));
    assertEquals("bedrock", row("bedrock/*/1-month-commitment/cohere.command-text-v14").provider());
  }

  // 40
  @Test
  void whenARowMeansAClassOfModels_itIsKeptOut() {
    assertTrue(
        file.review()
            .keptOut()
            .contains(
                new KeptOut(
                    "fireworks-ai-4.1b-to-16b",
                    "states no mode: it stands for a class of models")));
  }

  // 41
  @Test
  void whenAKeyHasSignsOrCapitals_itStaysAsItIs() {
    for (String model :
        List.of(
            "vertex_ai/claude-opus-4-5@20251101",
            "cloudflare/@cf/openai/gpt-oss-120b",
            "sail/moonshotai/Kimi-K3",
            "anthropic.claude-sonnet-4-5-20250929-v1:0")) {
      assertEquals(model, found(null, model));
    }
    assertInstanceOf(Found.Unknown.class, file.table().find(null, "sail/moonshotai/kimi-k3"));
  }

  // 42
  @Test
  void whenTheFileStatesLimits_onlyThoseAreUsed() {
    Price moderation = row("omni-moderation-latest");
    assertNull(moderation.outputLimitTokens());
    assertFalse(moderation.hasOutput());
    assertEquals(32_768L, moderation.windowTokens());
    assertNull(row("baseten/MiniMaxAI/MiniMax-M2.5").windowTokens());
    Price gemma = row("gemini/gemini-gemma-2-9b-it");
    assertNull(gemma.windowTokens());
    assertEquals(8_192L, gemma.outputLimitTokens());
    assertFalse(gemma.sharedWindow());
    Price speech = row("gemini/gemini-2.5-flash-preview-tts");
    assertEquals(8_192L, speech.windowTokens());
    assertEquals(16_384L, speech.outputLimitTokens());

    Price shared =
        Imports.row(
            Imports.imported(
                    """
                    {"m": {"litellm_provider": "p", "mode": "chat", "max_tokens": 1000.0,
                      "max_input_tokens": 0, "input_cost_per_token": 1e-6}}
                    """)
                .table(),
            "m");
    assertTrue(shared.sharedWindow());
    assertEquals(1_000L, shared.windowTokens());
    assertNull(shared.outputLimitTokens());
  }

  // 43
  @Test
  void whenARowIsDeprecated_itStaysPriced() {
    assertEquals("0.01125", charge(row("gpt-5.1-codex"), 1_000, 1_000));
  }

  // 44
  @Test
  void whenAWholeNumberIsWrittenAsAFloat_theRowIsRead() {
    assertEquals(131_072L, row("gemini/gemini-3.1-flash-image").windowTokens());
    assertEquals(1_048_576L, row("gemini-3.1-pro-preview").windowTokens());
  }

  // 45
  @Test
  void whenATextQuotesAPrice_itIsIgnoredAndAbsentRowsAreUnknown() {
    assertEquals(140_000L, base(row("azure_ai/model_router")).tokenPicos().get(TokenClass.INPUT));
    assertInstanceOf(Found.Unknown.class, file.table().find("openrouter", "openai/gpt-5.5"));
  }

  @Test
  void whenTheFileStatesCapabilities_onlyThoseAreUsed() {
    assertEquals(
        Set.of(
            Capability.TOOLS,
            Capability.JSON_SCHEMA,
            Capability.VISION,
            Capability.PDF_INPUT,
            Capability.REASONING,
            Capability.STREAMING),
        row("gpt-5-nano").capabilities());
    assertEquals(Set.of(), row("whisper-1").capabilities());
  }
}
