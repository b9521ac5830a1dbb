package io.budgetauthority.price;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.price.cost.Pricing;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The table that ships with the local build.
class RealTableTest {

  private final PriceTable table = Imports.realTable();

  @Test
  void whenTheRealTableIsRead_itsVersionAndRowsAreAsExpected() {
    assertEquals("2026-11-24", table.version());
    assertEquals(Instant.parse("2026-11-24T00:00:00Z"), table.createdAt());
    assertEquals("LiteLLM model_prices_and_context_window, litellm 1.106.2 (MIT)", table.source());
    assertEquals(4_231, table.rows().size());
    assertEquals(98, table.rows().stream().filter(row -> row.cards().isEmpty()).count());
    assertEquals(
        120, table.rows().stream().filter(row -> !row.cards().isEmpty() && row.allZero()).count());
  }

  @Test
  void whenARealRowPricesTokens_itCanBePriced() {
    List<Price> rows = table.rows().stream().filter(RealTableTest::pricesInput).toList();
    assertTrue(rows.size() > 3_000, "only " + rows.size());
    for (Price row : rows) {
      long output = Imports.base(row).tokenPicos().containsKey(TokenClass.OUTPUT) ? 1_000 : 0;
      Bounds bounds =
          new Bounds(1_000, output, Parts.NONE, Charges.units(units(row)), Map.of(), "default");

      assertEquals(Optional.empty(), Pricing.unpricedBecause(row, bounds));
      assertTrue(Pricing.worstCase(row, bounds).isPositive(), row.toString());
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
        assertTrue(!row.tariffs(card.serviceTier()).isEmpty(), row + " " + card);
        assertTrue(!row.tariffs(Bounds.DEFAULT_TIER).isEmpty(), row.toString());
      }
    }
  }
}
