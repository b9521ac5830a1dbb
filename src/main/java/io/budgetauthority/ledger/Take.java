package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import org.jspecify.annotations.Nullable;

/// One account's part of a reservation: what is to be held of it, and what must be available for
/// that.
///
/// @param leastAvailable null where the hold is taken whatever is available
public record Take(Standing standing, MicroUsd hold, @Nullable MicroUsd leastAvailable) {

  public static Take of(Standing standing, Standing.Estimate estimate) {
    return new Take(standing, standing.hold(estimate), standing.leastAvailable(estimate));
  }
}
