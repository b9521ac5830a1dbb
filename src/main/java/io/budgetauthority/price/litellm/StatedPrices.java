package io.budgetauthority.price.litellm;

import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.CardKey;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.litellm.LiteLlmFields.Billed;
import io.budgetauthority.price.litellm.LiteLlmFields.PriceOf;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Collects the prices of one row while the row is read. Where two fields price the same thing, the
/// dearer one applies, and a listener receives the other field with its price.
final class StatedPrices {

  private static final Set<TokenClass> CACHE_WRITES =
      Set.of(TokenClass.CACHE_WRITE, TokenClass.CACHE_WRITE_1H, TokenClass.CACHE_WRITE_AUDIO);

  private record Stated(String field, PicoUsd price) {}

  private final Map<CardKey, Map<Billed, Stated>> byCard = new TreeMap<>();
  private final Map<String, Stated> tools = new TreeMap<>();
  private final Map<String, Map<String, Long>> variants = new TreeMap<>();
  private final BiConsumer<String, PicoUsd> notApplied;

  /// @param notApplied receives each field that is not applied, with its price
  StatedPrices(BiConsumer<String, PicoUsd> notApplied) {
    this.notApplied = notApplied;
  }

  boolean isEmpty() {
    return byCard.isEmpty() && tools.isEmpty();
  }

  void state(PriceOf meaning, String field, PicoUsd price) {
    Stated stated = new Stated(field, price);
    if (meaning.variant() != null && meaning.serviceTier().equals(Bounds.DEFAULT_TIER)) {
      variants
          .computeIfAbsent(nameOf(meaning.billed()), key -> new TreeMap<>())
          .merge(meaning.variant(), price.picos(), Math::max);
    }
    if (meaning.billed() instanceof Billed.Tool tool) {
      tools.merge(tool.name(), stated, this::dearer);
      return;
    }
    CardKey key = new CardKey(meaning.serviceTier(), meaning.aboveTokens());
    byCard
        .computeIfAbsent(key, absent -> new HashMap<>())
        .merge(meaning.billed(), stated, this::dearer);
  }

  /// States a price that may raise the price that applies without it and never lowers it.
  ///
  /// @param aloneToo whether the price counts where nothing else prices the class
  void stateIfDearer(PriceOf meaning, String field, PicoUsd price, boolean aloneToo) {
    long applied = applied(meaning);
    if (applied == Tariff.NO_PRICE ? aloneToo : price.picos() > applied) {
      state(meaning, field, price);
    } else if (price.picos() != applied) {
      notApplied.accept(field, price);
    }
  }

  private long applied(PriceOf meaning) {
    long picos = Tariff.NO_PRICE;
    for (Tariff tariff : Tariff.of(cards(), meaning.serviceTier())) {
      if (tariff.aboveTokens() <= meaning.aboveTokens()) {
        picos =
            switch (meaning.billed()) {
              case Billed.Tokens tokens -> tariff.ratePicos(tokens.tokenClass());
              case Billed.Unit unit -> tariff.unitPicos(unit.unit());
              case Billed.Tool tool -> stated(tools.get(tool.name()));
            };
      }
    }
    return picos;
  }

  private static long stated(@Nullable Stated stated) {
    return stated == null ? Tariff.NO_PRICE : stated.price().picos();
  }

  private Stated dearer(Stated one, Stated other) {
    boolean otherIsDearer = other.price().picos() > one.price().picos();
    Stated lost = otherIsDearer ? one : other;
    if (one.price().picos() != other.price().picos()) {
      notApplied.accept(lost.field(), lost.price());
    }
    return otherIsDearer ? other : one;
  }

  private static String nameOf(Billed billed) {
    return switch (billed) {
      case Billed.Tokens tokens -> tokens.tokenClass().wireName();
      case Billed.Unit unit -> unit.unit().wireName();
      case Billed.Tool tool -> tool.name();
    };
  }

  /// The units and tools whose price depends on a variant, with the price of each variant in
  /// pico-USD. A unit or tool whose variants all have one price is left out.
  Map<String, Map<String, Long>> variants() {
    Map<String, Map<String, Long>> different = new TreeMap<>();
    variants.forEach(
        (billed, picos) -> {
          if (Set.copyOf(picos.values()).size() > 1) {
            different.put(billed, picos);
          }
        });
    return different;
  }

  /// Removes prices for cache writes that are zero or under half of the price of input of the same
  /// modality on that card, and returns them by field. With such a price, a caller that reports all
  /// its input as writes would pay next to nothing (pricing.md#which-price).
  Map<String, PicoUsd> dropUntrustedWrites() {
    Map<String, PicoUsd> dropped = new TreeMap<>();
    Map<CardKey, Map<Billed, Stated>> stated = new TreeMap<>();
    byCard.forEach((key, prices) -> stated.put(key, Map.copyOf(prices)));
    List<RateCard> before = cards();
    stated.forEach(
        (key, prices) -> {
          for (TokenClass write : CACHE_WRITES) {
            Stated price = prices.get(new Billed.Tokens(write));
            long input = inputPicos(before, key, write);
            if (price != null && input > 0 && price.price().picos() < Math.ceilDiv(input, 2L)) {
              dropped.put(price.field(), price.price());
              Map<Billed, Stated> kept = byCard.get(key);
              if (kept != null) {
                kept.remove(new Billed.Tokens(write));
              }
            }
          }
        });
    byCard.values().removeIf(Map::isEmpty);
    return dropped;
  }

  private static long inputPicos(List<RateCard> cards, CardKey key, TokenClass write) {
    TokenClass input =
        write == TokenClass.CACHE_WRITE_AUDIO ? TokenClass.INPUT_AUDIO : TokenClass.INPUT;
    long picos = Tariff.NO_PRICE;
    for (Tariff tariff : Tariff.of(cards, key.serviceTier())) {
      if (tariff.aboveTokens() <= key.aboveTokens()) {
        picos = tariff.ratePicos(input);
      }
    }
    return picos;
  }

  /// The cards, `default` first. A row that has any price has a card for `default`, which may be
  /// empty.
  List<RateCard> cards() {
    Map<CardKey, Map<Billed, Stated>> keys = new TreeMap<>(byCard);
    if (!isEmpty()
        && keys.keySet().stream().noneMatch(key -> key.serviceTier().equals(Bounds.DEFAULT_TIER))) {
      keys.put(new CardKey(Bounds.DEFAULT_TIER, 0), Map.of());
    }
    List<RateCard> cards = new ArrayList<>();
    keys.forEach((key, prices) -> cards.add(card(key, prices)));
    return cards;
  }

  private static RateCard card(CardKey key, Map<Billed, Stated> prices) {
    Map<TokenClass, Long> tokenPicos = new EnumMap<>(TokenClass.class);
    Map<BillingUnit, Long> unitPicos = new EnumMap<>(BillingUnit.class);
    prices.forEach(
        (billed, stated) -> {
          switch (billed) {
            case Billed.Tokens tokens ->
                tokenPicos.put(tokens.tokenClass(), stated.price().picos());
            case Billed.Unit unit -> unitPicos.put(unit.unit(), stated.price().picos());
            case Billed.Tool tool -> throw new IllegalStateException("no card has " + tool);
          }
        });
    return new RateCard(key.serviceTier(), key.aboveTokens(), tokenPicos, unitPicos);
  }

  Map<String, Long> toolPicos() {
    Map<String, Long> picos = new TreeMap<>();
    tools.forEach((tool, stated) -> picos.put(tool, stated.price().picos()));
    return picos;
  }
}
