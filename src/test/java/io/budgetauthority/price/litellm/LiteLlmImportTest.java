package io.budgetauthority.price.litellm;

import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.imported;
import static io.budgetauthority.price.Imports.problems;
import static io.budgetauthority.price.Imports.row;
import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Charges;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.Usage;
import io.budgetauthority.price.litellm.LiteLlmImport.Imported;
import io.budgetauthority.price.review.PriceReview;
import io.budgetauthority.price.review.PriceReview.UnknownField;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What an import refuses, by row and field, and the rules that no row of today's file shows.
class LiteLlmImportTest {

  private static String file(String fields) {
    return "{\"m\": {\"litellm_provider\": \"p\", \"mode\": \"chat\", " + fields + "}}";
  }

  private static Price only(String fields) {
    return row(imported(file(fields)).table(), "m");
  }

  @Test
  void whenAValueIsNull_itIsRefusedByName() {
    assertThat(problems(file("\"input_cost_per_token\": null, \"max_tokens\": null")))
        .isEqualTo(List.of("m: input_cost_per_token: is null", "m: max_tokens: is null"));
    assertThat(problems("{\"m\": {\"litellm_provider\": null}}"))
        .isEqualTo(List.of("m: litellm_provider: is null"));
    assertThat(problems("{\"m\": null}")).isEqualTo(List.of("m: must be an object, not NULL"));
  }

  @Test
  void whenAPriceIsNoNumber_itIsRefusedByName() {
    assertThat(problems(file("\"input_cost_per_token\": \"0.1\"")))
        .isEqualTo(List.of("m: input_cost_per_token: must be a number, not \"0.1\""));
    assertThat(problems(file("\"output_cost_per_image_4K\": true")))
        .isEqualTo(List.of("m: output_cost_per_image_4K: must be a number, not true"));
    assertThat(
            problems(
                file("\"search_context_cost_per_query\": {\"search_context_size_low\": \"1\"}")))
        .isEqualTo(
            List.of(
                "m: search_context_cost_per_query.search_context_size_low: must be a number, not"
                    + " \"1\""));
  }

  @Test
  void whenAFigureIsNotApplied_itIsReadAsStrictly() {
    assertThat(problems(file("\"input_dbu_cost_per_token\": \"1\"")))
        .isEqualTo(List.of("m: input_dbu_cost_per_token: must be a number"));
    assertThat(problems(file("\"guardrail_cost_per_unit\": 1")))
        .isEqualTo(List.of("m: guardrail_cost_per_unit: must be an object"));
    assertThat(problems(file("\"guardrail_cost_per_unit\": {\"topic\": \"1\"}")))
        .isEqualTo(List.of("m: guardrail_cost_per_unit.topic: must be a number"));
    assertThat(problems(file("\"provider_specific_entry\": {\"us\": null}")))
        .isEqualTo(List.of("m: provider_specific_entry.us: is null"));
  }

  @Test
  void whenAPriceIsNegativeOrTooLarge_itIsRefusedByName() {
    assertThat(
            problems(
                file("\"input_cost_per_token\": -1e-9, \"output_cost_per_token\": 1e99999999")))
        .isEqualTo(
            List.of(
                "m: input_cost_per_token: may not be negative: -1E-9",
                "m: output_cost_per_token: is too large for a price: 1E+99999999"));
  }

  @Test
  void whenAKeyComesTwice_itIsRefusedByName() {
    assertThat(problems("{\"m\": {}, \"m\": {}}")).isEqualTo(List.of("m: comes twice"));
    assertThat(problems(file("\"input_cost_per_token\": 1, \"input_cost_per_token\": 2")))
        .isEqualTo(List.of("m: input_cost_per_token: comes twice"));
    assertThat(
            problems(
                file(
                    "\"off_peak_pricing\": {\"input_cost_per_token\": 1, \"input_cost_per_token\":"
                        + " 2}")))
        .isEqualTo(List.of("m: off_peak_pricing.input_cost_per_token: comes twice"));
  }

  @Test
  void whenKeysDifferInCaseAlone_theyAreRefusedByName() {
    String row = ": {\"litellm_provider\": \"p\", \"mode\": \"chat\"}";
    assertThat(problems("{\"gpt\"" + row + ", \"Gpt\"" + row + "}"))
        .isEqualTo(List.of("Gpt: differs from gpt in case alone"));
  }

