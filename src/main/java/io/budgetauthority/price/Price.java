package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.PicoUsd;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A row of a price table: one model of one provider, with its prices and its limits. Immutable,
/// and safe to share between threads. Every decision stores its row, so that a settlement uses the
/// prices that the decision was made from.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public final class Price {

  /// Modes whose rows have no output to cap (protocol.md#output-cap).
  private static final Set<String> WITHOUT_OUTPUT = Set.of("embedding", "rerank", "moderation");

  private final String provider;
  private final String model;
  private final String mode;
  private final List<String> aliases;
  private final @Nullable Long windowTokens;
  private final @Nullable Long outputLimitTokens;
  private final boolean sharedWindow;
  private final Set<Capability> capabilities;
  private final List<RateCard> cards;
  private final Map<String, Long> toolPicos;
  private final boolean zeroApproved;
  private final Map<String, Long> regions;
  private final Map<String, Long> speeds;
  private final Map<String, Map<String, Long>> variants;
  private final boolean billsTokens;

  /// Tariffs by service tier. Each tier is resolved at its first use, because a table has thousands
  /// of rows and a process prices by a few of them.
  private volatile Map<String, List<Tariff>> tariffs = Map.of();

  /// @param provider whose row it is, such as `anthropic`
  /// @param model the key of the row in its source
  /// @param mode what kind of call it prices: `chat`, `embedding`, `image_generation`, …
  /// @param aliases other names that its source states for it
  /// @param windowTokens tokens of the context window; null where the source states none
  /// @param outputLimitTokens the most tokens of one completion; null where the source states none
  /// @param sharedWindow whether input and output share one window
  /// @param cards the stated prices; at least one card for the `default` tier unless the row has
  ///   none
  /// @param toolPicos pico-USD for one use of a tool that the provider bills
  /// @param zeroApproved whether somebody confirmed that a row of zeros is free
  /// @param regions what token prices are multiplied by in a region of inference, in millionths
  /// @param speeds what token prices are multiplied by at a speed, in millionths
  /// @param variants pico-USD by the name of a unit or tool, and then by its variant
  @JsonCreator
  public Price(
      @JsonProperty("provider") String provider,
      @JsonProperty("model") String model,
      @JsonProperty("mode") String mode,
      @JsonProperty("aliases") @Nullable List<String> aliases,
      @JsonProperty("window") @Nullable Long windowTokens,
      @JsonProperty("output_limit") @Nullable Long outputLimitTokens,
      @JsonProperty("shared_window") boolean sharedWindow,
      @JsonProperty("capabilities") @Nullable Set<Capability> capabilities,
      @JsonProperty("cards") @Nullable List<RateCard> cards,
      @JsonProperty("tools") @Nullable Map<String, Long> toolPicos,
      @JsonProperty("zero_approved") boolean zeroApproved,
      @JsonProperty("regions") @Nullable Map<String, Long> regions,
      @JsonProperty("speeds") @Nullable Map<String, Long> speeds,
      @JsonProperty("variants") @Nullable Map<String, Map<String, Long>> variants) {
    this.provider = provider;
    this.model = model;
    this.mode = mode;
    this.aliases = aliases == null ? List.of() : List.copyOf(aliases);
    this.windowTokens = windowTokens;
    this.outputLimitTokens = outputLimitTokens;
    this.sharedWindow = sharedWindow;
    this.capabilities = capabilities == null ? Set.of() : Set.copyOf(capabilities);
    this.cards = cards == null ? List.of() : List.copyOf(cards);
    this.toolPicos = toolPicos == null ? Map.of() : Map.copyOf(toolPicos);
    this.zeroApproved = zeroApproved;
    this.regions = regions == null ? Map.of() : Map.copyOf(regions);
    this.speeds = speeds == null ? Map.of() : Map.copyOf(speeds);
    Map<String, Map<String, Long>> byBilled = new HashMap<>();
    if (variants != null) {
      variants.forEach((billed, picos) -> byBilled.put(billed, Map.copyOf(picos)));
    }
    this.variants = Map.copyOf(byBilled);
    requireNotNegative(this.toolPicos);
    requireNotNegative(this.regions);
    requireNotNegative(this.speeds);
    this.variants.values().forEach(Price::requireNotNegative);
    this.billsTokens =
        this.cards.isEmpty() || this.cards.stream().anyMatch(card -> !card.tokenPicos().isEmpty());
  }

  private static void requireNotNegative(Map<String, Long> figures) {
    figures.forEach(
        (name, figure) -> {
          if (figure < 0) {
            throw new IllegalArgumentException(name + " may not be negative: " + figure);
          }
        });
  }

  /// A row without multipliers and variants.
  public Price(
      String provider,
      String model,
      String mode,
      @Nullable List<String> aliases,
      @Nullable Long windowTokens,
      @Nullable Long outputLimitTokens,
      boolean sharedWindow,
      @Nullable Set<Capability> capabilities,
      @Nullable List<RateCard> cards,
      @Nullable Map<String, Long> toolPicos,
      boolean zeroApproved) {
    this(
        provider,
        model,
        mode,
        aliases,
        windowTokens,
        outputLimitTokens,
        sharedWindow,
        capabilities,
        cards,
        toolPicos,
        zeroApproved,
        null,
        null,
        null);
  }

  @JsonProperty("provider")
  public String provider() {
    return provider;
  }

  @JsonProperty("model")
  public String model() {
    return model;
  }

  @JsonProperty("mode")
  public String mode() {
    return mode;
  }

  @JsonProperty("aliases")
  public List<String> aliases() {
    return aliases;
  }

  @JsonProperty("window")
  public @Nullable Long windowTokens() {
    return windowTokens;
  }

  @JsonProperty("output_limit")
  public @Nullable Long outputLimitTokens() {
    return outputLimitTokens;
  }

  @JsonProperty("shared_window")
  @JsonInclude(JsonInclude.Include.NON_DEFAULT)
  public boolean sharedWindow() {
    return sharedWindow;
  }

  @JsonProperty("capabilities")
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @JsonProperty("cards")
  public List<RateCard> cards() {
    return cards;
  }

  @JsonProperty("tools")
  public Map<String, Long> toolPicos() {
    return toolPicos;
  }

  @JsonProperty("zero_approved")
  @JsonInclude(JsonInclude.Include.NON_DEFAULT)
  public boolean zeroApproved() {
    return zeroApproved;
  }

  @JsonProperty("regions")
  public Map<String, Long> regions() {
    return regions;
  }

  @JsonProperty("speeds")
  public Map<String, Long> speeds() {
    return speeds;
  }

  @JsonProperty("variants")
  public Map<String, Map<String, Long>> variants() {
    return variants;
  }

  /// Every name that may mean this row: its key, its aliases, and what follows each slash in them.
  public List<String> names() {
    List<String> names = new ArrayList<>();
    addNames(model, names);
    aliases.forEach(alias -> addNames(alias, names));
    return names;
  }

  private static void addNames(String name, List<String> names) {
    names.add(name);
    for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
      names.add(name.substring(slash + 1));
    }
  }

  /// Whether calls of this row produce output that a cap applies to. Calls of some modes do not,
  /// and neither do those of a row that bills units alone and states no limit.
  public boolean hasOutput() {
    return !WITHOUT_OUTPUT.contains(mode) && (billsTokens || outputLimitTokens != null);
  }

  /// Whether every price of tokens and units that the row states is zero. Where it states none, the
  /// same of its prices of tools. No provider bills zero, so the row is not used until it is
  /// approved.
  public boolean allZero() {
    List<Long> picos =
        cards.stream()
            .flatMap(
                card ->
                    Stream.concat(
                        card.tokenPicos().values().stream(), card.unitPicos().values().stream()))
            .toList();
    return (picos.isEmpty() ? toolPicos.values() : picos).stream().allMatch(price -> price == 0);
  }

  /// The same row, with its prices of zero approved.
  public Price withZeroApproved() {
    return new Price(
        provider,
        model,
        mode,
        aliases,
        windowTokens,
        outputLimitTokens,
        sharedWindow,
        capabilities,
        cards,
        toolPicos,
        true,
        regions,
        speeds,
        variants);
  }

  /// The prices of a service tier by class, unit and tool, in USD, as the decision record shows
  /// them. They are those of the long-context tier that an input of `inputTokens` reaches.
  public Map<String, String> describe(String serviceTier, long inputTokens) {
    Map<String, String> prices = new TreeMap<>();
    List<Tariff> ofTier = tariffs(serviceTier);
    for (Tariff tariff : ofTier) {
      if (inputTokens > tariff.aboveTokens() || tariff.aboveTokens() == 0) {
        tariff.describe(prices);
      }
    }
    toolPicos.forEach((tool, picos) -> prices.put(tool, new PicoUsd(picos).toString()));
    return prices;
  }

  /// The tariffs of a service tier, by the length of input from which each applies.
  public List<Tariff> tariffs(String serviceTier) {
    List<Tariff> resolved = tariffs.get(serviceTier);
    if (resolved != null) {
      return resolved;
    }
    List<Tariff> ofTier = Tariff.of(cards, serviceTier);
    if (!ofTier.isEmpty()) {
      Map<String, List<Tariff>> more = new HashMap<>(tariffs);
      more.put(serviceTier, ofTier);
      tariffs = Map.copyOf(more);
    }
    return ofTier;
  }

  @Override
  public String toString() {
    return provider + ":" + model;
  }
}
