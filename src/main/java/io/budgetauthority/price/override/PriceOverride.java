package io.budgetauthority.price.override;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a tenant states about one model of one provider, in place of the price table
/// (pricing.md#overrides). What it leaves out is null or empty. A price of zero is used as stated.
///
/// @param tokens pico-USD per token by class
/// @param units pico-USD per unit
/// @param tools pico-USD per use of a tool
/// @param inherit whether a class, unit or tool that is left out keeps the price of the table's row
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record PriceOverride(
    @JsonProperty("provider") String provider,
    @JsonProperty("model") String model,
    @JsonProperty("mode") @Nullable String mode,
    @JsonProperty("window") @Nullable Long windowTokens,
    @JsonProperty("output_limit") @Nullable Long outputLimitTokens,
    @JsonProperty("capabilities") Set<Capability> capabilities,
    @JsonProperty("tokens") Map<TokenClass, Long> tokens,
    @JsonProperty("units") Map<BillingUnit, Long> units,
    @JsonProperty("tools") Map<String, Long> tools,
    @JsonProperty("inherit") boolean inherit) {

  private static final String USUAL_MODE = "chat";

  public PriceOverride {
    capabilities = capabilities == null ? Set.of() : Set.copyOf(capabilities);
    tokens = tokens == null ? Map.of() : Map.copyOf(tokens);
    units = units == null ? Map.of() : Map.copyOf(units);
    tools = tools == null ? Map.of() : Map.copyOf(tools);
  }

  /// The row by which calls are priced.
  ///
  /// @param row the table's row of this provider and model; null where it has none
  public Price appliedTo(@Nullable Price row) {
    Price inherited = inherit ? row : null;
    Map<String, Long> allTools = new HashMap<>();
    if (inherited != null) {
      allTools.putAll(inherited.toolPicos());
    }
    allTools.putAll(tools);
    return new Price(
        provider,
        model,
        mode != null ? mode : row == null ? USUAL_MODE : row.mode(),
        inherited == null ? List.of() : inherited.aliases(),
        windowTokens != null || row == null ? windowTokens : row.windowTokens(),
        outputLimitTokens != null || row == null ? outputLimitTokens : row.outputLimitTokens(),
        windowTokens == null && row != null && row.sharedWindow(),
        capabilities.isEmpty() && row != null ? row.capabilities() : capabilities,
        inherited == null ? List.of(card(tokens, units)) : over(inherited.cards()),
        allTools,
        true,
        inherited == null ? null : inherited.regions(),
        inherited == null ? null : inherited.speeds(),
        inherited == null ? null : variantsLeftOut(inherited));
  }

  private static RateCard card(Map<TokenClass, Long> tokens, Map<BillingUnit, Long> units) {
    return new RateCard(Bounds.DEFAULT_TIER, 0, tokens, units);
  }

  /// The cards of a row without the prices that this override states, and with those prices on the
  /// flat card of the default tier. So a class that the override states has no tier or long-context
  /// price of the row.
  private List<RateCard> over(List<RateCard> cards) {
    List<RateCard> merged = new ArrayList<>();
    boolean flat = false;
    for (RateCard card : cards) {
      Map<TokenClass, Long> ofTokens = new EnumMap<>(TokenClass.class);
      ofTokens.putAll(card.tokenPicos());
      ofTokens.keySet().removeAll(tokens.keySet());
      Map<BillingUnit, Long> ofUnits = new EnumMap<>(BillingUnit.class);
      ofUnits.putAll(card.unitPicos());
      ofUnits.keySet().removeAll(units.keySet());
      if (card.serviceTier().equals(Bounds.DEFAULT_TIER) && card.aboveTokens() == 0) {
        ofTokens.putAll(tokens);
        ofUnits.putAll(units);
        flat = true;
      }
      merged.add(new RateCard(card.serviceTier(), card.aboveTokens(), ofTokens, ofUnits));
    }
    if (!flat) {
      merged.addFirst(card(tokens, units));
    }
    return merged;
  }

  private Map<String, Map<String, Long>> variantsLeftOut(Price row) {
    Map<String, Map<String, Long>> variants = new HashMap<>(row.variants());
    tools.keySet().forEach(variants::remove);
    units.keySet().forEach(unit -> variants.remove(unit.wireName()));
    return variants;
  }

  /// Whether a price of the resulting row comes from this override and not from the table.
  ///
  /// @param priced the name of a class, a unit or a tool
  public boolean states(String priced) {
    return tokens.keySet().stream().anyMatch(it -> it.wireName().equals(priced))
        || units.keySet().stream().anyMatch(it -> it.wireName().equals(priced))
        || tools.containsKey(priced);
  }
}
