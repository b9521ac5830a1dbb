package io.budgetauthority.api.price;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.override.PriceOverride;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Reads a price override as an administrator states it (protocol.md#administration).
final class PriceOverrideJson {

  private static final String USD = "[0-9]{1,6}(\\.[0-9]{1,12})?";

  private PriceOverrideJson() {}

  /// Reads an override. A price that it omits is the table's, if the table has the model.
  static PriceOverride read(RequestFields fields, String provider, String model) {
    String mode = fields.text("mode");
    Long window = fields.integer("context_window_tokens", 1, RequestFields.MAX_INTEGER);
    Long outputLimit = fields.integer("max_output_tokens", 1, RequestFields.MAX_INTEGER);
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    capabilities.addAll(fields.list("supports", PriceOverrideJson::capability));
    Map<TokenClass, Long> tokens = new EnumMap<>(TokenClass.class);
    Map<BillingUnit, Long> units = new EnumMap<>(BillingUnit.class);
    if (!fields.has("prices") && !fields.has("units") && !fields.has("billed_tools")) {
      fields.error("prices", "is required, or units, or billed_tools");
    }
    fields
        .texts("prices", PriceOverrideJson::picos)
        .forEach(
            (name, picos) -> fields.put("prices", name, TokenClass::ofWireName, tokens, picos));
    fields
        .texts("units", PriceOverrideJson::picos)
        .forEach((name, picos) -> fields.put("units", name, BillingUnit::ofWireName, units, picos));
    Map<String, Long> tools = new HashMap<>(fields.texts("billed_tools", PriceOverrideJson::picos));
    boolean inherit = fields.flag("inherit", true);
    fields.end();
    return new PriceOverride(
        provider, model, mode, window, outputLimit, capabilities, tokens, units, tools, inherit);
  }

  private static Capability capability(JsonNode element) {
    if (!element.isTextual()) {
      throw new IllegalArgumentException("must be the name of a capability");
    }
    return Capability.ofWireName(element.textValue());
  }

  private static Long picos(String usd) {
    if (!usd.matches(USD)) {
      throw new IllegalArgumentException(
          "must be USD as a decimal string with at most 12 decimals, such as \"0.000003\"");
    }
    return PicoUsd.ofUsd(new BigDecimal(usd)).picos();
  }
}
