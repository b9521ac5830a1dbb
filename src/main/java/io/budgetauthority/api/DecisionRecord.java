package io.budgetauthority.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.DecisionJson;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Settled;
import io.budgetauthority.ledger.UsageQuality;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.settlement.Particulars;
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
    @JsonUnwrapped DecisionFacts facts,
    @JsonProperty("remaining_usd") @Nullable MicroUsd remaining,
    @JsonProperty("accounts") List<AccountView> accounts,
    @JsonProperty("price") @Nullable Map<String, String> price,
    @JsonProperty("expires_at") @Nullable Instant expiresAt,
    @JsonProperty("expires_in_seconds") @Nullable Long expiresInSeconds,
    @JsonProperty("settled_at") @Nullable Instant settledAt,
    @JsonProperty("usage") @Nullable JsonNode usage,
    @JsonProperty("usage_quality") @Nullable UsageQuality usageQuality,
    @JsonProperty("actual_usd") @Nullable MicroUsd actual,
    @JsonProperty("overrun_usd") @Nullable MicroUsd overrun,
    @JsonProperty("unpriced_usage") @Nullable List<String> unpricedUsage) {

  private static final List<String> USAGE_FIELDS =
      List.of(
          "input_tokens",
          "output_tokens",
          "cache_read_tokens",
          "cache_write_tokens",
          "cache_write_1h_tokens",
          "input_audio_tokens",
          "input_image_tokens",
          "reasoning_tokens",
          "output_audio_tokens",
          "output_image_tokens",
          "units",
          "billed_tools",
          "service_tier",
          "inference_region",
          "speed",
          "variant");

  /// The stored facts that a record does not show.
  @JsonIgnoreProperties({"asked", "block", "degraded", "orphan_of", "accounts", "remaining_usd"})
  interface AsShown {}

  /// The record of a dry run, whose ids are null.
  static DecisionRecord ofDryRun(DecisionFacts facts, @Nullable Price row, Caller caller) {
    return new DecisionRecord(
        null,
        null,
        ReservationState.NONE,
        facts,
        AccountView.remaining(facts, caller),
        AccountView.of(facts.accounts(), caller),
        row == null ? null : price(facts, row),
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
  static DecisionRecord of(
      DecisionFacts facts, Reservation reservation, Instant now, Caller caller) {
    boolean block = facts.blocked();
    Settled settled = reservation.settled();
    Particulars particulars =
        settled == null || settled.particulars().isEmpty()
            ? null
            : DecisionJson.read(settled.particulars(), Particulars.class);
    MicroUsd actual = settled == null ? null : settled.charge();
    return new DecisionRecord(
        reservation.id().decisionId(),
        block ? null : reservation.id().reservationId(),
        reservation.state(),
        facts,
        AccountView.remaining(facts, caller),
        AccountView.of(facts.accounts(), caller),
        reservation.priceRow().isEmpty()
            ? null
            : price(facts, DecisionJson.readPrice(reservation.priceRow())),
        block ? null : reservation.expiresAt(),
        block ? null : Long.valueOf(secondsUntil(reservation.expiresAt(), now)),
        block ? null : reservation.endedAt(),
        particulars == null || particulars.usage() == null ? null : whole(particulars.usage()),
        settled == null ? null : settled.quality(),
        actual,
        overrun(actual, reservation.estimate()),
        particulars == null || particulars.unpriced().isEmpty() ? null : particulars.unpriced());
  }

  /// The time until the end in seconds, rounded up; 0 after the end.
  private static long secondsUntil(Instant end, Instant now) {
    return Math.max(0, Math.ceilDiv(Duration.between(now, end).toMillis(), 1_000));
  }

  /// The usage with every field of its shape. A field that was not stated is null.
  private static JsonNode whole(JsonNode stated) {
    ObjectNode usage = JsonNodeFactory.instance.objectNode();
    USAGE_FIELDS.forEach(
        field ->
            usage.set(field, stated.hasNonNull(field) ? stated.get(field) : NullNode.instance));
    return usage;
  }

  private static @Nullable Map<String, String> price(DecisionFacts facts, Price row) {
    Long inputTokens = facts.inputTokens();
    return inputTokens == null ? null : row.describe(facts.serviceTier(), inputTokens);
  }

  private static @Nullable MicroUsd overrun(@Nullable MicroUsd actual, MicroUsd estimate) {
    return actual != null && actual.compareTo(estimate) > 0 ? actual.minus(estimate) : null;
  }
}
