package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The usage that a charge is for, and how it was priced.
///
/// @param usage null where it stayed unknown
/// @param unpriced what had no price of its own, by its name in `usage`; `model` for the model
///   itself
public record ChargedUsage(
    @JsonProperty("usage") @Nullable Usage usage,
    @JsonProperty("provider") @Nullable String provider,
    @JsonProperty("model") @Nullable String model,
    @JsonProperty("unpriced") List<String> unpriced) {

  /// That of a presumed charge, whose usage nobody reported.
  public static final ChargedUsage UNKNOWN = new ChargedUsage(null, null, null, List.of());

  public ChargedUsage {
    unpriced = unpriced == null ? List.of() : List.copyOf(unpriced);
  }
}
