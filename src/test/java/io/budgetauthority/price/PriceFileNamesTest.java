package io.budgetauthority.price;

import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.charge;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

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
    assertThat(base(row("databricks/databricks-gpt-oss-120b")).tokenPicos().get(TokenClass.INPUT))
        .isEqualTo(150_010L);
    assertThat(
            new BigDecimal(
                    Imports.finding(
                            file.review().notApplied(),
                            "databricks/databricks-gpt-oss-120b",
                            "input_dbu_cost_per_token")
                        .orElseThrow()
                        .figure())
                .toPlainString())
        .isEqualTo("0.0000021429999999999996");
  }

  // 33
  @Test
  void whenAPriceIsFinerThanAPicoUsd_itIsRoundedUp() {
    assertThat(base(row("databricks/databricks-gpt-oss-120b")).tokenPicos().get(TokenClass.INPUT))
        .isEqualTo(150_010L);
    assertThat(base(row("databricks/databricks-claude-opus-4")).tokenPicos().get(TokenClass.INPUT))
        .isEqualTo(15_000_021L);
  }

  // 34
  @Test
  void whenAPriceIsAboveAThousandUsdAMillion_itIsSuspect() {
    assertThat(charge(row("azure_ai/jais-30b-chat"), 1_000, 0)).isEqualTo("3.20");
    for (String model : List.of("azure_ai/jais-30b-chat", "watsonx/core42/jais-13b-chat")) {
      assertThat(Imports.finding(file.review().suspect(), model, "default output")).isPresent();
    }
    assertThat(charge(row("o1-pro"), 0, 1_000_000)).isEqualTo("600.00");
    assertThat(file.review().suspect().stream().noneMatch(it -> it.model().equals("o1-pro")))
        .isTrue();
  }

  // 35
  @Test
  void whenARoutersOutputIsZero_itIsSuspect() {
    for (String model : List.of("azure_ai/model_router", "azure_ai/model-router")) {
      assertThat(charge(row(model), 1_000, 1_000)).isEqualTo("0.00014");
      assertThat(Imports.finding(file.review().suspect(), model, "default output")).isPresent();
    }
  }

  // 36
  @Test
  void whenAKeyIsBareAndPrefixed_theyAreTwoRows() {
    assertThat(found("gemini", "gemini-exp-1206")).isEqualTo("gemini-exp-1206");
    assertThat(found("gemini", "gemini/gemini-exp-1206")).isEqualTo("gemini/gemini-exp-1206");
    assertThat(row("gemini-exp-1206").allZero()).isFalse();
    assertThat(row("gemini/gemini-exp-1206").allZero()).isTrue();
  }

  // 37
  @Test
  void whenABareNameHasTwins_theBareKeyIsMeant() {
    assertThat(found(null, "deepseek-chat")).isEqualTo("deepseek-chat");
    assertThat(found("deepseek", "deepseek-chat")).isEqualTo("deepseek-chat");
    assertThat(found("deepseek", "deepseek/deepseek-chat")).isEqualTo("deepseek/deepseek-chat");
  }

  // 38
  @Test
  void whenTheProviderOrTheKeysPrefixIsNamed_theRowIsFound() {
    assertThat(found("vertex_ai", "claude-opus-4-7")).isEqualTo("vertex_ai/claude-opus-4-7");
    assertThat(found("vertex_ai-anthropic_models", "claude-opus-4-7"))
        .isEqualTo("vertex_ai/claude-opus-4-7");
    assertThat(found("amazon-nova", "nova-micro-v1")).isEqualTo("amazon-nova/nova-micro-v1");
    assertThat(found("amazon_nova", "nova-micro-v1")).isEqualTo("amazon-nova/nova-micro-v1");
    assertThat(found("gemini", "gemini-2.5-pro")).isEqualTo("gemini/gemini-2.5-pro");
    assertThat(row("gemini-2.5-pro").provider()).isEqualTo("vertex_ai-language-models");
  }

  // 39
  @Test
  void whenAKeyHoldsSizesRegionsOrStars_theyArePlainText() {
    assertThat(row("low/1024-x-1024/gpt-image-1.5").provider()).isEqualTo("openai");
    assertThat(found("azure", "eu/gpt-5.5")).isEqualTo("azure/eu/gpt-5.5");
    assertThat(
            file.table().find(null, "bedrock/us-east-1/1-month-commitment/cohere.command-text-v14"))
        .isInstanceOf(Found.Unknown.class);
    assertThat(row("bedrock/*/1-month-commitment/cohere.command-text-v14").provider())
        .isEqualTo("bedrock");
  }

  // 40
  @Test
  void whenARowMeansAClassOfModels_itIsKeptOut() {
    assertThat(file.review().keptOut())
        .contains(
            new KeptOut(
                "fireworks-ai-4.1b-to-16b", "states no mode: it stands for a class of models"));
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
      assertThat(found(null, model)).isEqualTo(model);
    }
    assertThat(file.table().find(null, "sail/moonshotai/kimi-k3"))
        .isInstanceOf(Found.Unknown.class);
  }

  // 42
  @Test
  void whenTheFileStatesLimits_onlyThoseAreUsed() {
    Price moderation = row("omni-moderation-latest");
    assertThat(moderation.outputLimitTokens()).isNull();
    assertThat(moderation.hasOutput()).isFalse();
    assertThat(moderation.windowTokens()).isEqualTo(32_768L);
    assertThat(row("baseten/MiniMaxAI/MiniMax-M2.5").windowTokens()).isNull();
    Price gemma = row("gemini/gemini-gemma-2-9b-it");
    assertThat(gemma.windowTokens()).isNull();
    assertThat(gemma.outputLimitTokens()).isEqualTo(8_192L);
    assertThat(gemma.sharedWindow()).isFalse();
    Price speech = row("gemini/gemini-2.5-flash-preview-tts");
    assertThat(speech.windowTokens()).isEqualTo(8_192L);
    assertThat(speech.outputLimitTokens()).isEqualTo(16_384L);

    Price shared =
        Imports.row(
            Imports.imported(
                    """
                    {"m": {"litellm_provider": "p", "mode": "chat", "max_tokens": 1000.0,
                      "max_input_tokens": 0, "input_cost_per_token": 1e-6}}
                    """)
                .table(),
            "m");
    assertThat(shared.sharedWindow()).isTrue();
    assertThat(shared.windowTokens()).isEqualTo(1_000L);
    assertThat(shared.outputLimitTokens()).isNull();
  }

  // 43
  @Test
  void whenARowIsDeprecated_itStaysPriced() {
    assertThat(charge(row("gpt-5.1-codex"), 1_000, 1_000)).isEqualTo("0.01125");
  }

  // 44
  @Test
  void whenAWholeNumberIsWrittenAsAFloat_theRowIsRead() {
    assertThat(row("gemini/gemini-3.1-flash-image").windowTokens()).isEqualTo(131_072L);
    assertThat(row("gemini-3.1-pro-preview").windowTokens()).isEqualTo(1_048_576L);
  }

  // 45
  @Test
  void whenATextQuotesAPrice_itIsIgnoredAndAbsentRowsAreUnknown() {
    assertThat(base(row("azure_ai/model_router")).tokenPicos().get(TokenClass.INPUT))
        .isEqualTo(140_000L);
    assertThat(file.table().find("openrouter", "openai/gpt-5.5")).isInstanceOf(Found.Unknown.class);
  }

  @Test
  void whenTheFileStatesCapabilities_onlyThoseAreUsed() {
    assertThat(row("gpt-5-nano").capabilities())
        .isEqualTo(
            Set.of(
                Capability.TOOLS,
                Capability.JSON_SCHEMA,
                Capability.VISION,
                Capability.PDF_INPUT,
                Capability.REASONING,
                Capability.STREAMING));
    assertThat(row("whisper-1").capabilities()).isEmpty();
  }
}
