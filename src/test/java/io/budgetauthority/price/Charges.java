package io.budgetauthority.price;

import java.util.LinkedHashMap;
import java.util.Map;

/// Charges of usage that was held at a tier, without units.
final class Charges {

  private Charges() {}

  static Pricing.Cost of(Price row, String tier, Usage usage) {
    return Pricing.cost(row, usage, new Pricing.Held(Map.of(), tier, null, null));
  }

  /// Whole numbers of units.
  static Map<String, UnitCount> units(Map<String, Long> units) {
    Map<String, UnitCount> counts = new LinkedHashMap<>();
    units.forEach((name, count) -> counts.put(name, UnitCount.of(count)));
    return counts;
  }
}
