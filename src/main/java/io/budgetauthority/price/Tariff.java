package io.budgetauthority.price;

import io.budgetauthority.money.PicoUsd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What a row charges within one service tier and one length of input. Every class and unit is
/// resolved in advance, so that pricing only multiplies. Where a card of the row does not state a
/// class, the class's price outside the card applies or the card's price of the class's whole,
/// whichever is dearer (pricing.md#which-price).
public final class Tariff {

  /// What a class of token or a unit without a price has.
  public static final long NO_PRICE = -1;

  private static final TokenClass[] CLASSES = TokenClass.values();

  private final long aboveTokens;
  private final long[] ratePicos = new long[CLASSES.length];
  private final boolean[] ownPrice = new boolean[CLASSES.length];
  private final long[] unitPicos = new long[BillingUnit.values().length];

  private Tariff(long aboveTokens) {
    this.aboveTokens = aboveTokens;
  }

  /// The tariffs of one service tier by rising length of input; empty where the row does not price
  /// the tier.
  public static List<Tariff> of(List<RateCard> cards, String serviceTier) {
    if (cards.stream().noneMatch(card -> card.serviceTier().equals(serviceTier))) {
      return List.of();
    }
    TreeSet<Long> lengths = new TreeSet<>();
    lengths.add(0L);
    cards.forEach(card -> lengths.add(card.aboveTokens()));
    List<Tariff> tariffs = new ArrayList<>();
    for (long aboveTokens : lengths) {
      tariffs.add(resolve(new Cards(cards, new ArrayList<>(lengths)), serviceTier, aboveTokens));
    }
    return List.copyOf(tariffs);
  }

  private static Tariff resolve(Cards cards, String serviceTier, long aboveTokens) {
    Tariff tariff = new Tariff(aboveTokens);
    for (TokenClass tokenClass : CLASSES) {
      long own = cards.tokenPicos(tokenClass, serviceTier, aboveTokens);
      tariff.ownPrice[tokenClass.ordinal()] = own != NO_PRICE;
      tariff.ratePicos[tokenClass.ordinal()] = own;
    }
    for (TokenClass tokenClass : CLASSES) {
      if (!tariff.hasOwnPrice(tokenClass)) {
        tariff.ratePicos[tokenClass.ordinal()] = tariff.priceOfWhole(tokenClass);
      }
    }
    for (BillingUnit unit : BillingUnit.values()) {
      tariff.unitPicos[unit.ordinal()] = cards.unitPicos(unit, serviceTier, aboveTokens);
    }
    return tariff;
  }

  /// The price of the class's whole. A class that is a whole itself has the dearest price of its
  /// side.
  private long priceOfWhole(TokenClass tokenClass) {
    TokenClass whole = tokenClass.whole();
    TokenClass other = otherWhole(tokenClass);
    long price = whole == null ? dearestPicos(tokenClass.isInput()) : ratePicos[whole.ordinal()];
    return other == null ? price : Math.max(price, ratePicos[other.ordinal()]);
  }

  /// The second whole of a class that belongs to both divisions, by cache and by modality. Such a
  /// token is charged at the dearer of the prices of its two wholes.
  private static @Nullable TokenClass otherWhole(TokenClass tokenClass) {
    return switch (tokenClass) {
      case CACHE_READ_AUDIO, CACHE_WRITE_AUDIO -> TokenClass.INPUT_AUDIO;
      case CACHE_READ_IMAGE -> TokenClass.INPUT_IMAGE;
      default -> null;
    };
  }

  /// The tokens of input above which it applies.
  public long aboveTokens() {
    return aboveTokens;
  }

  /// Pico-USD a token, or [#NO_PRICE] where nothing on the side of the class has a price.
  public long ratePicos(TokenClass tokenClass) {
    return ratePicos[tokenClass.ordinal()];
  }

  /// Whether the row states a price for the class itself.
  public boolean hasOwnPrice(TokenClass tokenClass) {
    return ownPrice[tokenClass.ordinal()];
  }

