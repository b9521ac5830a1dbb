package io.budgetauthority.price.litellm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Multiplier;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.litellm.LiteLlmFields.Billed;
import io.budgetauthority.price.litellm.LiteLlmFields.Field;
import io.budgetauthority.price.litellm.LiteLlmFields.Known;
import io.budgetauthority.price.litellm.LiteLlmFields.MultiplierOf;
import io.budgetauthority.price.litellm.LiteLlmFields.NotApplied;
import io.budgetauthority.price.litellm.LiteLlmFields.PriceOf;
import io.budgetauthority.price.litellm.LiteLlmFields.Structure;
import io.budgetauthority.price.litellm.LiteLlmFields.Unknown;
import io.budgetauthority.price.review.ImportNotes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Reads one row of LiteLLM's price file into a [Price]. Used once.
final class LiteLlmRow {

  private static final Map<String, Capability> CAPABILITIES =
      Map.of(
          "supports_function_calling", Capability.TOOLS,
          "supports_response_schema", Capability.JSON_SCHEMA,
          "supports_vision", Capability.VISION,
          "supports_audio_input", Capability.AUDIO_INPUT,
          "supports_pdf_input", Capability.PDF_INPUT,
          "supports_reasoning", Capability.REASONING);

  private static final Set<String> STREAMING_MODES = Set.of("chat", "completion", "responses");

  private static final String SEARCH_SIZE = "search_context_size_";

  private static final Set<String> SEARCH_SIZES =
      Set.of(SEARCH_SIZE + "low", SEARCH_SIZE + "medium", SEARCH_SIZE + "high");

  private static final Set<String> OFF_PEAK_HOURS = Set.of("windows", "weekday_timezone");

  private static final Map<String, String> WHY_NOT_APPLIED =
      Map.of(
          "guardrail_cost_per_unit", "no unit of ours",
          "provider_specific_entry", "an allowance of the provider, no price",
          "search_free_requests", "an allowance that rows share: every use is charged");

  private static final String DEARER = "a dearer price for the same thing applies";

  private final String model;
  private final ObjectNode row;
  private final RowValues values;
  private final ImportNotes notes;
  private final StatedPrices prices;
  private final Map<String, Long> regions = new TreeMap<>();
  private final Map<String, Long> speeds = new TreeMap<>();
  private final List<Runnable> afterwards = new ArrayList<>();
  private boolean statesPrices;

  LiteLlmRow(String model, ObjectNode row, ImportNotes notes) {
    this.model = model;
    this.row = row;
    this.values = new RowValues(model, row, notes);
    this.notes = notes;
    this.prices =
        new StatedPrices(
            (field, price) -> notes.notApplied(model, field, price.toString(), DEARER));
  }

  /// The row's price; empty where the row is left out or has a problem, which the notes say.
  Optional<Price> read() {
    row.properties().stream()
        .filter(field -> field.getValue().isNull())
        .forEach(field -> problem(field.getKey(), "is null"));
    String provider = values.text("litellm_provider");
    String mode = values.text("mode");
    if (provider == null) {
      return keptOut("litellm_provider", "states no provider");
    }
    row.properties().stream()
        .filter(field -> !field.getValue().isNull())
        .forEach(field -> readField(field.getKey(), field.getValue()));
    afterwards.forEach(Runnable::run);
    prices
        .dropUntrustedWrites()
        .forEach((field, price) -> notes.untrustedWrite(model, field, price.toString()));
    prices.variants().keySet().forEach(billed -> notes.variants(model, billed));
    Price price = price(provider, mode == null ? "" : mode);
    if (mode == null) {
      return keptOut("mode", "states no mode: it stands for a class of models");
    }
    if (statesPrices && prices.isEmpty()) {
      return keptOut("", "states prices only in units that are not ours");
    }
    return Optional.of(price);
  }

  private Optional<Price> keptOut(String field, String reason) {
    if (!row.has(field)) {
      notes.keptOut(model, reason);
    }
    return Optional.empty();
  }

  private void readField(String name, JsonNode value) {
    Field field = LiteLlmFields.of(name);
    statesPrices |= !(field instanceof Known) && LiteLlmFields.looksLikePrice(name);
    switch (field) {
      case PriceOf meaning -> readPrice(meaning, name, value);
      case MultiplierOf it -> readMultiplier(it, name, value);
      case NotApplied it -> readNotApplied(name, value, it.reason());
      case Structure it -> readStructure(it, name, value);
      case Known known -> {}
      case Unknown it -> unknown(name, it);
    }
  }

  private void unknown(String name, Unknown field) {
    if (field.looksLikePrice()) {
      problem(name, "looks like a price that we do not know");
    } else {
      notes.unknownField(name);
    }
  }

  private void readPrice(PriceOf meaning, String name, JsonNode value) {
    PicoUsd price = values.usd(name, value, meaning.perPowerOfTen());
    if (price == null) {
      return;
    }
    if (meaning.onlyIfDearer()) {
      afterwards.add(() -> prices.stateIfDearer(meaning, name, price, true));
    } else {
      prices.state(meaning, name, price);
    }
  }

  private void readStructure(Structure structure, String name, JsonNode value) {
    switch (structure) {
      case TIERED_PRICING -> readTiers(name, value);
      case OFF_PEAK_PRICING -> readOffPeak(name, value);
      case SEARCH_COST_BY_SIZE -> readSearchSizes(name, value);
      case PROVIDER_ENTRY -> readProviderEntry(name, value);
      case OBJECT_NOT_APPLIED -> readObjectNotApplied(name, value);
    }
  }

