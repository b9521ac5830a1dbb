package io.budgetauthority.price;

import java.util.Map;

/// What a call may use at most: the most input and output tokens, a bound on each part that was
/// stated, and on units and billed tools. `inputTokens` is never negative; `outputTokens` is
/// already multiplied by the number of choices.
public record Bounds(
    long inputTokens,
    long outputTokens,
    Parts parts,
    Map<String, Long> units,
    Map<String, Long> billedTools,
    String serviceTier) {

  public static final String DEFAULT_TIER = "default";

  /// The bound of a unit or tool that a request names without bounding it: nothing can be priced
  /// with it.
  public static final long UNSTATED = -1;

  public Bounds {
    units = Map.copyOf(units);
    billedTools = Map.copyOf(billedTools);
  }
}
