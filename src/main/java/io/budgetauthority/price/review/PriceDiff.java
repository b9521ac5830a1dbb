package io.budgetauthority.price.review;

import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.CardKey;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.review.PriceReview.Finding;
import io.budgetauthority.price.review.PriceReview.Meaning;
import io.budgetauthority.price.review.PriceReview.Move;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Compares a table with the one before it. A price that either table states is compared with the
/// price that applied in the other, whether stated or not. So a class that newly has a price of its
/// own changes from the price of its whole.
public final class PriceDiff {

  /// 1,000 USD for a million tokens.
  private static final long SUSPECT_ABOVE_PICOS = 1_000_000_000;

  private static final Set<String> WRITES_TEXT = Set.of("chat", "completion", "responses");

  private final Map<String, Price> before = new TreeMap<>();
  private final Map<String, Price> after = new TreeMap<>();
  private final List<Move> moves = new ArrayList<>();
  private final List<Move> ups = new ArrayList<>();

  private PriceDiff(@Nullable PriceTable before, PriceTable after) {
    if (before != null) {
      before.rows().forEach(row -> this.before.put(row.model(), row));
    }
    after.rows().forEach(row -> this.after.put(row.model(), row));
    this.before.forEach(
        (model, row) -> {
          Price now = this.after.get(model);
          if (now != null) {
            compare(row, now);
          }
        });
  }

  /// The review of `after`, with what its import noted.
  public static PriceReview review(
      @Nullable PriceTable before, PriceTable after, ImportNotes notes) {
    PriceDiff diff = new PriceDiff(before, after);
    return new PriceReview(
        after.version(),
        before == null ? null : before.version(),
        diff.after.size(),
        onlyIn(diff.after, diff.before),
        onlyIn(diff.before, diff.after),
        diff.changed(),
        diff.ups,
        diff.moves.stream().filter(move -> !diff.ups.contains(move)).toList(),
        zeros(diff.after, false),
        names(diff.after.values().stream().filter(row -> !priced(row)).toList()),
        suspects(diff.after.values()),
        before == null ? List.of() : meanings(before, after),
        notes.untrustedWrites(),
        notes.variants(),
        notes.notApplied(),
        notes.keptOut(),
        notes.unknownFields(),
        zeros(diff.after, true),
        List.of());
  }

  /// Every name that meant a row and now means another one, alone and with each provider.
  private static List<Meaning> meanings(PriceTable before, PriceTable after) {
    Set<String> names = new TreeSet<>();
    Set<String> providers = new TreeSet<>();
    for (PriceTable table : List.of(before, after)) {
      for (Price row : table.rows()) {
        names.addAll(row.names());
        providers.add(row.provider());
        int slash = row.model().indexOf('/');
        if (slash > 0) {
          providers.add(row.model().substring(0, slash));
        }
      }
    }
    List<Meaning> meanings = new ArrayList<>();
    for (String name : names) {
      addMeaning(before, after, null, name, meanings);
      for (String provider : providers) {
        addMeaning(before, after, provider, name, meanings);
      }
    }
    return meanings;
  }

  private static void addMeaning(
      PriceTable before,
      PriceTable after,
      @Nullable String provider,
      String name,
      List<Meaning> into) {
    PriceTable.Found was = before.find(provider, name);
    PriceTable.Found is = after.find(provider, name);
    // A name that means nothing in one of them was added or removed, which the review lists
    // elsewhere.
    if (was instanceof PriceTable.Found.Unknown || is instanceof PriceTable.Found.Unknown) {
      return;
    }
    String from = rowOf(was);
    String to = rowOf(is);
    if (!Objects.equals(from, to)) {
      into.add(new Meaning(provider, name, from, to));
    }
  }

  private static @Nullable String rowOf(PriceTable.Found found) {
    return found instanceof PriceTable.Found.Row row ? row.price().model() : null;
  }

  private static List<RowName> zeros(Map<String, Price> rows, boolean approved) {
    return names(
        rows.values().stream()
            .filter(row -> priced(row) && row.allZero() && row.zeroApproved() == approved)
            .toList());
  }

  private static boolean priced(Price row) {
    return !row.cards().isEmpty();
  }

  private static List<RowName> onlyIn(Map<String, Price> rows, Map<String, Price> others) {
    return names(rows.values().stream().filter(row -> !others.containsKey(row.model())).toList());
  }

  private static List<RowName> names(List<Price> rows) {
    return rows.stream().map(RowName::of).toList();
  }

  private List<RowName> changed() {
    return names(
        after.values().stream()
            .filter(row -> !beside(row).equals(beside(before.getOrDefault(row.model(), row))))
            .toList());
  }

