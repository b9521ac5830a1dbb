package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.tenant.Refill;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A change of what is taken of one rate, by a step of a reservation.
///
/// @param refill how the rate refilled at the decision
/// @param change in places of that refill; negative where something is given back
/// @param burst the rate's burst where the change must fit it; null where it is posted whatever is
///   available
public record RatePosting(
    RateKey rate, Refill refill, BigInteger change, @Nullable MicroUsd burst, Instant at) {

  public boolean isNothing() {
    return change.signum() == 0;
  }
}
