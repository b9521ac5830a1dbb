package io.budgetauthority.settlement;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.DecisionJson;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Settled;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceBook;
import io.budgetauthority.price.PriceOverrides;
import io.budgetauthority.price.PriceReview;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.Pricing;
import io.budgetauthority.price.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Prices reported usage (protocol.md#commit). It uses the row of the model that served the call,
/// in the table version that the decision was made from. Where that model has no price for the
/// usage, it uses the row that was held.
public final class UsagePricing {

  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final PriceBook prices;
  private final PriceOverrides overrides;

  public UsagePricing(PriceBook prices, PriceOverrides overrides) {
    this.prices = prices;
    this.overrides = overrides;
  }

  record Priced(MicroUsd amount, Particulars particulars) {}

  Priced price(Reservation reservation, DecisionFacts facts, UsageReport report) {
    return price(
        reservation.tenantId(), reservation.priceRow(), reservation.estimate(), facts, report);
  }

  /// @param heldRow the row that was held; empty where the decision had none
  /// @param estimate what is charged where usage stays unknown
  private Priced price(
      String tenantId, String heldRow, MicroUsd estimate, DecisionFacts facts, UsageReport report) {
    String provider = report.provider() == null ? facts.provider() : report.provider();
    String model = report.model() == null ? facts.selectedModel() : report.model();
    Usage usage = report.usage();
    if (usage == null) {
      return new Priced(estimate, new Particulars(null, provider, model, List.of()));
    }
    boolean isHeld = isHeld(facts, report);
    Pricing.Held held = held(facts);
    Optional<Price> served =
        isHeld || model == null
            ? Optional.empty()
            : servedRow(tenantId, facts, provider, model)
                .filter(row -> Pricing.bills(row, usage, held));
    Price row = served.orElseGet(() -> heldRow.isEmpty() ? null : DecisionJson.readPrice(heldRow));
    if (row == null) {
      return new Priced(
          MicroUsd.ZERO, new Particulars(json(usage), provider, model, List.of("model")));
    }
    List<String> unpriced = new ArrayList<>();
    MicroUsd amount;
    if (Pricing.isByUnitsAlone(row) && !Pricing.bills(row, usage, held)) {
      amount = estimate;
      unpriced.addAll(Pricing.unitsOf(row));
    } else {
      Pricing.Charge charge = charge(row, usage, held);
      amount = charge.amount();
      unpriced.addAll(charge.unpriced());
    }
    if (served.isEmpty() && !isHeld) {
      unpriced.add("model");
    }
    return new Priced(amount, new Particulars(json(usage), provider, model, unpriced));
  }

  private static Pricing.Held held(DecisionFacts facts) {
    DecisionFacts.Asked asked = facts.asked();
    return asked == null
        ? Pricing.Held.NOTHING
        : new Pricing.Held(
            asked.units(), facts.serviceTier(), facts.inferenceRegion(), facts.speed());
  }

  /// Prices usage that had no decision.
  ///
  /// @param row the row of its model; empty where that has no price
  Priced price(String tenantId, String row, DecisionFacts facts, UsageReport report) {
    return price(tenantId, row, MicroUsd.ZERO, facts, report);
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
      String tenantId, DecisionFacts facts, @Nullable String provider, String model) {
    return prices
        .table(facts.priceTableVersion())
        .map(table -> overrides.findAt(tenantId, table, provider, model, facts.createdAt()))
        .orElseGet(PriceTable.Found.Unknown::new);
  }

  /// Rows that a caller may have meant by a name that means none.
  List<PriceReview.RowName> near(DecisionFacts facts, String model) {
    return prices
        .table(facts.priceTableVersion())
        .map(table -> table.near(model))
        .orElse(List.of());
  }

  /// Counts a charge that was just posted.
  static void count(Reservation reservation, Settled settled) {
    Meters.charged(
        settled.quality().wireName(),
        reservation.estimate().micros(),
        settled.charge().micros(),
        Duration.between(reservation.createdAt(), settled.at()));
    boolean hasParticulars = !settled.particulars().isEmpty();
    if (hasParticulars
        && !DecisionJson.read(settled.particulars(), Particulars.class).unpriced().isEmpty()) {
      Meters.unpriced();
    }
  }

  /// Prices usage by a row. An amount beyond what a long can count in pico-USD, about nine million
  /// USD for one call, is charged as that maximum, because a settlement is never refused.
  private static Pricing.Charge charge(Price row, Usage usage, Pricing.Held held) {
    try {
      return Pricing.charge(row, usage, held);
    } catch (ArithmeticException e) {
      return new Pricing.Charge(PicoUsd.roundUp(Long.MAX_VALUE), List.of("overflow"));
    }
  }

  /// The row of a model other than the one held; empty where that is unpriced or unknown.
  private Optional<Price> servedRow(
      String tenantId, DecisionFacts facts, @Nullable String provider, String model) {
    return pricedRow(find(tenantId, facts, provider, model));
  }

  /// The row that a name means, if it means one row and that row has a price.
  static Optional<Price> pricedRow(PriceTable.Found found) {
    Optional<Price> row =
        found instanceof PriceTable.Found.Row it ? Optional.of(it.price()) : Optional.empty();
    return row.filter(
        price -> !price.cards().isEmpty() && (!price.allZero() || price.zeroApproved()));
  }

  private static boolean isHeld(DecisionFacts facts, UsageReport report) {
    return isSameOrLeftOut(report.model(), facts.selectedModel())
        && isSameOrLeftOut(report.provider(), facts.provider());
  }

  private static boolean isSameOrLeftOut(@Nullable String reported, @Nullable String held) {
    return reported == null || reported.equals(held);
  }

  private static JsonNode json(Usage usage) {
    return JSON.valueToTree(usage);
  }
}
