package io.budgetauthority.price;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a call may use at most: its input and output tokens, each part for which a bound is stated,
/// units and billed tools. `inputTokens` is never negative. `outputTokens` is already multiplied by
/// the number of choices.
///
/// @param inferenceRegion where the call is computed; null where nothing is stated
/// @param speed how fast it is computed; null where nothing is stated
public record Bounds(
    long inputTokens,
    long outputTokens,
    Parts parts,
    Map<String, UnitCount> units,
    Map<String, Long> billedTools,
    String serviceTier,
    @Nullable String inferenceRegion,
    @Nullable String speed) {

  public static final String DEFAULT_TIER = "default";

  /// The tier of a request that lets the provider choose.
  public static final String AUTO_TIER = "auto";

  /// The tier that a provider may choose beside the default one.
  public static final String PRIORITY_TIER = "priority";

  /// The bound of a tool that a request names without a bound. Nothing can be priced with it.
  public static final long UNSTATED = -1;

  /// The names that providers have for the default tier.
  private static final Set<String> DEFAULT_WORDS = Set.of("standard", "standard_only", "on_demand");

  /// The name of a service tier in this service. Providers have several for the default one.
  public static String tier(String stated) {
    return DEFAULT_WORDS.contains(stated) ? DEFAULT_TIER : stated;
  }

  public Bounds {
    units = Map.copyOf(units);
    billedTools = Map.copyOf(billedTools);
  }

  /// Bounds of a call in no stated region and at no stated speed.
  public Bounds(
      long inputTokens,
      long outputTokens,
      Parts parts,
      Map<String, UnitCount> units,
      Map<String, Long> billedTools,
      String serviceTier) {
    this(inputTokens, outputTokens, parts, units, billedTools, serviceTier, null, null);
  }

  /// The same bounds at another service tier.
  public Bounds at(String tier) {
    return new Bounds(
        inputTokens, outputTokens, parts, units, billedTools, tier, inferenceRegion, speed);
  }
}
