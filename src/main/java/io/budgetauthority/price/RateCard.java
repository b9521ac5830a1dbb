package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;

/// The prices of a row that its source states for one service tier and for inputs above one length:
/// pico-USD per token by class and per unit by unit. A card states only what its source states.
/// [Tariff] says what applies where a card states nothing.
///
/// @param serviceTier `default`, or a tier such as `batch`, `flex` or `priority`
/// @param aboveTokens the card applies to inputs of strictly more tokens than this; 0 for the base
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RateCard(
    @JsonProperty("tier") String serviceTier,
    @JsonProperty("above") long aboveTokens,
    @JsonProperty("tokens") Map<TokenClass, Long> tokenPicos,
    @JsonProperty("units") Map<BillingUnit, Long> unitPicos) {

  public RateCard {
    tokenPicos = tokenPicos == null ? Map.of() : Map.copyOf(tokenPicos);
    unitPicos = unitPicos == null ? Map.of() : Map.copyOf(unitPicos);
    tokenPicos.values().forEach(RateCard::requirePrice);
    unitPicos.values().forEach(RateCard::requirePrice);
  }

  private static void requirePrice(long picos) {
    if (picos < 0) {
      throw new IllegalArgumentException("a price may not be negative: " + picos);
    }
  }
}
