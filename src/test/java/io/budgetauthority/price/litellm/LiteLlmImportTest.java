package io.budgetauthority.price.litellm;

import static io.budgetauthority.price.Imports.base;
import static io.budgetauthority.price.Imports.imported;
import static io.budgetauthority.price.Imports.problems;
import static io.budgetauthority.price.Imports.row;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertEquals(
        List.of("m: input_cost_per_token: is null", "m: max_tokens: is null"),
        problems(file("\"input_cost_per_token\": null, \"max_tokens\": null")));
    assertEquals(
        List.of("m: litellm_provider: is null"), problems("{\"m\": {\"litellm_provider\": null}}"));
    assertEquals(List.of("m: must be an object, not NULL"), problems("{\"m\": null}"));
  }

  @Test
  void whenAPriceIsNoNumber_itIsRefusedByName() {
    assertEquals(
        List.of("m: input_cost_per_token: must be a number, not \"0.1\""),
        problems(file("\"input_cost_per_token\": \"0.1\"")));
    assertEquals(
        List.of("m: output_cost_per_image_4K: must be a number, not true"),
        problems(file("\"output_cost_per_image_4K\": true")));
    assertEquals(
        List.of(
            "m: search_context_cost_per_query.search_context_size_low: must be a number, not"
                + " \"1\""),
        problems(file("\"search_context_cost_per_query\": {\"search_context_size_low\": \"1\"}")));
  }

  @Test
  void whenAFigureIsNotApplied_itIsReadAsStrictly() {
    assertEquals(
        List.of("m: input_dbu_cost_per_token: must be a number"),
        problems(file("\"input_dbu_cost_per_token\": \"1\"")));
    assertEquals(
        List.of("m: guardrail_cost_per_unit: must be an object"),
        problems(file("\"guardrail_cost_per_unit\": 1")));
    assertEquals(
        List.of("m: guardrail_cost_per_unit.topic: must be a number"),
        problems(file("\"guardrail_cost_per_unit\": {\"topic\": \"1\"}")));
    assertEquals(
        List.of("m: provider_specific_entry.us: is null"),
        problems(file("\"provider_specific_entry\": {\"us\": null}")));
  }

  @Test
  void whenAPriceIsNegativeOrTooLarge_itIsRefusedByName() {
    assertEquals(
        List.of(
            "m: input_cost_per_token: may not be negative: -1E-9",
            "m: output_cost_per_token: is too large for a price: 1E+99999999"),
        problems(file("\"input_cost_per_token\": -1e-9, \"output_cost_per_token\": 1e99999999")));
  }

  @Test
  void whenAKeyComesTwice_itIsRefusedByName() {
    assertEquals(List.of("m: comes twice"), problems("{\"m\": {}, \"m\": {}}"));
    assertEquals(
        List.of("m: input_cost_per_token: comes twice"),
        problems(file("\"input_cost_per_token\": 1, \"input_cost_per_token\": 2")));
    assertEquals(
        List.of("m: off_peak_pricing.input_cost_per_token: comes twice"),
        problems(
            file(
                "\"off_peak_pricing\": {\"input_cost_per_token\": 1, \"input_cost_per_token\":"
                    + " 2}")));
  }

  @Test
  void whenKeysDifferInCaseAlone_theyAreRefusedByName() {
    String row = ": {\"litellm_provider\": \"p\", \"mode\": \"chat\"}";
    assertEquals(
        List.of("Gpt: differs from gpt in case alone"),
        problems("{\"gpt\"" + row + ", \"Gpt\"" + row + "}"));
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
      assertEquals(
          List.of("m: " + field + ": looks like a price that we do not know"),
          problems(file("\"" + field + "\": 1")));
    }
    assertEquals(
        List.of("m: tiered_pricing[0].smell: is not known here"),
        problems(file("\"tiered_pricing\": [{\"range\": [0, 1], \"smell\": 1}]")));
  }

  @Test
  void whenAnUnknownFieldIsNoPrice_itIsListed() {
    assertEquals(
        List.of(new UnknownField("favourite_colour", 1)),
        imported(file("\"favourite_colour\": \"blue\"")).review().unknownFields());
  }

  @Test
  void whenALimitIsNoWholeNumber_itIsRefusedByName() {
    assertEquals(
        List.of(
            "m: max_input_tokens: must be a whole number of tokens, not 1.5",
            "m: max_output_tokens: must be a whole number of tokens, not \"many\""),
        problems(file("\"max_input_tokens\": 1.5, \"max_output_tokens\": \"many\"")));
  }

  @Test
  void whenTheFileIsNoJsonObject_itIsRefused() {
    assertEquals(1, problems("[]").size());
    assertEquals(1, problems("{} {}").size());
    assertTrue(problems("{\"m\": {\"mode\": ").getFirst().startsWith("m: mode: is no JSON"));
  }

  @Test
  void whenTiersDoNotRise_theyAreRefused() {
    assertEquals(
        List.of("m: tiered_pricing[1]: must have a range above the one before"),
        problems(
            file(
                """
                "tiered_pricing": [{"range": [0, 32000], "input_cost_per_token": 1e-6},
                                   {"range": [0, 64000], "input_cost_per_token": 2e-6}]\
                """)));
  }

  @Test
  void whenOffPeakPricesDiffer_theDearerPriceApplies() {
    Price row =
        only(
            """
            "input_cost_per_token": 5e-6, "output_cost_per_token": 9e-6, "off_peak_pricing":
              {"cache_read_input_token_cost": 1e-6, "output_cost_per_token": 12e-6, "windows": []}\
            """);

    assertEquals(
        Map.of(TokenClass.INPUT, 5_000_000L, TokenClass.OUTPUT, 12_000_000L),
        base(row).tokenPicos());
  }

  @Test
  void whenVideoHasAPrice_itRaisesImagesButNeverLowersThem() {
    Price dearer = only("\"input_cost_per_token\": 1e-6, \"input_cost_per_video_token\": 3e-6");
    Price cheaper = only("\"output_cost_per_token\": 4e-6, \"output_cost_per_video_token\": 1e-6");

    assertEquals(3_000_000L, base(dearer).tokenPicos().get(TokenClass.INPUT_IMAGE));
    assertEquals(Map.of(TokenClass.OUTPUT, 4_000_000L), base(cheaper).tokenPicos());
  }

  @Test
  void whenAPriceIsByTheThousand_itIsDivided() {
    Price row = only("\"file_search_cost_per_1k_calls\": 2.5, \"input_cost_per_token\": 1e-6");

    assertEquals(Map.of("file_search", 2_500_000_000L), row.toolPicos());
  }

  @Test
  void whenARowPricesToolsAlone_itsToolsAreCharged() {
    Price row = only("\"code_interpreter_cost_per_session\": 0.03");
    Usage usage = new Usage(0, 0, Parts.NONE, Map.of(), Map.of("code_interpreter", 2L), null);

    assertEquals("0.06", Charges.of(row, "default", usage).amount().toString());
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

    assertEquals(List.of(), again.added());
    assertEquals(List.of(), again.removed());
    assertEquals(List.of(), again.changed());
    assertEquals(List.of(), again.pricesUp());
    assertEquals(List.of(), again.pricesDown());
    assertTrue(again.clean());
    assertInstanceOf(PriceTable.Found.Row.class, imported(file).table().find("p", "m"));
  }

  @Test
  void whenAFieldHasAnotherShape_itIsRefusedByName() {
    assertEquals(
        List.of(
            "m: tiered_pricing: must be a list of tiers",
            "m: off_peak_pricing: must be an object",
            "m: search_context_cost_per_query: must be an object of prices by size"),
        problems(
            file(
                """
                "tiered_pricing": {}, "off_peak_pricing": 1, "search_context_cost_per_query": 0.01\
                """)));
    assertEquals(
        List.of(
            "m: tiered_pricing: must be a list of tiers",
            "m: search_context_cost_per_query: must be an object of prices by size"),
        problems(file("\"tiered_pricing\": [], \"search_context_cost_per_query\": {}")));
    assertEquals(
        List.of(
            "m: off_peak_pricing.moon: is not known here",
            "m: search_context_cost_per_query.huge: is not known here"),
        problems(
            file(
                """
                "off_peak_pricing": {"moon": "full"},
                "search_context_cost_per_query": {"huge": 0.01}\
                """)));
  }

  @Test
  void whenTheFirstTierBeginsAboveZero_shorterInputIsInIt() {
    Price row =
        only(
            """
            "tiered_pricing": [{"range": [1000, 32000], "input_cost_per_token": 1e-6},
                               {"range": [32000, 64000], "input_cost_per_token": 2e-6}]\
            """);

    assertEquals(List.of(0L, 32_000L), row.cards().stream().map(RateCard::aboveTokens).toList());
  }

  @Test
  void whenANameOrFlagIsOfAnotherKind_itIsRefusedByName() {
    assertEquals(
        List.of("m: mode: must be a name, not 7"),
        problems("{\"m\": {\"litellm_provider\": \"p\", \"mode\": 7}}"));
    assertEquals(
        List.of("m: litellm_provider: must be a name, not \" \""),
        problems("{\"m\": {\"litellm_provider\": \" \", \"mode\": \"chat\"}}"));
    assertEquals(
        List.of("m: supports_vision: must be true or false, not \"true\""),
        problems(file("\"supports_vision\": \"true\"")));
    assertEquals(List.of(": has no name"), problems("{\"\": {\"litellm_provider\": \"p\"}}"));
  }

  @Test
  void whenAValueIsLong_onlyItsBeginningIsShown() {
    String quoted78 = "\"" + "x".repeat(78) + "\"";
    assertEquals(
        List.of("m: max_tokens: must be a whole number of tokens, not " + quoted78),
        problems(file("\"max_tokens\": " + quoted78)));
    assertEquals(
        List.of("m: max_tokens: must be a whole number of tokens, not \"" + "x".repeat(79) + "…"),
        problems(file("\"max_tokens\": \"" + "x".repeat(79) + "\"")));
  }

  @Test
  void whenALimitIsNegativeOrTooLarge_itIsRefused() {
    assertEquals(
        999_999_999_999_999_999L, only("\"max_tokens\": 999999999999999999").windowTokens());
    assertEquals(1_000L, only("\"max_tokens\": 1e3").windowTokens());
    assertEquals(
        List.of("m: max_tokens: must be a whole number of tokens, not 1000000000000000000"),
        problems(file("\"max_tokens\": 1000000000000000000")));
    assertEquals(
        List.of("m: max_tokens: must be a whole number of tokens, not -1"),
        problems(file("\"max_tokens\": -1")));
  }

  @Test
  void whenTheModeIsChat_itStreamsUnlessTheFileDeniesIt() {
    String price = "\"input_cost_per_token\": 1e-6";

    assertEquals(Set.of(Capability.STREAMING), only(price).capabilities());
    assertEquals(Set.of(), only(price + ", \"supports_native_streaming\": false").capabilities());
    assertEquals(
        Set.of(),
        row(
                imported(
                        "{\"m\": {\"litellm_provider\": \"p\", \"mode\": \"embedding\", "
                            + price
                            + "}}")
                    .table(),
                "m")
            .capabilities());
  }

  @Test
  void whenAComputerUsePriceIsDearestOrAlone_itApplies() {
    Price alone = only("\"computer_use_input_cost_per_1k_tokens\": 0.003");
    Price same =
        only(
            """
            "input_cost_per_token": 3e-6, "computer_use_input_cost_per_1k_tokens": 0.003\
            """);

    assertEquals(Map.of(TokenClass.INPUT, 3_000_000L), base(alone).tokenPicos());
    assertEquals(Map.of(TokenClass.INPUT, 3_000_000L), base(same).tokenPicos());
    PriceReview review =
        imported(
                file(
                    """
                    "input_cost_per_token": 3e-6, "computer_use_input_cost_per_1k_tokens": 0.003,
                    "output_cost_per_token": 9e-6, "computer_use_output_cost_per_1k_tokens": 0.002\
                    """))
            .review();
    assertEquals(
        List.of(
            new PriceReview.Finding(
                "m",
                "computer_use_output_cost_per_1k_tokens",
                "0.000002",
                "a dearer price for the same thing applies")),
        review.notApplied());
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

    assertEquals(
        Map.of(BillingUnit.IMAGES, 30_000_000_000L, BillingUnit.SECONDS, 10_000_000_000L),
        base(row(two.table(), "m")).unitPicos());
    assertEquals(
        List.of("input_cost_per_image 0.02"),
        two.review().notApplied().stream().map(it -> it.field() + " " + it.figure()).toList(),
        "equal ones need no word");
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

    assertEquals(List.of(), free.review().untrustedWrites());
    assertEquals(List.of(), unpriced.review().untrustedWrites());
    assertEquals(0L, base(row(free.table(), "m")).tokenPicos().get(TokenClass.CACHE_WRITE));
    assertEquals(
        List.of("cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr"),
        priced.review().untrustedWrites().stream().map(PriceReview.Finding::field).toList());
  }

  @Test
  void whenARowPricesOneTierAlone_itHasTheDefaultTierToo() {
    Price row = only("\"input_cost_per_token_flex\": 1e-6");

    assertEquals(
        List.of("default", "flex"), row.cards().stream().map(RateCard::serviceTier).toList());
    assertEquals(Map.of(), base(row).tokenPicos());
  }
}
