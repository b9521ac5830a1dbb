package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.tenant.Caller;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The decision record of protocol.md#record: the decision, and the current state of its
/// reservation.
public record DecisionRecord(
    @JsonProperty("decision_id") @Nullable String decisionId,
    @JsonProperty("reservation_id") @Nullable String reservationId,
    @JsonProperty("state") ReservationState state,
    @JsonUnwrapped DecisionView decision,
    @JsonProperty("remaining_usd") @Nullable MicroUsd remaining,
    @JsonProperty("accounts") List<AccountView> accounts,
    @JsonProperty("block") @Nullable BlockView block,
    @JsonProperty("price") @Nullable Map<String, String> price,
    @JsonProperty("expires_at") @Nullable Instant expiresAt,
    @JsonProperty("expires_in_seconds") @Nullable Long expiresInSeconds,
    @JsonProperty("settled_at") @Nullable Instant settledAt,
    @JsonProperty("usage") @Nullable UsageView usage,
    @JsonProperty("usage_quality") @Nullable UsageQuality usageQuality,
    @JsonProperty("actual_usd") @Nullable MicroUsd actual,
    @JsonProperty("overrun_usd") @Nullable MicroUsd overrun,
    @JsonProperty("unpriced_usage") @Nullable List<String> unpricedUsage) {

  /// The record of a dry run, whose ids are null.
  public static DecisionRecord ofDryRun(Decision decision, @Nullable Price row, Caller caller) {
    return new DecisionRecord(
        null,
        null,
        ReservationState.NONE,
        DecisionView.of(decision),
        AccountView.remaining(decision, caller),
        AccountView.of(decision.shares(), caller),
        BlockView.of(decision, caller),
        price(decision, row),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  /// @param caller who sees the record; an agent sees no amounts of accounts that others share
  public static DecisionRecord of(Reservation reservation, Instant now, Caller caller) {
    Decision decision = reservation.decision();
    boolean block = decision.isBlocked();
    Charge charge = reservation.charge();
    ChargedUsage charged = charge == null ? ChargedUsage.UNKNOWN : charge.usage();
    return new DecisionRecord(
        reservation.id().decisionId(),
        block ? null : reservation.id().reservationId(),
        reservation.state(),
        DecisionView.of(decision),
        AccountView.remaining(decision, caller),
        AccountView.of(decision.shares(), caller),
        BlockView.of(decision, caller),
        price(decision, reservation.priceRow()),
        block ? null : reservation.expiresAt(),
        block ? null : Long.valueOf(secondsUntil(reservation.expiresAt(), now)),
        block ? null : reservation.endedAt(),
        charged.usage() == null ? null : UsageView.of(charged.usage()),
        charge == null ? null : charge.quality(),
        charge == null ? null : charge.amount(),
        reservation.overrun(),
        charged.unpriced().isEmpty() ? null : charged.unpriced());
  }

  /// The time until the end in seconds, rounded up; 0 after the end.
  private static long secondsUntil(Instant end, Instant now) {
    return Math.max(0, Math.ceilDiv(Duration.between(now, end).toMillis(), 1_000));
  }

  private static @Nullable Map<String, String> price(Decision decision, @Nullable Price row) {
    Long inputTokens = decision.tokens().input();
    return row == null || inputTokens == null
        ? null
        : row.describe(decision.service().tier(), inputTokens);
  }
}
