package io.budgetauthority.price;

import java.util.Comparator;

/// Identifies a rate card of a row: that of a service tier for inputs above a length. The default
/// tier sorts first, and within a tier the shortest input.
///
/// @param serviceTier the tier, such as `default`
/// @param aboveTokens the input tokens above which the card applies; 0 for any input
public record CardKey(String serviceTier, long aboveTokens) implements Comparable<CardKey> {

  private static final Comparator<CardKey> ORDER =
      Comparator.comparing((CardKey key) -> !key.serviceTier.equals(Bounds.DEFAULT_TIER))
          .thenComparing(CardKey::serviceTier)
          .thenComparingLong(CardKey::aboveTokens);

  @Override
  public int compareTo(CardKey other) {
    return ORDER.compare(this, other);
  }
}
