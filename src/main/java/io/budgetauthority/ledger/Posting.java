package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import org.jspecify.annotations.Nullable;

/// A change of one account's sums, under a condition where it takes more of it. What is available
/// moves by the opposite of both, which keeps ledger.md#balance whatever the amounts are.
///
/// @param leastAvailable what must be available for it; null where it is posted whatever is
public record Posting(
    AccountKey account,
    MicroUsd reservedChange,
    MicroUsd committedChange,
    @Nullable MicroUsd leastAvailable) {

  public Posting(AccountKey account, MicroUsd reservedChange, MicroUsd committedChange) {
    this(account, reservedChange, committedChange, null);
  }

  public MicroUsd availableChange() {
    return MicroUsd.ZERO.minus(reservedChange).minus(committedChange);
  }

  public boolean isNothing() {
    return reservedChange.equals(MicroUsd.ZERO) && committedChange.equals(MicroUsd.ZERO);
  }
}
