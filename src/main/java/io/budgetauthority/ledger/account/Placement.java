package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The shard that a hold is taken on, and the limit that is moved for it (ledger.md#shards). Limit
/// is moved and never made: what one shard gets, others give. Pure.
///
/// @param shard the shard that takes the hold
/// @param moved by how much the limits of other shards change, in micro-USD, by their numbers. What
///   they give is negative. The shard of the hold gets the opposite of their sum
public record Placement(int shard, Map<Integer, MicroUsd> moved) {

  /// A shard that has so many times what a hold needs gives limit to another one.
  private static final int PLENTY = 8;

  public Placement {
    moved = Map.copyOf(moved);
  }

  /// What the shard of the hold gets, in micro-USD.
  public MicroUsd gets() {
    MicroUsd sum = MicroUsd.ZERO;
    for (MicroUsd change : moved.values()) {
      sum = sum.minus(change);
    }
    return sum;
  }

  /// The changes of the other shards, each under the condition that it has what it gives, or that
  /// its debt is no deeper than it was.
  public List<Posting> givenBy(Shards shards) {
    List<Posting> postings = new ArrayList<>();
    moved.forEach(
        (number, change) ->
            postings.add(
                Posting.ofLimit(
                    shards.key(number),
                    change,
                    change.isNegative() ? MicroUsd.ZERO.minus(change) : shards.available(number))));
    return postings;
  }

  /// A hold that fits its shard, or has no condition.
  static Placement on(int shard) {
    return new Placement(shard, Map.of());
  }

  /// Where a hold that needs this much available is taken. Where the drawn shard does not have it,
  /// and no shard has plenty, another shard takes it. So what is left at the end of a limit comes
  /// together on few shards. Empty where the shards that were read do not have it together.
  static Optional<Placement> of(Shards shards, MicroUsd least) {
    int own = shards.own();
    if (shards.debt().isPositive() || shards.has(own, least) || !shards.isWhole()) {
      return onOwn(shards, least);
    }
    if (shards.numbersFromOwn().stream()
        .anyMatch(number -> isPlenty(shards.available(number), least))) {
      return onOwn(shards, least);
    }
    for (int number : shards.numbersFromOwn()) {
      if (shards.has(number, least)) {
        return Optional.of(on(number));
      }
    }
    return collected(shards, least);
  }

  /// Whether an amount is many times what a hold needs.
  static boolean isPlenty(MicroUsd available, MicroUsd least) {
    return available.isPositive() && available.micros() / PLENTY >= least.micros();
  }

  /// The first shard that has anything takes the hold. The ones after it give all that they have,
  /// until that is enough.
  private static Optional<Placement> collected(Shards shards, MicroUsd least) {
    Map<Integer, MicroUsd> moved = new TreeMap<>();
    MicroUsd sum = MicroUsd.ZERO;
    int taker = -1;
    for (int number : shards.numbersFromOwn()) {
      MicroUsd available = shards.available(number);
      if (!available.isPositive()) {
        continue;
      }
      sum = sum.plus(available);
      if (taker < 0) {
        taker = number;
      } else {
        moved.put(number, MicroUsd.ZERO.minus(available));
      }
      if (sum.compareTo(least) >= 0) {
        return Optional.of(new Placement(taker, moved));
      }
    }
    return Optional.empty();
  }

  /// Where a hold is taken that must be on one shard, because something is held there already. A
  /// hold on a shard other than the head pays the head's debt with it. Empty where the shards that
  /// were read do not have it.
  static Optional<Placement> onOwn(Shards shards, MicroUsd least) {
    int own = shards.own();
    MicroUsd debt = own == 0 ? MicroUsd.ZERO : shards.debt();
    MicroUsd need = least.minus(shards.available(own)).plus(debt);
    if (!debt.isPositive() && !need.isPositive()) {
      return Optional.of(on(own));
    }
    if (!shards.isWhole()) {
      return Optional.empty();
    }
    Map<Integer, MicroUsd> moved = new TreeMap<>();
    if (debt.isPositive()) {
      moved.put(0, debt);
    }
    if (!need.isPositive()) {
      return Optional.of(new Placement(own, moved));
    }
    List<Integer> givers = givers(shards);
    if (!debt.isPositive()) {
      for (int giver : givers) {
        MicroUsd available = shards.available(giver);
        if (available.compareTo(need) >= 0 && hasHalfOfTheMost(shards, available)) {
          moved.put(giver, MicroUsd.ZERO.minus(evenly(shards, giver, need)));
          return Optional.of(new Placement(own, moved));
        }
      }
    }
    MicroUsd missing = need;
    for (int giver : richestFirst(shards, givers)) {
      MicroUsd given = shards.available(giver);
      given = given.compareTo(missing) > 0 ? missing : given;
      moved.put(giver, MicroUsd.ZERO.minus(given));
      missing = missing.minus(given);
      if (!missing.isPositive()) {
        return Optional.of(new Placement(own, moved));
      }
    }
    return Optional.empty();
  }

  /// The shards that have something to give, from the one after the shard of the hold on. That
  /// shard is drawn, so two calls ask different ones.
  private static List<Integer> givers(Shards shards) {
    return shards.numbersFromOwn().stream()
        .filter(number -> number != shards.own() && shards.available(number).isPositive())
        .toList();
  }

  private static List<Integer> richestFirst(Shards shards, List<Integer> givers) {
    return givers.stream()
        .sorted(Comparator.comparing(shards::available, Comparator.reverseOrder()))
        .toList();
  }

  private static boolean hasHalfOfTheMost(Shards shards, MicroUsd available) {
    for (int number = 0; number < shards.count(); number++) {
      if (shards.available(number).compareTo(available.plus(available)) > 0) {
        return false;
      }
    }
    return true;
  }

  /// What makes the giver and the shard of the hold equal, at least what is needed and at most what
  /// the giver has. The head of a soft gate may be further below zero than the giver is above.
  private static MicroUsd evenly(Shards shards, int giver, MicroUsd need) {
    MicroUsd available = shards.available(giver);
    MicroUsd difference = available.minus(shards.available(shards.own()));
    MicroUsd half = MicroUsd.of(difference.micros() / 2);
    MicroUsd given = half.compareTo(available) > 0 ? available : half;
    return given.compareTo(need) > 0 ? given : need;
  }
}
