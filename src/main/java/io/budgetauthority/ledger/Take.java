package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;

/// One account's part of a decision: what is held of it, and under which condition.
public record Take(Standing standing, MicroUsd hold, Gate gate) {

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
    return new Take(standing, standing.hold(estimate), standing.gate(estimate));
  }

  /// The account is touched, so that the decision's usage can be charged to it, and holds nothing.
  public static Take ofNothing(Standing standing) {
    return new Take(standing, MicroUsd.ZERO, new Gate.Open());
  }
}
