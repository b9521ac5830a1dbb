package io.budgetauthority.settlement;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.Usage;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Prices reported usage (protocol.md#commit). It uses the row of the model that served the call,
/// in the table version that the decision was made from. Where that model has no price for the
/// usage, it uses the row that was held.
public final class UsagePricing {

  private final PriceBook prices;
  private final PriceOverrides overrides;

  public UsagePricing(PriceBook prices, PriceOverrides overrides) {
    this.prices = prices;
    this.overrides = overrides;
  }

  record Priced(MicroUsd amount, ChargedUsage usage) {}

  /// Prices usage of a reservation.
  Priced price(Reservation reservation, UsageReport report) {
    return price(
        reservation.tenantId(),
        reservation.decision(),
        reservation.priceRow(),
        reservation.estimate(),
        report);
  }

  /// Prices usage that had no decision.
  ///
  /// @param row the row of its model; null where that has no price
  Priced price(String tenantId, Decision decision, @Nullable Price row, UsageReport report) {
    return price(tenantId, decision, row, MicroUsd.ZERO, report);
  }

  /// @param heldRow the row that was held; null where the decision had none
  /// @param estimate what is charged where usage stays unknown, in micro-USD
  private Priced price(
      String tenantId,
      Decision decision,
      @Nullable Price heldRow,
      MicroUsd estimate,
      UsageReport report) {
    Decision.Model held = decision.model();
    String provider = report.provider() == null ? held.provider() : report.provider();
    String model = report.model() == null ? held.selected() : report.model();
    Usage usage = report.usage();
    if (usage == null) {
      return new Priced(estimate, new ChargedUsage(null, provider, model, List.of()));
    }
    boolean isHeld = isHeld(held, report.provider(), report.model());
    Pricing.Held asked = asked(decision);
    Optional<Price> served =
        isHeld ? Optional.empty() : servedRow(tenantId, decision, provider, model, usage);
    Price row = served.orElse(heldRow);
    if (row == null) {
      return new Priced(MicroUsd.ZERO, new ChargedUsage(usage, provider, model, List.of("model")));
    }
    List<String> unpriced = new ArrayList<>();
    MicroUsd amount;
    if (Pricing.isByUnitsAlone(row) && !Pricing.bills(row, usage, asked)) {
      amount = estimate;
      unpriced.addAll(Pricing.unitsOf(row));
    } else {
      Pricing.Cost cost = cost(row, usage, asked);
      amount = cost.amount();
      unpriced.addAll(cost.unpriced());
    }
    if (served.isEmpty() && !isHeld) {
      unpriced.add("model");
    }
    return new Priced(amount, new ChargedUsage(usage, provider, model, unpriced));
  }

  static Pricing.Held asked(Decision decision) {
    Asked asked = decision.asked();
    Decision.Service service = decision.service();
    return asked == null
        ? Pricing.Held.NOTHING
        : new Pricing.Held(
            asked.units(), service.tier(), service.inferenceRegion(), service.speed());
  }

  /// The price table that applies now; empty before the first was read.
  Optional<PriceTable> current() {
    return prices.current();
  }

  PriceTable.Found find(
      String tenantId, PriceTable table, @Nullable String provider, String model) {
    return overrides.find(tenantId, table, provider, model);
  }

  /// What a model's name means in the table version that a decision was made from, with the
  /// overrides that the tenant had then.
  PriceTable.Found find(
      String tenantId, Decision decision, @Nullable String provider, String model) {
    return prices
        .table(decision.priceTableVersion())
        .map(table -> overrides.findAt(tenantId, table, provider, model, decision.createdAt()))
        .orElseGet(PriceTable.Found.Unknown::new);
  }

  /// Rows that a caller may have meant by a name that means none.
  List<RowName> near(Decision decision, String model) {
    return prices
        .table(decision.priceTableVersion())
        .map(table -> table.near(model))
        .orElse(List.of());
  }

  /// Counts a charge that was just posted.
  static void count(Reservation reservation, Charge charge) {
    Meters.charged(
        charge.quality().wireName(),
        reservation.estimate().micros(),
        charge.amount().micros(),
        Duration.between(reservation.createdAt(), charge.at()));
    if (!charge.usage().unpriced().isEmpty()) {
      Meters.unpriced();
    }
  }

  /// Prices usage by a row. An amount beyond what a long can count in pico-USD, about nine million
  /// USD for one call, is charged as that maximum, because a settlement is never refused.
  private static Pricing.Cost cost(Price row, Usage usage, Pricing.Held held) {
    try {
      return Pricing.cost(row, usage, held);
    } catch (ArithmeticException e) {
      return new Pricing.Cost(PicoUsd.roundUp(Long.MAX_VALUE), List.of("overflow"));
    }
  }

  /// The row of a model other than the one held; empty where that is unknown or has no price for
  /// the usage.
  Optional<Price> servedRow(
      String tenantId,
      Decision decision,
      @Nullable String provider,
      @Nullable String model,
      Usage usage) {
    return model == null
        ? Optional.empty()
        : pricedRow(find(tenantId, decision, provider, model))
            .filter(row -> Pricing.bills(row, usage, asked(decision)));
  }

  /// The row that a name means, if it means one row and that row has a price.
  static Optional<Price> pricedRow(PriceTable.Found found) {
    Optional<Price> row =
        found instanceof PriceTable.Found.Row it ? Optional.of(it.price()) : Optional.empty();
    return row.filter(
        price -> !price.cards().isEmpty() && (!price.allZero() || price.zeroApproved()));
  }

  /// Whether usage is of the model that was held. A name that is left out counts as the one held.
  static boolean isHeld(Decision.Model held, @Nullable String provider, @Nullable String model) {
    return isSameOrLeftOut(model, held.selected()) && isSameOrLeftOut(provider, held.provider());
  }

  private static boolean isSameOrLeftOut(@Nullable String reported, @Nullable String held) {
    return reported == null || reported.equals(held);
  }
}
