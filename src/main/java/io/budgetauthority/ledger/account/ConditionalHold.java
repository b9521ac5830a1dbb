package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import java.util.Optional;

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

  /// By how much less is available.
  MicroUsd total() {
    return hold.plus(charge);
  }
}
