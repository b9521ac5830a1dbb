package io.budgetauthority.settlement;

import io.budgetauthority.decision.unreserved.UnreservedRecorder;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Charges usage that had no decision: a pass-through route, a batch, a line of the provider's
/// invoice (protocol.md#usage-without-a-decision). The usage is priced like a commit, by the price
/// table that applies now, and never refused. Its item is created as committed, so that a better
/// report corrects it like any other. Safe for use by many threads.
public final class UsageCharges {

  private final UnreservedRecorder recorder;
  private final UsagePricing pricing;
  private final Policies policies;
  private final Clock clock;

  public UsageCharges(
      UnreservedRecorder recorder, UsagePricing pricing, Policies policies, Clock clock) {
    this.recorder = recorder;
    this.pricing = pricing;
    this.policies = policies;
    this.clock = clock;
  }

  /// The outcome of a charge.
  public sealed interface Result {
    /// @param replayed whether an earlier request with the same key charged it
    record Charged(Reservation reservation, boolean replayed) implements Result {}

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
    Mode mode = policies.of(order.tenantId()).policy().mode();
    Decision decision =
        Decision.unreserved(
            mode,
            charge.provider() == null ? row.map(Price::provider).orElse(null) : charge.provider(),
            charge.model(),
            table.get().version(),
            at);
    UsageReport report =
        new UsageReport(charge.usage(), charge.provider(), charge.model(), charge.quality());
    Price priceRow = row.orElse(null);
    UsagePricing.Priced priced = pricing.price(order.tenantId(), decision, priceRow, report);
    return record(
        order,
        decision,
        priceRow,
        new Charge(
            priced.amount(), charge.quality(), priced.usage(), now, Charge.Reporter.GATEWAY));
  }

  private Result record(
      Order order, Decision decision, @Nullable Price priceRow, Charge firstCharge) {
    UsageCharge usage = order.charge();
    ReservationId id =
        ReservationId.of(
            order.tenantId(),
            order.principalId(),
            ReservationId.Kind.USAGE,
            order.idempotencyKey());
    String hash = RecordJson.hash(usage);
    Instant at = decision.createdAt();
    UnreservedRecorder.Recorded recorded =
        recorder.record(
            id,
            new UnreservedRecorder.Occurrence(
                order.tenantId(),
                usage.runId(),
                null,
                null,
                null,
                usage.tuple(),
                at,
                firstCharge.amount(),
                false,
                false),
            (view, stored) ->
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
                            view.charged(decision, firstCharge.amount()),
                            priceRow,
                            firstCharge,
                            null,
                            at,
                            firstCharge.at(),
                            Duration.ofDays(view.policy().retentionDays()))));
    Reservation reservation = recorded.reservation();
    if (recorded.recorded()) {
      Meters.afterWrite(
          () -> {
            Meters.unreserved();
            UsagePricing.count(reservation, firstCharge);
          });
    }
    return reservation.requestHash().equals(hash)
        ? new Result.Charged(reservation, !recorded.recorded())
        : new Result.KeyReused();
  }
}
