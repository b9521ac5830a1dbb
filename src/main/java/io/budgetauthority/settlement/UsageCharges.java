package io.budgetauthority.settlement;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.DecisionJson;
import io.budgetauthority.decision.UnreservedRecorder;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Settled;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Tenants;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Charges usage that had no decision: a pass-through route, a batch, a line of the provider's
/// invoice (protocol.md#usage-without-a-decision). The usage is priced like a commit, by the price
/// table that applies now, and never refused. Its item is created as committed, so that a better
/// report corrects it like any other. Safe for use by many threads.
public final class UsageCharges {

  private final UnreservedRecorder recorder;
  private final UsagePricing pricing;
  private final Tenants tenants;
  private final Clock clock;

  public UsageCharges(
      UnreservedRecorder recorder, UsagePricing pricing, Tenants tenants, Clock clock) {
    this.recorder = recorder;
    this.pricing = pricing;
    this.tenants = tenants;
    this.clock = clock;
  }

  /// The outcome of a charge.
  public sealed interface Result {
    /// @param replayed whether an earlier request with the same key charged it
    record Charged(Reservation reservation, DecisionFacts facts, boolean replayed)
        implements Result {}

    /// The key was used for other usage (422).
    record KeyReused() implements Result {}

    /// No price table was read yet (503).
    record NoPrices() implements Result {}
  }

  /// A charge with all that identifies it.
  public record Order(
      String tenantId, String principalId, String idempotencyKey, UsageCharge charge) {}

  public Result charge(Order order) {
    UsageCharge charge = order.charge();
    Optional<PriceTable> table = pricing.current();
    if (table.isEmpty()) {
      return new Result.NoPrices();
    }
    Instant now = Instant.ofEpochMilli(clock.millis());
    Instant at = charge.occurredAt() == null ? now : charge.occurredAt();
    PriceTable.Found found =
        pricing.find(order.tenantId(), table.get(), charge.provider(), charge.model());
    Optional<Price> row = UsagePricing.pricedRow(found);
    Mode mode = tenants.policy(order.tenantId()).policy().mode();
    DecisionFacts facts =
        DecisionFacts.unreserved(
            mode,
            charge.provider() == null ? row.map(Price::provider).orElse(null) : charge.provider(),
            charge.model(),
            table.get().version(),
            at);
    String priceRow = row.map(DecisionJson::writePrice).orElse("");
    UsageReport report =
        new UsageReport(charge.usage(), charge.provider(), charge.model(), charge.quality());
    UsagePricing.Priced priced = pricing.price(order.tenantId(), priceRow, facts, report);
    Settled settled =
        new Settled(
            priced.amount(),
            charge.quality(),
            DecisionJson.write(priced.particulars()),
            now,
            Settled.Reporter.GATEWAY);
    return enter(order, at, facts, priceRow, settled);
  }

  private Result enter(
      Order order, Instant at, DecisionFacts facts, String priceRow, Settled settled) {
    UsageCharge charge = order.charge();
    ReservationId id =
        ReservationId.of(
            order.tenantId(),
            order.principalId(),
            ReservationId.Kind.USAGE,
            order.idempotencyKey());
    String hash = DecisionJson.hash(charge);
    UnreservedRecorder.Recorded entered =
        recorder.record(
            id,
            new UnreservedRecorder.Occurrence(
                order.tenantId(),
                charge.runId(),
                null,
                null,
                charge.tuple(),
                at,
                settled.charge(),
                false,
                false),
            (place, stored) ->
                stored != null
                    ? Optional.empty()
                    : Optional.of(
                        new Reservation(
                            id,
                            order.tenantId(),
                            order.principalId(),
                            hash,
                            Reservation.newNonce(),
                            1,
                            ReservationState.COMMITTED,
                            false,
                            false,
                            place.zeroHolds(),
                            settled.charge(),
                            settled,
                            null,
                            at,
                            at,
                            settled.at(),
                            Duration.ofDays(place.policy().retentionDays()),
                            DecisionJson.write(facts.recordedAt(place, settled.charge())),
                            priceRow)));
    Reservation reservation = entered.reservation();
    if (entered.recorded()) {
      Meters.afterWrite(
          () -> {
            Meters.unreserved();
            UsagePricing.count(reservation, settled);
          });
    }
    return reservation.requestHash().equals(hash)
        ? new Result.Charged(
            reservation, DecisionJson.readFacts(reservation.facts()), !entered.recorded())
        : new Result.KeyReused();
  }
}
