package io.budgetauthority.price;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.price.cost.Pricing;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The table that ships with the local build.
class RealTableTest {

  private final PriceTable table = Imports.realTable();

  @Test
  void whenTheRealTableIsRead_itsVersionAndRowsAreAsExpected() {
    assertThat(table.version()).isEqualTo("2026-11-24");
    assertThat(table.createdAt()).isEqualTo(Instant.parse("2026-11-24T00:00:00Z"));
    assertThat(table.source())
        .isEqualTo("LiteLLM model_prices_and_context_window, litellm 1.106.2 (MIT)");
    assertThat(table.rows().size()).isEqualTo(4_231);
    assertThat(table.rows().stream().filter(row -> row.cards().isEmpty()).count()).isEqualTo(98);
    assertThat(table.rows().stream().filter(row -> !row.cards().isEmpty() && row.allZero()).count())
        .isEqualTo(120);
  }

  @Test
  void whenARealRowPricesTokens_itCanBePriced() {
    List<Price> rows = table.rows().stream().filter(RealTableTest::pricesInput).toList();
    assertThat(rows.size()).as("only " + rows.size()).isGreaterThan(3_000);
    for (Price row : rows) {
      long output = Imports.base(row).tokenPicos().containsKey(TokenClass.OUTPUT) ? 1_000 : 0;
      Bounds bounds =
          new Bounds(1_000, output, Parts.NONE, Charges.units(units(row)), Map.of(), "default");

      assertThat(Pricing.unpricedBecause(row, bounds)).isEmpty();
      assertThat(Pricing.worstCase(row, bounds).isPositive()).as(row.toString()).isTrue();
    }
  }

  private static boolean pricesInput(Price row) {
    return !row.allZero() && Imports.base(row).tokenPicos().containsKey(TokenClass.INPUT);
  }

  private static Map<String, Long> units(Price row) {
    Map<String, Long> units = new HashMap<>();
    Imports.base(row).unitPicos().keySet().forEach(unit -> units.put(unit.wireName(), 1L));
    return units;
  }

  @Test
  void whenARealRowHasAServiceTier_itHasATariff() {
    for (Price row : table.rows()) {
      for (RateCard card : row.cards()) {
        assertThat(row.tariffs(card.serviceTier())).as(row + " " + card).isNotEmpty();
        assertThat(row.tariffs(Bounds.DEFAULT_TIER)).as(row.toString()).isNotEmpty();
      }
    }
  }
}
