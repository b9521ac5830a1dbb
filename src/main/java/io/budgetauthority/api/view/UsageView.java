package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reported usage as a record shows it: every member of protocol.md#usage, null where it was not
/// reported.
record UsageView(
    @JsonProperty("input_tokens") long inputTokens,
    @JsonProperty("output_tokens") long outputTokens,
    @JsonProperty("cache_read_tokens") @Nullable Long cacheReadTokens,
    @JsonProperty("cache_write_tokens") @Nullable Long cacheWriteTokens,
    @JsonProperty("cache_write_1h_tokens") @Nullable Long cacheWrite1hTokens,
    @JsonProperty("input_audio_tokens") @Nullable Long inputAudioTokens,
    @JsonProperty("input_image_tokens") @Nullable Long inputImageTokens,
    @JsonProperty("reasoning_tokens") @Nullable Long reasoningTokens,
    @JsonProperty("output_audio_tokens") @Nullable Long outputAudioTokens,
    @JsonProperty("output_image_tokens") @Nullable Long outputImageTokens,
    @JsonProperty("units") @Nullable Map<String, UnitCount> units,
    @JsonProperty("billed_tools") @Nullable Map<String, Long> billedTools,
    @JsonProperty("service_tier") @Nullable String serviceTier,
    @JsonProperty("inference_region") @Nullable String inferenceRegion,
    @JsonProperty("speed") @Nullable String speed,
    @JsonProperty("variant") @Nullable String variant) {

  static UsageView of(Usage usage) {
    Parts parts = usage.parts();
    return new UsageView(
        usage.inputTokens(),
        usage.outputTokens(),
        parts.cacheReadTokens(),
        parts.cacheWriteTokens(),
        parts.cacheWrite1hTokens(),
        parts.inputAudioTokens(),
        parts.inputImageTokens(),
        parts.reasoningTokens(),
        parts.outputAudioTokens(),
        parts.outputImageTokens(),
        usage.units().isEmpty() ? null : usage.units(),
        usage.billedTools().isEmpty() ? null : usage.billedTools(),
        usage.serviceTier(),
        usage.inferenceRegion(),
        usage.speed(),
        usage.variant());
  }
}
