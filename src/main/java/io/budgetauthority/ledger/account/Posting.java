package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import org.jspecify.annotations.Nullable;

/// A change of one account's sums. It has a condition where it holds more. What is available
/// changes by the opposite of both amounts, which keeps ledger.md#balance whatever the amounts are.
///
/// @param leastAvailable what must be available for it; null where it is posted whatever is
///   available
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
