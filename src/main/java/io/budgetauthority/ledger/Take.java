package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;

/// One account's part of a decision: what is held of it or charged to it, and under which
/// condition.
///
/// @param charge what is charged at once, for what was used before it was entered
public record Take(Standing standing, MicroUsd hold, MicroUsd charge, Gate gate) {

  /// The condition that an account must meet for the hold to be taken.
  public sealed interface Gate {
    /// None: the hold is taken whatever the sums are.
    record Open() implements Gate {}

    /// This much must be available.
    record AtLeast(MicroUsd available) implements Gate {}

    /// Less than the limit must be committed.
    record NotSpent() implements Gate {}
  }

  /// What the account's mode holds for an estimate, under the mode's condition.
  public static Take of(Standing standing, Standing.Estimate estimate) {
    return new Take(standing, standing.hold(estimate), MicroUsd.ZERO, standing.gate(estimate));
  }

  /// The account is touched, so that the decision's usage can be charged to it, and holds nothing.
  public static Take ofNothing(Standing standing) {
    return ofCharge(standing, MicroUsd.ZERO);
  }

  /// The account is charged, whatever its sums are, and holds nothing.
  public static Take ofCharge(Standing standing, MicroUsd charge) {
    return new Take(standing, MicroUsd.ZERO, charge, new Gate.Open());
  }

  /// What is taken of what is available.
  MicroUsd total() {
    return hold.plus(charge);
  }
}
