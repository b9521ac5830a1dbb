package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.UnitCount;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The bounds of an ask as it stated them. A later step uses them to price and judge the call
/// again. No record shows them.
///
/// @param inputTokens the counted input where the ask also states other bounds of its input; null
///   where the count is the only one, which the decision has
/// @param choices how many completions the output cap is multiplied by
/// @param serviceTier `auto` where the provider may choose; null where the decision has the tier
public record Asked(
    @JsonProperty("input_tokens") @Nullable Long inputTokens,
    @JsonProperty("input_bytes") @Nullable Long inputBytes,
    @JsonProperty("unbounded_input") @JsonInclude(JsonInclude.Include.NON_DEFAULT)
        boolean unboundedInput,
    @JsonProperty("parts") Parts parts,
    @JsonProperty("choices") int choices,
    @JsonProperty("units") Map<String, UnitCount> units,
    @JsonProperty("billed_tools") Map<String, Long> billedTools,
    @JsonProperty("service_tier") @Nullable String serviceTier,
    @JsonProperty("inference_region") @Nullable String inferenceRegion,
    @JsonProperty("speed") @Nullable String speed) {
  public Asked {
    parts = parts == null ? Parts.NONE : parts;
    units = units == null ? Map.of() : Map.copyOf(units);
    billedTools = billedTools == null ? Map.of() : Map.copyOf(billedTools);
  }
}
