package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import org.jspecify.annotations.Nullable;

/// Another model that the policy lists for the requested one and that could serve the call
/// (protocol.md#downgrade).
public record Alternative(
    @JsonProperty("model") String model,
    @JsonProperty("provider") String provider,
    @JsonProperty("estimate_usd") MicroUsd estimate,
    @JsonProperty("fits_budget") boolean fitsBudget,
    @JsonProperty("supports_tools") boolean supportsTools,
    @JsonProperty("supports_json_schema") boolean supportsJsonSchema,
    @JsonProperty("context_window_tokens") @Nullable Long contextWindowTokens,
    @JsonProperty("downgrade_class") @Nullable String downgradeClass,
    @JsonProperty("policy_reason") @Nullable String policyReason) {}