  /// Pico-USD of one unit; [#NO_PRICE] where it has none.
  public long unitPicos(BillingUnit unit) {
    return unitPicos[unit.ordinal()];
  }

  private long dearestPicos(boolean input) {
    long dearest = NO_PRICE;
    for (TokenClass tokenClass : CLASSES) {
      if (tokenClass.isInput() == input) {
        dearest = Math.max(dearest, ratePicos[tokenClass.ordinal()]);
      }
    }
    return dearest;
  }

  /// The cards of a row. They give the price of a class as a card states it, or as it applies from
  /// outside the card.
  private record Cards(List<RateCard> cards, List<Long> lengths) {

    long tokenPicos(TokenClass tokenClass, String serviceTier, long aboveTokens) {
      RateCard card = card(serviceTier, aboveTokens);
      Long stated = card == null ? null : card.tokenPicos().get(tokenClass);
      if (stated != null) {
        return stated;
      }
      long outside = NO_PRICE;
      for (CardKey key : outsideOf(serviceTier, aboveTokens)) {
        outside = Math.max(outside, tokenPicos(tokenClass, key.serviceTier(), key.aboveTokens()));
      }
      return outside == NO_PRICE || card == null
          ? outside
          : Math.max(outside, ofWhole(card, tokenClass));
    }

    /// The card's price of what the class is a part of, at any level; [#NO_PRICE] where the card
    /// states no part of that.
    private long ofWhole(RateCard card, TokenClass tokenClass) {
      TokenClass other = otherWhole(tokenClass);
      long price = other == null ? NO_PRICE : card.tokenPicos().getOrDefault(other, NO_PRICE);
      TokenClass whole = tokenClass.whole();
      for (TokenClass above = whole; above != null; above = above.whole()) {
        if (whole != null && card.tokenPicos().containsKey(above)) {
          return Math.max(price, tokenPicos(whole, card.serviceTier(), card.aboveTokens()));
        }
      }
      return price;
    }

    long unitPicos(BillingUnit unit, String serviceTier, long aboveTokens) {
      RateCard card = card(serviceTier, aboveTokens);
      Long stated = card == null ? null : card.unitPicos().get(unit);
      if (stated != null) {
        return stated;
      }
      long outside = NO_PRICE;
      for (CardKey key : outsideOf(serviceTier, aboveTokens)) {
        outside = Math.max(outside, unitPicos(unit, key.serviceTier(), key.aboveTokens()));
      }
      return outside;
    }

    private List<CardKey> outsideOf(String serviceTier, long aboveTokens) {
      List<CardKey> outside = new ArrayList<>(2);
      int length = lengths.indexOf(aboveTokens);
      if (length > 0) {
        outside.add(new CardKey(serviceTier, lengths.get(length - 1)));
      }
      if (!serviceTier.equals(Bounds.DEFAULT_TIER)) {
        outside.add(new CardKey(Bounds.DEFAULT_TIER, aboveTokens));
      }
      return outside;
    }

    private @Nullable RateCard card(String serviceTier, long aboveTokens) {
      for (RateCard card : cards) {
        if (card.aboveTokens() == aboveTokens && card.serviceTier().equals(serviceTier)) {
          return card;
        }
      }
      return null;
    }
  }

  /// Adds the prices of all classes that have one of their own, and of all units, by wire name.
  /// They are for people and for the decision record.
  void describe(Map<String, String> into) {
    for (TokenClass tokenClass : CLASSES) {
      if (ownPrice[tokenClass.ordinal()]) {
        into.put(tokenClass.wireName(), new PicoUsd(ratePicos(tokenClass)).toString());
      }
    }
    for (BillingUnit unit : BillingUnit.values()) {
      if (unitPicos(unit) != NO_PRICE) {
        into.put(unit.wireName(), new PicoUsd(unitPicos(unit)).toString());
      }
    }
  }
}
