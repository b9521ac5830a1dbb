package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A limit on one scope over one window, or as a rate.
///
/// @param mode how it is enforced; null for the tenant's own mode
/// @param margin what `soft_gate` allows beyond the limit; null for the policy's. A rate has none
/// @param warnAtPercent percentages of the limit whose crossing is an event, rising. A rate has
///   none
/// @param periodSeconds in how many seconds the limit of a rate refills, 1 to 604,800; null for a
///   ceiling over a window
/// @param burst the most that a rate has available at one time, in micro-USD; null for a ceiling
///   over a window
/// @param shards how many shards the accounts have, 1 to 64; null where the ledger splits them as
///   they are used, and for a rate (ledger.md#shards)
public record Ceiling(
    @JsonProperty("limit_usd") MicroUsd limit,
    @JsonProperty("mode") @Nullable Mode mode,
    @JsonProperty("margin_usd") @Nullable MicroUsd margin,
    @JsonProperty("warn_at_percent") List<Integer> warnAtPercent,
    @JsonProperty("period_seconds") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable Integer periodSeconds,
    @JsonProperty("burst_usd") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable MicroUsd burst,
    @JsonProperty("shards") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Integer shards) {

  public static final List<Integer> DEFAULT_WARN_AT_PERCENT = List.of(50, 80, 95);

  public static final int MAX_PERIOD_SECONDS = 604_800;

  public Ceiling {
    warnAtPercent = warnAtPercent == null ? DEFAULT_WARN_AT_PERCENT : List.copyOf(warnAtPercent);
  }

  /// A ceiling over a window, whose accounts the ledger splits.
  public Ceiling(
      MicroUsd limit, @Nullable Mode mode, @Nullable MicroUsd margin, List<Integer> warnAtPercent) {
    this(limit, mode, margin, warnAtPercent, null, null, null);
  }

  /// The same ceiling with another limit.
  public Ceiling withLimit(MicroUsd newLimit) {
    return new Ceiling(newLimit, mode, margin, warnAtPercent, periodSeconds, burst, shards);
  }

  public static Ceiling of(MicroUsd limit) {
    return new Ceiling(limit, null, null, DEFAULT_WARN_AT_PERCENT);
  }

  /// A rate.
  ///
  /// @param mode null for the tenant's own mode
  public static Ceiling ofRate(
      MicroUsd limit, int periodSeconds, MicroUsd burst, @Nullable Mode mode) {
    return new Ceiling(limit, mode, null, List.of(), periodSeconds, burst, null);
  }
}
