package io.budgetauthority.price.cost;

import static io.budgetauthority.price.TokenClass.INPUT;
import static io.budgetauthority.price.TokenClass.INPUT_AUDIO;
import static io.budgetauthority.price.TokenClass.INPUT_IMAGE;
import static io.budgetauthority.price.TokenClass.OUTPUT;
import static io.budgetauthority.price.TokenClass.OUTPUT_AUDIO;
import static io.budgetauthority.price.TokenClass.OUTPUT_IMAGE;
import static io.budgetauthority.price.TokenClass.REASONING;
import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Charges;
import io.budgetauthority.price.Imports;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a row has no price for, in words (protocol.md#unknown-price).
class UnpricedTest {

  private static final Map<TokenClass, Long> TEXT = Map.of(INPUT, 1L, OUTPUT, 2L);

  private static Price row(Map<TokenClass, Long> tokens, Map<BillingUnit, Long> units) {
    return row(List.of(new RateCard("default", 0, tokens, units)), false);
  }

  private static Price row(List<RateCard> cards, boolean zeroApproved) {
    return new Price(
        "p",
        "m",
        "chat",
        null,
        null,
        null,
        false,
        null,
        cards,
        Map.of("web_search", 5L),
        zeroApproved);
  }

  private static Bounds bounds(Map<String, Long> units, Map<String, Long> tools) {
    return new Bounds(10, 10, Parts.NONE, Charges.units(units), tools, "default");
  }

  private static Bounds bounds(Map<String, Long> units) {
    return bounds(units, Map.of());
  }

  private static String reason(Price row, Bounds bounds) {
    return Pricing.unpricedBecause(row, bounds).orElse("");
  }

  @Test
  void whenARowHasNoCards_itHasNoPrice() {
    assertThat(reason(row(List.of(), false), Imports.bounds(1, 1))).isEqualTo("m has no price");
  }

  @Test
  void whenZerosAreNotApproved_theyAreNoPrice() {
    List<RateCard> zeros =
        List.of(new RateCard("default", 0, Map.of(INPUT, 0L, OUTPUT, 0L), Map.of()));
    Price withoutTools =
        new Price("p", "m", "chat", null, null, null, false, null, zeros, null, false);

    assertThat(reason(withoutTools, Imports.bounds(1, 1)))
        .isEqualTo("m has only prices of zero that nobody approved");
    assertThat(reason(withoutTools.withZeroApproved(), Imports.bounds(1, 1))).isEqualTo("");
    assertThat(reason(row(zeros, false), Imports.bounds(1, 1)))
        .as("a priced tool does not make its tokens free")
        .isEqualTo("m has only prices of zero that nobody approved");
  }

  @Test
  void whenAServiceTierHasNoPrice_theCallIsUnpriced() {
    Bounds flex = new Bounds(1, 1, Parts.NONE, Map.of(), Map.of(), "flex");

    assertThat(reason(row(TEXT, Map.of()), flex)).isEqualTo("m has no price for service_tier flex");
  }

  @Test
  void whenUnitsOrToolsAreUsed_theyMustBeBoundedAndPriced() {
    Price row = row(TEXT, Map.of(BillingUnit.IMAGES, 7L));

    assertThat(reason(row, bounds(Map.of("images", Bounds.UNSTATED))))
        .isEqualTo("m may be used, and the request does not bound images");
    assertThat(reason(row, bounds(Map.of(), Map.of("web_search", Bounds.UNSTATED))))
        .isEqualTo("m may be used, and the request does not bound web_search");
    assertThat(reason(row, bounds(Map.of(), Map.of("web_search", 1L, "file_search", 1L))))
        .isEqualTo("m has no price for billed_tools file_search");
    assertThat(reason(row, bounds(Map.of("seconds", 3L))))
        .isEqualTo("m has no price for units seconds");
    assertThat(reason(row, bounds(Map.of("images", 3L, "requests", 2L)))).isEqualTo("");
    assertThat(reason(row, bounds(Map.of(), Map.of("web_search", 1L)))).isEqualTo("");
  }

  @Test
  void whenSeveralNamesHaveNoPrice_theFirstByNameIsNamed() {
    Price row = row(TEXT, Map.of());

    assertThat(reason(row, bounds(Map.of("seconds", 3L, "images", 1L, "pages", 1L))))
        .isEqualTo("m has no price for units images");
    assertThat(reason(row, bounds(Map.of(), Map.of("c", 1L, "a", 1L, "b", 1L))))
        .isEqualTo("m has no price for billed_tools a");
  }

  @Test
  void whenEveryCallUsesAUnit_itMustBeBounded() {
    for (BillingUnit unit : List.of(BillingUnit.QUERIES, BillingUnit.PAGES, BillingUnit.CREDITS)) {
      Price row = row(TEXT, Map.of(unit, 7L));
      String name = unit.wireName();

      assertThat(reason(row, Imports.bounds(1, 1)))
          .isEqualTo("m bills " + name + " and the request does not bound them");
      assertThat(reason(row, bounds(Map.of(name, 1L)))).isEqualTo("");
      assertThat(reason(row(TEXT, Map.of(unit, 0L)), Imports.bounds(1, 1)))
          .as("costs nothing")
          .isEqualTo("");
    }
    assertThat(reason(row(TEXT, Map.of(BillingUnit.IMAGES, 7L)), Imports.bounds(1, 1)))
        .isEqualTo("");
  }

  @Test
  void whenARowPricesUnitsAlone_oneOfThemMustBeBounded() {
    Price seconds = row(Map.of(), Map.of(BillingUnit.SECONDS, 7L, BillingUnit.IMAGES, 7L));

    assertThat(reason(seconds, Imports.bounds(1, 1)))
        .isEqualTo("m is priced by units alone and the request bounds none of them");
    assertThat(reason(seconds, bounds(Map.of("seconds", 1L)))).isEqualTo("");
    assertThat(reason(seconds, bounds(Map.of("requests", 1L))))
        .as("a request is none of its units")
        .isEqualTo("m is priced by units alone and the request bounds none of them");
    assertThat(reason(row(Map.of(), Map.of(BillingUnit.REQUESTS, 7L)), Imports.bounds(1, 1)))
        .as("one request is bounded by itself")
        .isEqualTo("");
  }

  @Test
  void whenTokensAreZeroBesidePricedUnits_aUnitMustBeBounded() {
    Price row = row(Map.of(INPUT, 0L, OUTPUT, 0L), Map.of(BillingUnit.IMAGES, 7L));

    assertThat(reason(row, Imports.bounds(1, 1)))
        .isEqualTo("m has tokens at zero beside priced units and the request bounds none of them");
    assertThat(reason(row, bounds(Map.of("images", 1L)))).isEqualTo("");
    Price freeUnits = row(Map.of(INPUT, 0L, OUTPUT, 0L), Map.of(BillingUnit.IMAGES, 0L));
    assertThat(reason(freeUnits, Imports.bounds(1, 1)))
        .isEqualTo("m has only prices of zero that nobody approved");
  }

  private static Bounds bounds(long input, long output, Parts parts) {
    return new Bounds(input, output, parts, Map.of(), Map.of(), "default");
  }

  @Test
  void whenAWholeHasNoPrice_itsPartsMustCoverIt() {
    Price sound = row(Map.of(INPUT_AUDIO, 1L, INPUT_IMAGE, 1L, OUTPUT, 2L), Map.of());

    assertThat(reason(sound, Imports.bounds(1, 1))).isEqualTo("m has no price for its plain input");
    assertThat(reason(sound, Imports.bounds(0, 1))).isEqualTo("");
    assertThat(reason(sound, bounds(50, 1, Imports.media(30, 20)))).isEqualTo("");
    assertThat(reason(sound, bounds(51, 1, Imports.media(30, 20))))
        .isEqualTo("m has no price for its plain input");

    Price drawing =
        row(Map.of(INPUT, 1L, OUTPUT_IMAGE, 1L, OUTPUT_AUDIO, 1L, REASONING, 1L), Map.of());
    Parts covering = new Parts(null, null, null, null, null, 5L, 3L, 2L);
    assertThat(reason(drawing, Imports.bounds(1, 1)))
        .isEqualTo("m has no price for its plain output");
    assertThat(reason(drawing, Imports.bounds(1, 0))).isEqualTo("");
    assertThat(reason(drawing, bounds(1, 10, covering))).isEqualTo("");
    assertThat(reason(drawing, bounds(1, 11, covering)))
        .isEqualTo("m has no price for its plain output");
  }

  @Test
  void whenAUnitIsBounded_tokensNeedNoPriceOfTheirOwn() {
    Price row = row(Map.of(OUTPUT_IMAGE, 1L), Map.of(BillingUnit.IMAGES, 7L));

    assertThat(Pricing.unpricedBecause(row, bounds(Map.of("images", 1L)))).isEmpty();
  }
}
