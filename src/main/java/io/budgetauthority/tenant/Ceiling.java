package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A limit on one scope over one window.
///
/// @param mode how it is enforced; null for the tenant's own mode
/// @param margin what `soft_gate` allows beyond the limit; null for the policy's
/// @param warnAtPercent percentages of the limit whose crossing is an event, rising
public record Ceiling(
    @JsonProperty("limit_usd") MicroUsd limit,
    @JsonProperty("mode") @Nullable Mode mode,
    @JsonProperty("margin_usd") @Nullable MicroUsd margin,
    @JsonProperty("warn_at_percent") List<Integer> warnAtPercent) {

  public static final List<Integer> DEFAULT_WARN_AT_PERCENT = List.of(50, 80, 95);

  public Ceiling {
    warnAtPercent = warnAtPercent == null ? DEFAULT_WARN_AT_PERCENT : List.copyOf(warnAtPercent);
  }

  /// The same ceiling with another limit.
  public Ceiling withLimit(MicroUsd newLimit) {
    return new Ceiling(newLimit, mode, margin, warnAtPercent);
  }

  public static Ceiling of(MicroUsd limit) {
    return new Ceiling(limit, null, null, DEFAULT_WARN_AT_PERCENT);
  }
}