  @Test
  void whenAnUnknownFieldLooksLikeAPrice_itIsRefusedByName() {
    for (String field :
        List.of(
            "input_cost_per_smell_token",
            "Pricing_of_dreams",
            "list_price",
            "input_cost_per_token_above_1hr",
            "input_cost_per_token_above_200m_tokens",
            "input_cost_per_token_flex_flex",
            "input_cost_per_token_4K",
            "surcharge_usd")) {
      assertThat(problems(file("\"" + field + "\": 1")))
          .isEqualTo(List.of("m: " + field + ": looks like a price that we do not know"));
    }
    assertThat(problems(file("\"tiered_pricing\": [{\"range\": [0, 1], \"smell\": 1}]")))
        .isEqualTo(List.of("m: tiered_pricing[0].smell: is not known here"));
  }

  @Test
  void whenAnUnknownFieldIsNoPrice_itIsListed() {
    assertThat(imported(file("\"favourite_colour\": \"blue\"")).review().unknownFields())
        .isEqualTo(List.of(new UnknownField("favourite_colour", 1)));
  }

  @Test
  void whenALimitIsNoWholeNumber_itIsRefusedByName() {
    assertThat(problems(file("\"max_input_tokens\": 1.5, \"max_output_tokens\": \"many\"")))
        .isEqualTo(
            List.of(
                "m: max_input_tokens: must be a whole number of tokens, not 1.5",
                "m: max_output_tokens: must be a whole number of tokens, not \"many\""));
  }

  @Test
  void whenTheFileIsNoJsonObject_itIsRefused() {
    assertThat(problems("[]")).hasSize(1);
    assertThat(problems("{} {}")).hasSize(1);
    assertThat(problems("{\"m\": {\"mode\": ").getFirst()).startsWith("m: mode: is no JSON");
  }

  @Test
  void whenTiersDoNotRise_theyAreRefused() {
    assertThat(
            problems(
                file(
                    """
                "tiered_pricing": [{"range": [0, 32000], "input_cost_per_token": 1e-6},
                                   {"range": [0, 64000], "input_cost_per_token": 2e-6}]\
                """)))
        .isEqualTo(List.of("m: tiered_pricing[1]: must have a range above the one before"));
  }

  @Test
  void whenOffPeakPricesDiffer_theDearerPriceApplies() {
    Price row =
        only(
            """
            "input_cost_per_token": 5e-6, "output_cost_per_token": 9e-6, "off_peak_pricing":
              {"cache_read_input_token_cost": 1e-6, "output_cost_per_token": 12e-6, "windows": []}\
            """);

    assertThat(base(row).tokenPicos())
        .isEqualTo(Map.of(TokenClass.INPUT, 5_000_000L, TokenClass.OUTPUT, 12_000_000L));
  }

  @Test
  void whenVideoHasAPrice_itRaisesImagesButNeverLowersThem() {
    Price dearer = only("\"input_cost_per_token\": 1e-6, \"input_cost_per_video_token\": 3e-6");
    Price cheaper = only("\"output_cost_per_token\": 4e-6, \"output_cost_per_video_token\": 1e-6");

    assertThat(base(dearer).tokenPicos().get(TokenClass.INPUT_IMAGE)).isEqualTo(3_000_000L);
    assertThat(base(cheaper).tokenPicos()).isEqualTo(Map.of(TokenClass.OUTPUT, 4_000_000L));
  }

  @Test
  void whenAPriceIsByTheThousand_itIsDivided() {
    Price row = only("\"file_search_cost_per_1k_calls\": 2.5, \"input_cost_per_token\": 1e-6");

    assertThat(row.toolPicos()).isEqualTo(Map.of("file_search", 2_500_000_000L));
  }

  @Test
  void whenARowPricesToolsAlone_itsToolsAreCharged() {
    Price row = only("\"code_interpreter_cost_per_session\": 0.03");
    Usage usage = new Usage(0, 0, Parts.NONE, Map.of(), Map.of("code_interpreter", 2L), null);

    assertThat(Charges.of(row, "default", usage).amount().toString()).isEqualTo("0.06");
  }

