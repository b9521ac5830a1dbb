package io.budgetauthority.settlement;

import io.budgetauthority.price.Usage;
import io.budgetauthority.record.UsageQuality;
import org.jspecify.annotations.Nullable;

/// The body of a commit (protocol.md#commit).
///
/// @param usage null where the quality is `missing`
/// @param provider who served the call; null for the provider held
/// @param model the model that served it; null for the model held
public record UsageReport(
    @Nullable Usage usage,
    @Nullable String provider,
    @Nullable String model,
    UsageQuality quality) {

  public UsageReport {
    if ((usage == null) != (quality == UsageQuality.MISSING) || quality == UsageQuality.PRESUMED) {
      throw new IllegalArgumentException(
          "usage is stated unless its quality is missing, and never presumed");
    }
  }
}
