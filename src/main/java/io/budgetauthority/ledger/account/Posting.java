package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import org.jspecify.annotations.Nullable;

/// A change of the sums of one account, or of one shard of it. It has a condition where it holds
/// more. What is available changes with the limit, and by the opposite of the two other amounts,
/// which keeps ledger.md#balance whatever the amounts are.
///
/// @param limitChange the limit that other shards of the account give to it; negative for what it
///   gives (ledger.md#shards)
/// @param leastAvailable what must be available for it; null where it is posted whatever is
///   available
/// @param makes whether the shard did not exist when it was read, and is made by this
public record Posting(
    AccountKey account,
    MicroUsd reservedChange,
    MicroUsd committedChange,
    MicroUsd limitChange,
    @Nullable MicroUsd leastAvailable,
    boolean makes) {

  /// A change that moves no limit.
  public Posting(
      AccountKey account,
      MicroUsd reservedChange,
      MicroUsd committedChange,
      @Nullable MicroUsd leastAvailable) {
    this(account, reservedChange, committedChange, MicroUsd.ZERO, leastAvailable, false);
  }

  /// A change that is posted whatever is available.
  public Posting(AccountKey account, MicroUsd reservedChange, MicroUsd committedChange) {
    this(account, reservedChange, committedChange, null);
  }

  /// A part of the limit that moves to or from a shard.
  static Posting ofLimit(AccountKey shard, MicroUsd change, @Nullable MicroUsd leastAvailable) {
    return new Posting(shard, MicroUsd.ZERO, MicroUsd.ZERO, change, leastAvailable, false);
  }

  /// The same move of limit without what is held. What gives limit keeps its condition.
  public Posting limitAlone() {
    return ofLimit(account, limitChange, limitChange.isNegative() ? leastAvailable : null);
  }

  public MicroUsd availableChange() {
    return limitChange.minus(reservedChange).minus(committedChange);
  }

  /// What it makes available without moving limit, in micro-USD; zero where it takes.
  MicroUsd freed() {
    MicroUsd freed = MicroUsd.ZERO.minus(reservedChange).minus(committedChange);
    return freed.isPositive() ? freed : MicroUsd.ZERO;
  }

  /// Whether it may take more of a shard than the shard has. Only the head of an account may be in
  /// debt.
  public boolean mayOverdraw() {
    return account.shard() != 0 && leastAvailable == null && availableChange().isNegative();
  }

  /// The same change of a shard, in which the head gives what the shard lacks, and the head's part.
  ///
  /// @param available what the shard has available
  public Covered coveredBy(MicroUsd available) {
    MicroUsd takes = MicroUsd.ZERO.minus(availableChange());
    MicroUsd own = available.isNegative() ? MicroUsd.ZERO : available;
    MicroUsd lacks = takes.compareTo(own) > 0 ? takes.minus(own) : MicroUsd.ZERO;
    return new Covered(
        new Posting(
            account,
            reservedChange,
            committedChange,
            limitChange.plus(lacks),
            takes.minus(lacks),
            makes),
        ofLimit(account.head(), MicroUsd.ZERO.minus(lacks), null));
  }

  /// A change of a shard that the head covers.
  public record Covered(Posting ofShard, Posting ofHead) {}

  /// One change that does what this one and then a later one does, under a condition that lets it
  /// be written only where both could be. Null where there is none.
  public @Nullable Posting then(Posting later) {
    if (makes || later.makes) {
      return null;
    }
    MicroUsd least = leastAvailable;
    if (later.leastAvailable != null) {
      MicroUsd before = later.leastAvailable.minus(availableChange());
      least = least == null || before.compareTo(least) > 0 ? before : least;
    }
    return new Posting(
        account,
        reservedChange.plus(later.reservedChange),
        committedChange.plus(later.committedChange),
        limitChange.plus(later.limitChange),
        least,
        false);
  }

  public boolean isNothing() {
    return reservedChange.equals(MicroUsd.ZERO)
        && committedChange.equals(MicroUsd.ZERO)
        && limitChange.equals(MicroUsd.ZERO)
        && !makes;
  }
}
