package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.tenant.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One account's part of a decision: what is held on it or charged to it, and under which
/// condition.
///
/// @param charge what is charged at once, for a call that was made without a reservation
public record ConditionalHold(
    EnforcedAccount enforced, MicroUsd hold, MicroUsd charge, Condition condition) {

  /// The condition on an account under which the amount is held.
  public sealed interface Condition {
    /// No condition: the amount is held whatever the sums are.
    record None() implements Condition {}

    /// This much must be available.
    record AtLeast(MicroUsd available) implements Condition {}

    /// Less than the limit must be committed.
    record NotSpent() implements Condition {}
  }

  /// What the account's mode holds for an estimate, under the mode's condition.
  public static ConditionalHold of(EnforcedAccount enforced, Enforced.Estimate estimate) {
    return new ConditionalHold(
        enforced, enforced.hold(estimate), MicroUsd.ZERO, enforced.condition(estimate));
  }

  /// The account is touched, so that the decision's usage can be charged to it, and holds nothing.
  public static ConditionalHold zero(EnforcedAccount enforced) {
    return ofCharge(enforced, MicroUsd.ZERO);
  }

  /// The account is charged, whatever its sums are, and holds nothing.
  public static ConditionalHold ofCharge(EnforcedAccount enforced, MicroUsd charge) {
    return new ConditionalHold(enforced, MicroUsd.ZERO, charge, new Condition.None());
  }

  /// One hold that takes what this one and then another one takes, of an account that both saw
  /// alike. Empty where no one condition is that of both. For an account that is not stored yet, no
  /// condition is written, so both must fit the limit.
  public Optional<ConditionalHold> then(ConditionalHold later) {
    Optional<Condition> both = condition(condition, later.condition, total());
    boolean fits =
        enforced.stored() != null
            || both.filter(it -> it instanceof Condition.AtLeast)
                .map(it -> ((Condition.AtLeast) it).available())
                .filter(least -> least.compareTo(enforced.account().limit()) > 0)
                .isEmpty();
    return fits
        ? both.map(
            it ->
                new ConditionalHold(enforced, hold.plus(later.hold), charge.plus(later.charge), it))
        : Optional.empty();
  }

  /// @param before what the first one takes before the second
  private static Optional<Condition> condition(Condition first, Condition second, MicroUsd before) {
    return switch (first) {
      case Condition.None none when second instanceof Condition.AtLeast least ->
          Optional.of(new Condition.AtLeast(least.available().plus(before)));
      case Condition.AtLeast least when second instanceof Condition.AtLeast other -> {
        MicroUsd after = other.available().plus(before);
        yield Optional.of(
            after.compareTo(least.available()) > 0 ? new Condition.AtLeast(after) : least);
      }
      case Condition.AtLeast least when second instanceof Condition.None -> Optional.of(least);
      case Condition.None none when second instanceof Condition.None -> Optional.of(none);
      case Condition.NotSpent notSpent
          when second instanceof Condition.NotSpent && before.equals(MicroUsd.ZERO) ->
          Optional.of(notSpent);
      case Condition one -> Optional.empty();
    };
  }

  /// Where it is taken on an account with several shards; empty where those that were read do not
  /// have it. Only `hard_gate` uses other shards than the head (ledger.md#shards).
  public Optional<Placement> placement() {
    Shards shards = shards();
    if (shards == null) {
      return Optional.of(Placement.on(0));
    }
    boolean isGate = enforced.mode() == Mode.HARD_GATE;
    return switch (condition) {
      case Condition.AtLeast least ->
          isGate
              ? Placement.of(shards, least.available())
              : Placement.onOwn(shards.holdingOn(0), least.available());
      case Condition.None none ->
          Optional.of(Placement.on(isGate && total().equals(MicroUsd.ZERO) ? shards.own() : 0));
      case Condition.NotSpent notSpent -> Optional.of(Placement.on(0));
    };
  }

  /// Whether it may be taken on another shard than it is. Other modes use the head alone.
  public boolean mayUseOthers() {
    return shards() != null && enforced.mode() == Mode.HARD_GATE;
  }

  /// Whether it may be on any of several shards, and the account has less than one such hold for
  /// each of them.
  public boolean isScarce() {
    Shards shards = shards();
    return shards != null
        && mayUseOthers()
        && enforced.account().available().micros() / shards.count() < total().micros();
  }

  /// Whether it is taken where it is because of what all shards had when they were read.
  public boolean dependsOnReading() {
    Shards shards = shards();
    return shards != null
        && mayUseOthers()
        && placement().filter(Placement.on(shards.own())::equals).isEmpty();
  }

  /// The shards of the account that it is of; null for an account of one item.
  public @Nullable Shards shards() {
    return enforced.shards();
  }

  /// The account's share of the decision.
  public AccountShare share() {
    return enforced.share(placement().map(Placement::shard).orElse(0), hold, charge);
  }

  /// What it changes on each of the shards of an account that is split. What `actuals_only` has
  /// spent was judged when all shards were read, and has no condition here.
  public List<Posting> postings() {
    Shards shards = Objects.requireNonNull(shards(), "an account that is split");
    Placement placement = placement().orElseThrow();
    int own = placement.shard();
    List<Posting> postings = new ArrayList<>();
    postings.add(
        new Posting(
            shards.key(own),
            hold,
            charge,
            placement.gets(),
            condition instanceof Condition.AtLeast least && shards.exists(own)
                ? least.available().minus(placement.gets())
                : null,
            !shards.exists(own)));
    postings.addAll(placement.givenBy(shards));
    return postings;
  }

  /// The moves of limit that it needs, without the hold.
  public List<Posting> limitMoves() {
    Shards shards = Objects.requireNonNull(shards(), "an account that is split");
    Placement placement = placement().orElseThrow();
    List<Posting> moves = new ArrayList<>(placement.givenBy(shards));
    moves.add(
        new Posting(
            shards.key(placement.shard()),
            MicroUsd.ZERO,
            MicroUsd.ZERO,
            placement.gets(),
            null,
            !shards.exists(placement.shard())));
    return moves;
  }

  /// How the limit is divided among shards if this makes the account.
  public Division division(int shards) {
    return shards == 1 ? Division.NONE : Division.of(shards, this);
  }

  /// By how much less is available.
  MicroUsd total() {
    return hold.plus(charge);
  }
}
