package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.override.PriceOverride;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// An override and the prices that result from it.
///
/// @param inherit whether a price that the override omits is that of the table's row
/// @param prices USD per token, unit or use, by class, unit and tool
/// @param origins for each of these prices `override`, or `table` if it is inherited
public record OverrideView(
    @JsonProperty("provider") String provider,
    @JsonProperty("model") String model,
    @JsonProperty("mode") String mode,
    @JsonProperty("context_window_tokens") @Nullable Long contextWindowTokens,
    @JsonProperty("max_output_tokens") @Nullable Long maxOutputTokens,
    @JsonProperty("inherit") boolean inherit,
    @JsonProperty("prices") Map<String, String> prices,
    @JsonProperty("origins") Map<String, String> origins) {

  /// An override beside the row that it changes; null where the table has none.
  public static OverrideView of(PriceOverride override, @Nullable Price row) {
    Price price = override.appliedTo(row);
    Map<String, String> prices = price.describe(Bounds.DEFAULT_TIER, 0);
    Map<String, String> origins = new TreeMap<>();
    prices
        .keySet()
        .forEach(name -> origins.put(name, override.states(name) ? "override" : "table"));
    return new OverrideView(
        price.provider(),
        price.model(),
        price.mode(),
        price.windowTokens(),
        price.outputLimitTokens(),
        override.inherit(),
        prices,
        origins);
  }
}
