package io.budgetauthority.price;

import io.budgetauthority.price.cost.Pricing;
import java.util.LinkedHashMap;
import java.util.Map;

/// Charges of usage that was held at a tier, without units.
public final class Charges {

  private Charges() {}

  public static Pricing.Cost of(Price row, String tier, Usage usage) {
    return Pricing.cost(row, usage, new Pricing.Held(Map.of(), tier, null, null));
  }

  /// Whole numbers of units.
  public static Map<String, UnitCount> units(Map<String, Long> units) {
    Map<String, UnitCount> counts = new LinkedHashMap<>();
    units.forEach((name, count) -> counts.put(name, UnitCount.of(count)));
    return counts;
  }
}