  private void readTiers(String name, JsonNode value) {
    if (!value.isArray() || value.isEmpty()) {
      problem(name, "must be a list of tiers");
      return;
    }
    long aboveTokens = 0;
    for (int i = 0; i < value.size(); i++) {
      String at = name + "[" + i + "]";
      JsonNode tier = value.get(i);
      boolean byLength = tier.path("range").isArray();
      Long lower =
          values.whole(at + ".range", tier.path(byLength ? "range" : "max_results_range").path(0));
      if (lower == null || (byLength && i > 0 && lower <= aboveTokens)) {
        problem(at, "must have a range above the one before");
        return;
      }
      // An input shorter than the first tier belongs to the first tier.
      aboveTokens = byLength && i > 0 ? lower : 0;
      for (Map.Entry<String, JsonNode> field : tier.properties()) {
        if (!field.getKey().equals(byLength ? "range" : "max_results_range")) {
          readNested(at, field, aboveTokens);
        }
      }
    }
  }

  private void readNested(String at, Map.Entry<String, JsonNode> field, long aboveTokens) {
    String name = at + "." + field.getKey();
    if (LiteLlmFields.of(field.getKey()) instanceof PriceOf it && it.aboveTokens() == 0) {
      readPrice(it.above(aboveTokens), name, field.getValue());
    } else {
      problem(name, "is not known here");
    }
  }

  private void readOffPeak(String name, JsonNode value) {
    if (!value.isObject()) {
      problem(name, "must be an object");
      return;
    }
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      String at = name + "." + field.getKey();
      if (LiteLlmFields.of(field.getKey()) instanceof PriceOf meaning) {
        PicoUsd price = values.usd(at, field.getValue(), meaning.perPowerOfTen());
        if (price != null) {
          afterwards.add(() -> prices.stateIfDearer(meaning, at, price, false));
        }
      } else if (!OFF_PEAK_HOURS.contains(field.getKey())) {
        problem(at, "is not known here");
      }
    }
  }

  private void readSearchSizes(String name, JsonNode value) {
    if (!value.isObject() || value.isEmpty()) {
      problem(name, "must be an object of prices by size");
      return;
    }
    Billed search = new Billed.Tool("web_search");
    for (Map.Entry<String, JsonNode> size : value.properties()) {
      String at = name + "." + size.getKey();
      if (SEARCH_SIZES.contains(size.getKey())) {
        PriceOf meaning =
            new PriceOf(
                search,
                Bounds.DEFAULT_TIER,
                0,
                0,
                false,
                size.getKey().substring(SEARCH_SIZE.length()));
        readPrice(meaning, at, size.getValue());
      } else {
        problem(at, "is not known here");
      }
    }
  }

  private void readMultiplier(MultiplierOf meaning, String name, JsonNode value) {
    if (!value.isNumber()) {
      problem(name, "must be a number");
      return;
    }
    try {
      Map<String, Long> factors = meaning.ofSpeed() ? speeds : regions;
      factors.merge(meaning.name(), Multiplier.millionths(value.decimalValue()), Math::max);
    } catch (ArithmeticException e) {
      problem(name, String.valueOf(e.getMessage()));
    }
  }

  /// Numbers that are known as multipliers apply; other numbers are named in the review.
  private void readProviderEntry(String name, JsonNode value) {
    if (!value.isObject()) {
      problem(name, "must be an object");
      return;
    }
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      String at = name + "." + entry.getKey();
      MultiplierOf multiplier = LiteLlmFields.providerMultiplier(entry.getKey());
      if (entry.getValue().isNull()) {
        problem(at, "is null");
      } else if (multiplier != null) {
        readMultiplier(multiplier, at, entry.getValue());
      } else if (entry.getValue().isNumber()) {
        readNotApplied(at, entry.getValue(), WHY_NOT_APPLIED.getOrDefault(name, ""));
      }
    }
  }

  private void readNotApplied(String name, JsonNode value, String reason) {
    if (value.isNumber()) {
      notes.notApplied(model, name, value.asText(), reason);
    } else {
      problem(name, "must be a number");
    }
  }

  private void readObjectNotApplied(String name, JsonNode value) {
    if (!value.isObject()) {
      problem(name, "must be an object");
    }
    String reason = WHY_NOT_APPLIED.getOrDefault(name, "");
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      String at = name + "." + entry.getKey();
      if (entry.getValue().isNull()) {
        problem(at, "is null");
      } else if (entry.getValue().isNumber() || LiteLlmFields.looksLikePrice(name)) {
        readNotApplied(at, entry.getValue(), reason);
      }
    }
  }

  private Price price(String provider, String mode) {
    Long window = values.limit("max_input_tokens");
    Long output = values.limit("max_output_tokens");
    Long legacy = values.limit("max_tokens");
    boolean sharedWindow = legacy != null && window == null && output == null;
    return new Price(
        provider,
        model,
        mode,
        List.of(),
        sharedWindow ? legacy : window,
        output,
        sharedWindow,
        capabilities(mode),
        prices.cards(),
        prices.toolPicos(),
        false,
        regions,
        speeds,
        prices.variants());
  }

  private Set<Capability> capabilities(String mode) {
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    CAPABILITIES.forEach(
        (field, capability) -> {
          if (values.flag(field, false)) {
            capabilities.add(capability);
          }
        });
    if (values.flag("supports_native_streaming", true) && STREAMING_MODES.contains(mode)) {
      capabilities.add(Capability.STREAMING);
    }
    return capabilities;
  }

  private void problem(String field, String reason) {
    values.problem(field, reason);
  }
}
