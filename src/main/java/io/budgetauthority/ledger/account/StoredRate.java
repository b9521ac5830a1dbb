package io.budgetauthority.ledger.account;

import io.budgetauthority.record.RateKey;
import io.budgetauthority.tenant.Refill;
import java.math.BigInteger;
import java.time.Instant;

/// A rate as the ledger has it (ledger.md#rates).
///
/// @param emptyUntil the place at which all that was taken is refilled, in the terms of `refill`; a
///   place that has passed means that the whole burst is available
/// @param refill how it refilled when it was last written
/// @param version the state of the configuration that `refill` came from
public record StoredRate(RateKey key, BigInteger emptyUntil, Refill refill, LimitVersion version) {

  /// The place at which the same amount is refilled under other terms.
  BigInteger emptyUntilUnder(Refill other, Instant now) {
    if (other.equals(refill)) {
      return emptyUntil;
    }
    BigInteger owed = emptyUntil.subtract(refill.placeOf(now)).max(BigInteger.ZERO);
    return other.placeOf(now).add(refill.placesIn(other, owed));
  }
}
