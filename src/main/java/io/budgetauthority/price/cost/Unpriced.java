package io.budgetauthority.price.cost;

import static io.budgetauthority.price.Usage.orZero;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.UnitCount;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Decides whether a row bounds what a call may cost (protocol.md#unknown-price).
final class Unpriced {

  /// Units that every call uses where its row prices them, so that a call must bound them.
  private static final Set<BillingUnit> ALWAYS_BILLED =
      EnumSet.of(BillingUnit.QUERIES, BillingUnit.PAGES, BillingUnit.CREDITS);

  private Unpriced() {}

  /// Why the row does not bound the call, as text for a person; empty where it does.
  static Optional<String> because(Price row, Bounds bounds) {
    return reason(row, bounds).map(reason -> row.model() + " " + reason);
  }

  private static Optional<String> reason(Price row, Bounds bounds) {
    if (row.cards().isEmpty()) {
      return Optional.of("has no price");
    }
    if (row.allZero() && !row.zeroApproved()) {
      return Optional.of("has only prices of zero that nobody approved");
    }
    if (row.tariffs(bounds.serviceTier()).isEmpty()) {
      return Optional.of("has no price for service_tier " + bounds.serviceTier());
    }
    Tariff base = row.tariffs(bounds.serviceTier()).getFirst();
    return unstatedCount(bounds)
        .or(() -> unstatedMultiplier(row, bounds))
        .or(() -> unpricedTool(row, bounds))
        .or(() -> unpricedUnit(base, bounds))
        .or(() -> unboundedUnit(row, base, bounds))
        .or(() -> unpricedWhole(base, bounds));
  }

  private static Optional<String> unstatedMultiplier(Price row, Bounds bounds) {
    String region = bounds.inferenceRegion();
    if (region != null && !row.regions().containsKey(region)) {
      return Optional.of("has no price for inference_region " + region);
    }
    String speed = bounds.speed();
    return speed != null && !row.speeds().containsKey(speed)
        ? Optional.of("has no price for speed " + speed)
        : Optional.empty();
  }

  private static Optional<String> unstatedCount(Bounds bounds) {
    Stream<String> tools =
        bounds.billedTools().entrySet().stream()
            .filter(count -> count.getValue() == Bounds.UNSTATED)
            .map(Map.Entry::getKey);
    Stream<String> units =
        bounds.units().entrySet().stream()
            .filter(count -> count.getValue().equals(UnitCount.UNSTATED))
            .map(Map.Entry::getKey);
    return Stream.concat(tools, units)
        .sorted()
        .findFirst()
        .map(name -> "may be used, and the request does not bound " + name);
  }

  private static Optional<String> unpricedTool(Price row, Bounds bounds) {
    return bounds.billedTools().keySet().stream()
        .filter(tool -> !row.toolPicos().containsKey(tool))
        .sorted()
        .findFirst()
        .map(tool -> "has no price for billed_tools " + tool);
  }

  private static Optional<String> unpricedUnit(Tariff base, Bounds bounds) {
    return bounds.units().keySet().stream()
        .filter(name -> !name.equals(BillingUnit.REQUESTS.wireName()))
        .filter(name -> base.unitPicos(BillingUnit.ofWireName(name)) == Tariff.NO_PRICE)
        .sorted()
        .findFirst()
        .map(name -> "has no price for units " + name);
  }

  /// A call that leaves out a unit which it must use would be held at less than its bill.
  private static Optional<String> unboundedUnit(Price row, Tariff base, Bounds bounds) {
    if (!pricesTokens(base)) {
      return boundsAUnit(base, bounds)
          ? Optional.empty()
          : Optional.of("is priced by units alone and the request bounds none of them");
    }
    for (BillingUnit unit : ALWAYS_BILLED) {
      if (base.unitPicos(unit) > 0 && !bounds.units().containsKey(unit.wireName())) {
        return Optional.of("bills " + unit.wireName() + " and the request does not bound them");
      }
    }
    return new UnitPrices(row, base, null).billsUnitsAlone() && !boundsAUnit(base, bounds)
        ? Optional.of("has tokens at zero beside priced units and the request bounds none of them")
        : Optional.empty();
  }

  private static Optional<String> unpricedWhole(Tariff base, Bounds bounds) {
    if (!pricesTokens(base) || boundsAUnit(base, bounds)) {
      return Optional.empty();
    }
    Parts parts = bounds.parts();
    long inputCovered = orZero(parts.inputAudioTokens()) + orZero(parts.inputImageTokens());
    if (!base.hasOwnPrice(TokenClass.INPUT) && bounds.inputTokens() > inputCovered) {
      return Optional.of("has no price for its plain input");
    }
    long outputCovered =
        orZero(parts.reasoningTokens())
            + orZero(parts.outputAudioTokens())
            + orZero(parts.outputImageTokens());
    if (!base.hasOwnPrice(TokenClass.OUTPUT) && bounds.outputTokens() > outputCovered) {
      return Optional.of("has no price for its plain output");
    }
    return Optional.empty();
  }

  /// Whether the call bounds a unit that the row prices. It always bounds requests: it is one.
  private static boolean boundsAUnit(Tariff base, Bounds bounds) {
    return base.unitPicos(BillingUnit.REQUESTS) != Tariff.NO_PRICE
        || bounds.units().keySet().stream()
            .map(BillingUnit::ofWireName)
            .anyMatch(unit -> base.unitPicos(unit) != Tariff.NO_PRICE);
  }

  private static boolean pricesTokens(Tariff base) {
    return base.ratePicos(TokenClass.INPUT) != Tariff.NO_PRICE
        || base.ratePicos(TokenClass.OUTPUT) != Tariff.NO_PRICE;
  }
}
