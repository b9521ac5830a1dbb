package io.budgetauthority.price.review;

import static io.budgetauthority.price.Imports.imported;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.budgetauthority.price.Imports;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.review.PriceReview.Finding;
import io.budgetauthority.price.review.PriceReview.Move;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PriceReviewTest {

  private static String row(String name, String fields) {
    return "\"" + name + "\": {\"litellm_provider\": \"p\", \"mode\": \"chat\"" + fields + "}";
  }

  private static PriceReview review(String before, String after) {
    return imported("{" + after + "}", "v2", imported("{" + before + "}").table()).review();
  }

  @Test
  void whenRowsComeAndGo_theyAreNamed() {
    String price = ", \"input_cost_per_token\": 1e-6";
    PriceReview review = review(row("old", price), row("new", price));

    assertThat(review.added()).isEqualTo(List.of(new RowName("p", "new")));
    assertThat(review.removed()).isEqualTo(List.of(new RowName("p", "old")));
    assertThat(review.clean()).isFalse();
  }

  @Test
  void whenPricesMove_theyAreNamedByClassTierAndLength() {
    PriceReview review =
        review(
            row(
                "m",
                """
                , "input_cost_per_token": 1e-6, "output_cost_per_token": 9e-6,
                "input_cost_per_token_flex": 5e-7, "input_cost_per_query": 0.02\
                """),
            row(
                "m",
                """
                , "input_cost_per_token": 2e-6, "output_cost_per_token": 8e-6,
                "input_cost_per_token_flex": 5e-7, "input_cost_per_query": 0.03,
                "input_cost_per_token_above_200k_tokens": 4e-6,
                "google_maps_grounding_cost_per_query": 0.01\
                """));

    assertThat(review.pricesUp())
        .contains(new Move("m", "input", "default", 0, "0.000001", "0.000002"));
    assertThat(review.pricesUp())
        .contains(new Move("m", "input", "default", 200_000, "0.000001", "0.000004"));
    assertThat(review.pricesUp()).contains(new Move("m", "queries", "default", 0, "0.02", "0.03"));
    assertThat(review.pricesUp())
        .contains(new Move("m", "google_maps", "default", 0, null, "0.01"));
    assertThat(review.pricesDown())
        .isEqualTo(List.of(new Move("m", "output", "default", 0, "0.000009", "0.000008")));
    assertThat(review.clean()).isFalse();
  }

  @Test
  void whenAClassGetsItsOwnPrice_itMovesFromItsWholes() {
    String input = ", \"input_cost_per_token\": 1e-6";
    PriceReview review =
        review(row("m", input), row("m", input + ", \"cache_read_input_token_cost\": 1e-7"));

    assertThat(review.pricesDown())
        .isEqualTo(List.of(new Move("m", "cache_read", "default", 0, "0.000001", "0.0000001")));
  }

  @Test
  void whenALimitMoves_theRowIsListedAsChanged() {
    PriceReview review =
        review(row("m", ", \"max_input_tokens\": 10"), row("m", ", \"max_input_tokens\": 20"));

    assertThat(review.changed()).isEqualTo(List.of(new RowName("p", "m")));
  }

  @Test
  void whenRowsAreOnlyAdded_theReviewIsCleanUnlessSuspect() {
    String one = row("a", ", \"input_cost_per_token\": 1e-6");

    assertThat(review(one, one + ", " + row("b", ", \"input_cost_per_token\": 1e-6")).clean())
        .isTrue();
    assertThat(review(one, one + ", " + row("b", ", \"input_cost_per_token\": 2e-3")).clean())
        .isFalse();
    assertThat(imported("{" + one + "}").review().clean()).isFalse();
    String suspectBefore = row("s", ", \"input_cost_per_token\": 2e-3");
    assertThat(review(suspectBefore, suspectBefore + ", " + one).clean())
        .as("somebody accepted it before")
        .isTrue();
  }

  @Test
  void whenRowsAreZeroOrUnpriced_theyAreListedApart() {
    String zeros = ", \"input_cost_per_token\": 0, \"output_cost_per_token\": 0";
    PriceReview review =
        imported(
                "{"
                    + String.join(
                        ", ",
                        row("none", ""),
                        row("priced", ", \"input_cost_per_token\": 1e-6"),
                        row("zeros", zeros))
                    + "}")
            .review();

    assertThat(review.allZero()).isEqualTo(List.of(new RowName("p", "zeros")));
    assertThat(review.noPrice()).isEqualTo(List.of(new RowName("p", "none")));
    assertThat(review.zeroApproved()).isEmpty();
    assertThat(review.rows()).isEqualTo(3);
  }

  @Test
  void whenAPriceIsVeryHighOrOutputIsFree_itIsSuspect() {
    PriceReview review =
        imported(
                "{"
                    + String.join(
                        ", ",
                        row("at", ", \"input_cost_per_token\": 1e-3"),
                        row(
                            "above",
                            """
                            , "input_cost_per_token": 1e-6,
                            "output_cost_per_token_above_200k_tokens_flex": 1.000001e-3\
                            """),
                        row(
                            "free",
                            ", \"input_cost_per_token\": 1e-6, \"output_cost_per_token\": 0"),
                        row(
                            "both-free",
                            ", \"input_cost_per_token\": 0, \"output_cost_per_token\": 0"),
                        row("silent", ", \"input_cost_per_token\": 1e-6"),
                        row(
                                "embeds",
                                ", \"input_cost_per_token\": 1e-6, \"output_cost_per_token\": 0")
                            .replace("chat", "embedding"))
                    + "}")
            .review();

    assertThat(review.suspect())
        .isEqualTo(
            List.of(
                new Finding(
                    "above",
                    "flex output above 200000 tokens",
                    "0.001000001",
                    "above 1,000 USD a million tokens"),
                new Finding(
                    "free", "default output", "0.00", "output for nothing beside priced input")));
  }

  @Test
  void whenAPriceOrACardGoes_itIsListedAsAMove() {
    String input = ", \"input_cost_per_token\": 1e-6";
    PriceReview review =
        review(
            row("m", input + ", \"input_cost_per_token_flex\": 5e-7, \"input_cost_per_query\": 2"),
            row("m", input));

    assertThat(review.pricesDown())
        .isEqualTo(
            List.of(
                new Move("m", "queries", "default", 0, "2.00", null),
                new Move("m", "input", "flex", 0, "0.0000005", null),
                new Move("m", "queries", "flex", 0, "2.00", null)));
    assertThat(review.pricesUp()).isEmpty();
  }

  @Test
  void whenAReviewIsWritten_itIsSnakeCaseJsonAndReadsBack() throws IOException {
    PriceReview review = Imports.rows().review();
    JsonMapper json = JsonMapper.builder().build();
    String written = json.writeValueAsString(review);

    assertThat(json.readValue(written, PriceReview.class)).isEqualTo(review);
    JsonNode tree = json.readTree(written);
    assertThat(tree.get("clean").asBoolean()).isFalse();
    for (String field :
        List.of("prices_up", "all_zero", "no_price", "kept_out", "unknown_fields")) {
      assertThat(tree.get(field).isArray()).as(field).isTrue();
    }
  }
}
