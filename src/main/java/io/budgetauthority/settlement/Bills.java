package io.budgetauthority.settlement;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.Usage;
import io.budgetauthority.price.cost.Bill;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import java.util.Optional;

/// Shows how the amounts of a reservation were computed (protocol.md#bill). A bill is shown only
/// where it gives the amount that is stored.
public final class Bills {

  private final UsagePricing pricing;

  public Bills(UsagePricing pricing) {
    this.pricing = pricing;
  }

  /// The estimate of a reservation line by line. Empty where it has none that the stored bounds and
  /// prices give: a call without a price, or an estimate that was computed from other bounds.
  public static Optional<Bill> ofEstimate(Reservation reservation) {
    Decision decision = reservation.decision();
    Asked asked = decision.asked();
    Long input = decision.tokens().input();
    Long cap = decision.tokens().effectiveOutput();
    Price row = reservation.priceRow();
    if (asked == null || input == null || cap == null || row == null) {
      return Optional.empty();
    }
    Decision.Service service = decision.service();
    Bounds bounds =
        new Bounds(
            input,
            Math.multiplyExact(cap, asked.choices()),
            asked.parts(),
            asked.units(),
            asked.billedTools(),
            service.tier(),
            service.inferenceRegion(),
            service.speed());
    if (Pricing.unpricedBecause(row, bounds).isPresent()) {
      return Optional.empty();
    }
    return Optional.of(Pricing.worstCaseBill(row, bounds))
        .filter(bill -> bill.amount().equals(decision.estimate()));
  }

  /// The charge of a reservation line by line. Empty where it is not of its usage: nothing is
  /// charged yet, the estimate is, or prices that gave it are no longer kept.
  public Optional<Bill> ofCharge(Reservation reservation) {
    Charge charge = reservation.charge();
    Usage usage = charge == null ? null : charge.usage().usage();
    if (charge == null || usage == null) {
      return Optional.empty();
    }
    Decision decision = reservation.decision();
    ChargedUsage charged = charge.usage();
    Optional<Price> served =
        UsagePricing.isHeld(decision.model(), charged.provider(), charged.model())
            ? Optional.empty()
            : pricing.servedRow(
                reservation.tenantId(), decision, charged.provider(), charged.model(), usage);
    return served
        .or(() -> Optional.ofNullable(reservation.priceRow()))
        .flatMap(row -> priced(row, usage, UsagePricing.asked(decision)))
        .filter(bill -> bill.amount().equals(charge.amount()));
  }

  /// Empty where the amount is beyond what a long can count: the charge is the maximum then.
  private static Optional<Bill> priced(Price row, Usage usage, Pricing.Held asked) {
    try {
      return Optional.of(Pricing.costBill(row, usage, asked));
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }
}