  @Test
  void whenAFileIsImportedTwice_nothingChanges() {
    String file =
        file(
            """
            "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "max_tokens": 9,
            "input_cost_per_token_above_200k_tokens": 2e-6, "input_cost_per_token_flex": 5e-7,
            "search_context_cost_per_query": {"search_context_size_low": 0.01}\
            """);
    PriceReview again = imported(file, "v2", imported(file).table()).review();

    assertThat(again.added()).isEmpty();
    assertThat(again.removed()).isEmpty();
    assertThat(again.changed()).isEmpty();
    assertThat(again.pricesUp()).isEmpty();
    assertThat(again.pricesDown()).isEmpty();
    assertThat(again.clean()).isTrue();
    assertThat(imported(file).table().find("p", "m")).isInstanceOf(PriceTable.Found.Row.class);
  }

  @Test
  void whenAFieldHasAnotherShape_itIsRefusedByName() {
    assertThat(
            problems(
                file(
                    """
                "tiered_pricing": {}, "off_peak_pricing": 1, "search_context_cost_per_query": 0.01\
                """)))
        .isEqualTo(
            List.of(
                "m: tiered_pricing: must be a list of tiers",
                "m: off_peak_pricing: must be an object",
                "m: search_context_cost_per_query: must be an object of prices by size"));
    assertThat(problems(file("\"tiered_pricing\": [], \"search_context_cost_per_query\": {}")))
        .isEqualTo(
            List.of(
                "m: tiered_pricing: must be a list of tiers",
                "m: search_context_cost_per_query: must be an object of prices by size"));
    assertThat(
            problems(
                file(
                    """
                "off_peak_pricing": {"moon": "full"},
                "search_context_cost_per_query": {"huge": 0.01}\
                """)))
        .isEqualTo(
            List.of(
                "m: off_peak_pricing.moon: is not known here",
                "m: search_context_cost_per_query.huge: is not known here"));
  }

  @Test
  void whenTheFirstTierBeginsAboveZero_shorterInputIsInIt() {
    Price row =
        only(
            """
            "tiered_pricing": [{"range": [1000, 32000], "input_cost_per_token": 1e-6},
                               {"range": [32000, 64000], "input_cost_per_token": 2e-6}]\
            """);

    assertThat(row.cards().stream().map(RateCard::aboveTokens).toList())
        .isEqualTo(List.of(0L, 32_000L));
  }

  @Test
  void whenANameOrFlagIsOfAnotherKind_itIsRefusedByName() {
    assertThat(problems("{\"m\": {\"litellm_provider\": \"p\", \"mode\": 7}}"))
        .isEqualTo(List.of("m: mode: must be a name, not 7"));
    assertThat(problems("{\"m\": {\"litellm_provider\": \" \", \"mode\": \"chat\"}}"))
        .isEqualTo(List.of("m: litellm_provider: must be a name, not \" \""));
    assertThat(problems(file("\"supports_vision\": \"true\"")))
        .isEqualTo(List.of("m: supports_vision: must be true or false, not \"true\""));
    assertThat(problems("{\"\": {\"litellm_provider\": \"p\"}}"))
        .isEqualTo(List.of(": has no name"));
  }

  @Test
  void whenAValueIsLong_onlyItsBeginningIsShown() {
    String quoted78 = "\"" + "x".repeat(78) + "\"";
    assertThat(problems(file("\"max_tokens\": " + quoted78)))
        .isEqualTo(List.of("m: max_tokens: must be a whole number of tokens, not " + quoted78));
    assertThat(problems(file("\"max_tokens\": \"" + "x".repeat(79) + "\"")))
        .isEqualTo(
            List.of(
                "m: max_tokens: must be a whole number of tokens, not \"" + "x".repeat(79) + "…"));
  }

  @Test
  void whenALimitIsNegativeOrTooLarge_itIsRefused() {
    assertThat(only("\"max_tokens\": 999999999999999999").windowTokens())
        .isEqualTo(999_999_999_999_999_999L);
    assertThat(only("\"max_tokens\": 1e3").windowTokens()).isEqualTo(1_000L);
    assertThat(problems(file("\"max_tokens\": 1000000000000000000")))
        .isEqualTo(
            List.of("m: max_tokens: must be a whole number of tokens, not 1000000000000000000"));
    assertThat(problems(file("\"max_tokens\": -1")))
        .isEqualTo(List.of("m: max_tokens: must be a whole number of tokens, not -1"));
  }

