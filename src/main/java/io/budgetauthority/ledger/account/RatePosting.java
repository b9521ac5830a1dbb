package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.tenant.Refill;
import java.math.BigInteger;
import java.time.Instant;

/// A change of what is taken of one rate, by a step of a reservation.
///
/// @param refill how the rate refilled at the decision
/// @param burst the most that the rate has available at one time
/// @param change in places of `refill`; negative where something is given back
/// @param isGated whether the change must fit what is available
public record RatePosting(
    RateKey rate, Refill refill, MicroUsd burst, BigInteger change, boolean isGated, Instant at) {

  public boolean isNothing() {
    return change.signum() == 0;
  }
}
