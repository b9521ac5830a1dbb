package io.budgetauthority.price.override;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One override over the time in which it applied.
///
/// @param override null where none existed: it was deleted
/// @param until null where it applies now
public record OverrideVersion(
    String provider,
    String model,
    @Nullable PriceOverride override,
    Instant since,
    @Nullable Instant until) {

  boolean isInForceAt(Instant at) {
    return !since.isAfter(at) && (until == null || at.isBefore(until));
  }
}