  @Test
  void whenTheModeIsChat_itStreamsUnlessTheFileDeniesIt() {
    String price = "\"input_cost_per_token\": 1e-6";

    assertThat(only(price).capabilities()).isEqualTo(Set.of(Capability.STREAMING));
    assertThat(only(price + ", \"supports_native_streaming\": false").capabilities()).isEmpty();
    assertThat(
            row(
                    imported(
                            "{\"m\": {\"litellm_provider\": \"p\", \"mode\": \"embedding\", "
                                + price
                                + "}}")
                        .table(),
                    "m")
                .capabilities())
        .isEmpty();
  }

  @Test
  void whenAComputerUsePriceIsDearestOrAlone_itApplies() {
    Price alone = only("\"computer_use_input_cost_per_1k_tokens\": 0.003");
    Price same =
        only(
            """
            "input_cost_per_token": 3e-6, "computer_use_input_cost_per_1k_tokens": 0.003\
            """);

    assertThat(base(alone).tokenPicos()).isEqualTo(Map.of(TokenClass.INPUT, 3_000_000L));
    assertThat(base(same).tokenPicos()).isEqualTo(Map.of(TokenClass.INPUT, 3_000_000L));
    PriceReview review =
        imported(
                file(
                    """
                    "input_cost_per_token": 3e-6, "computer_use_input_cost_per_1k_tokens": 0.003,
                    "output_cost_per_token": 9e-6, "computer_use_output_cost_per_1k_tokens": 0.002\
                    """))
            .review();
    assertThat(review.notApplied())
        .isEqualTo(
            List.of(
                new PriceReview.Finding(
                    "m",
                    "computer_use_output_cost_per_1k_tokens",
                    "0.000002",
                    "a dearer price for the same thing applies")));
  }

  @Test
  void whenTwoFieldsPriceOneThing_theDearerApplies() {
    Imported two =
        imported(
            file(
                """
                "input_cost_per_image": 0.02, "output_cost_per_image": 0.03,
                "input_cost_per_second": 0.01, "output_cost_per_second": 0.01\
                """));

    assertThat(base(row(two.table(), "m")).unitPicos())
        .isEqualTo(
            Map.of(BillingUnit.IMAGES, 30_000_000_000L, BillingUnit.SECONDS, 10_000_000_000L));
    assertThat(
            two.review().notApplied().stream().map(it -> it.field() + " " + it.figure()).toList())
        .as("equal ones need no word")
        .isEqualTo(List.of("input_cost_per_image 0.02"));
  }

  @Test
  void whenInputIsFreeOrUnpriced_aZeroCacheWriteIsTrusted() {
    String writes = "\"cache_creation_input_token_cost\": 0, \"output_cost_per_token\": 1e-6";
    Imported free = imported(file("\"input_cost_per_token\": 0, " + writes));
    Imported unpriced = imported(file(writes));
    Imported priced =
        imported(
            file(
                "\"input_cost_per_token\": 1e-6, \"cache_creation_input_token_cost_above_1hr\": 0, "
                    + writes));

    assertThat(free.review().untrustedWrites()).isEmpty();
    assertThat(unpriced.review().untrustedWrites()).isEmpty();
    assertThat(base(row(free.table(), "m")).tokenPicos().get(TokenClass.CACHE_WRITE)).isEqualTo(0L);
    assertThat(priced.review().untrustedWrites().stream().map(PriceReview.Finding::field).toList())
        .isEqualTo(
            List.of(
                "cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr"));
  }

  @Test
  void whenARowPricesOneTierAlone_itHasTheDefaultTierToo() {
    Price row = only("\"input_cost_per_token_flex\": 1e-6");

    assertThat(row.cards().stream().map(RateCard::serviceTier).toList())
        .isEqualTo(List.of("default", "flex"));
    assertThat(base(row).tokenPicos()).isEmpty();
  }
}
