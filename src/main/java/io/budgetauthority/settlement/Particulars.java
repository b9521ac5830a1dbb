package io.budgetauthority.settlement;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The usage that a settlement reported and how it was priced, as it is stored with the
/// reservation.
///
/// @param usage as a record shows it; null where it stayed unknown
/// @param unpriced what had no price of its own, by its name in `usage`; `model` for the model
///   itself
public record Particulars(
    @JsonProperty("usage") @Nullable JsonNode usage,
    @JsonProperty("provider") @Nullable String provider,
    @JsonProperty("model") @Nullable String model,
    @JsonProperty("unpriced") List<String> unpriced) {

  public Particulars {
    unpriced = unpriced == null ? List.of() : List.copyOf(unpriced);
  }
}
