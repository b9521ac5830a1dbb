package io.budgetauthority.settlement;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.UsageQuality;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Usage that had no decision, as it was reported (protocol.md#usage-without-a-decision). The hash
/// of its JSON, without nulls and with sorted names, tells a replay from a reused key.
///
/// @param provider null where the report leaves it to the model's name
/// @param quality exact or estimated
/// @param occurredAt null for the time at which it is charged
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonPropertyOrder(alphabetic = true)
public record UsageCharge(
    @JsonProperty("run_id") @Nullable String runId,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("team_id") @Nullable String teamId,
    @JsonProperty("feature_id") @Nullable String featureId,
    @JsonProperty("provider") @Nullable String provider,
    @JsonProperty("model") String model,
    @JsonProperty("usage") Usage usage,
    @JsonProperty("usage_quality") UsageQuality quality,
    @JsonProperty("occurred_at") @Nullable Instant occurredAt) {

  public Tuple tuple() {
    return new Tuple(userId, keyId, teamId, featureId);
  }
}