  /// What a row states besides its prices.
  private static List<Object> beside(Price row) {
    return List.of(
        row.provider(),
        row.mode(),
        row.aliases(),
        String.valueOf(row.windowTokens()),
        String.valueOf(row.outputLimitTokens()),
        row.sharedWindow(),
        row.capabilities(),
        row.regions(),
        row.speeds(),
        row.variants());
  }

  private void compare(Price was, Price is) {
    Set<CardKey> keys =
        new TreeSet<>(
            Comparator.comparing(CardKey::serviceTier).thenComparingLong(CardKey::aboveTokens));
    was.cards().forEach(card -> keys.add(new CardKey(card.serviceTier(), card.aboveTokens())));
    is.cards().forEach(card -> keys.add(new CardKey(card.serviceTier(), card.aboveTokens())));
    for (CardKey key : keys) {
      Tariff tariffBefore = tariff(was, key);
      Tariff tariffNow = tariff(is, key);
      for (TokenClass it : TokenClass.values()) {
        if (states(was, key, it) || states(is, key, it)) {
          move(is, key, it.wireName(), rate(tariffBefore, it), rate(tariffNow, it));
        }
      }
      for (BillingUnit it : BillingUnit.values()) {
        move(is, key, it.wireName(), unitRate(tariffBefore, it), unitRate(tariffNow, it));
      }
    }
    Set<String> tools = new TreeSet<>(was.toolPicos().keySet());
    tools.addAll(is.toolPicos().keySet());
    for (String tool : tools) {
      move(
          is,
          new CardKey(Bounds.DEFAULT_TIER, 0),
          tool,
          was.toolPicos().getOrDefault(tool, Tariff.NO_PRICE),
          is.toolPicos().getOrDefault(tool, Tariff.NO_PRICE));
    }
  }

  private static boolean states(Price row, CardKey key, TokenClass tokenClass) {
    return row.cards().stream()
        .anyMatch(
            card ->
                card.aboveTokens() == key.aboveTokens()
                    && card.serviceTier().equals(key.serviceTier())
                    && card.tokenPicos().containsKey(tokenClass));
  }

  private static @Nullable Tariff tariff(Price row, CardKey key) {
    Tariff applies = null;
    for (Tariff tariff : row.tariffs(key.serviceTier())) {
      applies = tariff.aboveTokens() <= key.aboveTokens() ? tariff : applies;
    }
    return applies;
  }

  private static long rate(@Nullable Tariff tariff, TokenClass tokenClass) {
    return tariff == null ? Tariff.NO_PRICE : tariff.ratePicos(tokenClass);
  }

  private static long unitRate(@Nullable Tariff tariff, BillingUnit unit) {
    return tariff == null ? Tariff.NO_PRICE : tariff.unitPicos(unit);
  }

  private void move(Price row, CardKey key, String priced, long from, long to) {
    if (from != to) {
      Move move =
          new Move(row.model(), priced, key.serviceTier(), key.aboveTokens(), usd(from), usd(to));
      moves.add(move);
      if (to > from) {
        ups.add(move);
      }
    }
  }

  private static @Nullable String usd(long picos) {
    return picos == Tariff.NO_PRICE ? null : new PicoUsd(picos).toString();
  }

  private static List<Finding> suspects(Collection<Price> rows) {
    List<Finding> suspects = new ArrayList<>();
    for (Price row : rows) {
      for (RateCard card : row.cards()) {
        for (TokenClass it : TokenClass.values()) {
          Long picos = card.tokenPicos().get(it);
          if (picos != null && picos > SUSPECT_ABOVE_PICOS) {
            suspects.add(suspect(row, card, it, picos, "above 1,000 USD a million tokens"));
          }
        }
        if (writesForNothing(row, card)) {
          suspects.add(
              suspect(row, card, TokenClass.OUTPUT, 0, "output for nothing beside priced input"));
        }
      }
    }
    return suspects;
  }

  private static boolean writesForNothing(Price row, RateCard card) {
    return WRITES_TEXT.contains(row.mode())
        && card.tokenPicos().getOrDefault(TokenClass.INPUT, 0L) > 0
        && card.tokenPicos().getOrDefault(TokenClass.OUTPUT, 1L) == 0;
  }

  private static Finding suspect(
      Price row, RateCard card, TokenClass tokenClass, long picos, String reason) {
    String above = card.aboveTokens() == 0 ? "" : " above " + card.aboveTokens() + " tokens";
    return new Finding(
        row.model(),
        card.serviceTier() + " " + tokenClass.wireName() + above,
        new PicoUsd(picos).toString(),
        reason);
  }
}
