package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import java.math.BigInteger;

/// One rate's part of a decision: what is held on it or charged to it, and whether that much must
/// be available.
///
/// @param taken what it takes, in places of the rate's refill
public record RateHold(EnforcedRate rate, MicroUsd hold, BigInteger taken, boolean gated) {

  /// What the rate's mode holds for an estimate, under the mode's condition.
  public static RateHold of(EnforcedRate rate, Enforced.Estimate estimate) {
    MicroUsd hold = rate.hold(estimate);
    return new RateHold(
        rate,
        hold,
        rate.refill().placesOf(hold),
        !estimate.free() && rate.mode() != Mode.ADVISORY_ESTIMATE);
  }

  /// The rate is charged, whatever is available, and holds nothing.
  ///
  /// @param owed the part of the charge that is not refilled yet, in places of the rate's refill
  public static RateHold ofCharge(EnforcedRate rate, BigInteger owed) {
    return new RateHold(rate, MicroUsd.ZERO, owed, false);
  }
}
