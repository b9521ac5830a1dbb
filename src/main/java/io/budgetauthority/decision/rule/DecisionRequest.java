package io.budgetauthority.decision.rule;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Tuple;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An ask, as its caller sent it (protocol.md#ask). A member that the caller left out is null or
/// has its default. The hash of its JSON, without nulls and with sorted names, tells a replay from
/// a reused key.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonPropertyOrder(alphabetic = true)
public record DecisionRequest(
    @JsonProperty("provider") @Nullable String provider,
    @JsonProperty("model") String model,
    @JsonProperty("input_tokens") @Nullable Long inputTokens,
    @JsonProperty("input_bytes") @Nullable Long inputBytes,
    @JsonProperty("unbounded_input") boolean unboundedInput,
    @JsonUnwrapped Parts parts,
    @JsonProperty("max_output_tokens") @Nullable Long maxOutputTokens,
    @JsonProperty("choices") int choices,
    @JsonProperty("units") Map<String, UnitCount> units,
    @JsonProperty("service_tier") String serviceTier,
    @JsonProperty("inference_region") @Nullable String inferenceRegion,
    @JsonProperty("speed") @Nullable String speed,
    @JsonProperty("billed_tools") Map<String, Long> billedTools,
    @JsonProperty("requires") Set<Capability> requires,
    @JsonProperty("context_tokens") @Nullable Long contextTokens,
    @JsonProperty("request_class") @Nullable String requestClass,
    @JsonProperty("downgrade") boolean mayDowngrade,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("team_id") @Nullable String teamId,
    @JsonProperty("feature_id") @Nullable String featureId,
    @JsonProperty("parent_run_id") @Nullable String parentRunId,
    @JsonProperty("run_limit_usd") @Nullable MicroUsd runLimit,
    @JsonProperty("explicit_forward") boolean explicitForward,
    @JsonProperty("ttl_seconds") @Nullable Integer ttlSeconds,
    @JsonProperty("dry_run") boolean dryRun) {

  /// The most completions of one call (protocol.md#ask, `choices`).
  public static final int MAX_CHOICES = 128;

  /// The bounds of the ask, as they are stored with its decision.
  public Asked bounds() {
    boolean isCounted = inputBytes == null && !unboundedInput;
    return new Asked(
        isCounted ? null : inputTokens,
        inputBytes,
        unboundedInput,
        parts,
        choices,
        units,
        billedTools,
        serviceTier.equals(Bounds.AUTO_TIER) ? Bounds.AUTO_TIER : null,
        inferenceRegion,
        speed);
  }

  public Tuple tuple() {
    return new Tuple(userId, keyId, teamId, featureId);
  }
}
