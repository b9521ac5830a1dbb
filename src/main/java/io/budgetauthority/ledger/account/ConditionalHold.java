package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;

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

  /// By how much less is available.
  MicroUsd total() {
    return hold.plus(charge);
  }
}
