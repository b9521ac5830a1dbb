package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.tenant.Refill;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A rate as the ledger has it (ledger.md#rates).
///
/// @param emptyUntil the place at which all that was taken is refilled, in the terms of `refill`; a
///   place that has passed means that the whole burst is available
/// @param refill how it refills
/// @param burst the most that it has available at one time, in micro-USD
/// @param refilledBefore what it had refilled under earlier terms beyond what `refill` would have,
///   in micro-USD; zero where its terms never changed
/// @param changedAt when `refill` last changed; null where it never did
/// @param version the state of the configuration that its terms came from
public record StoredRate(
    RateKey key,
    BigInteger emptyUntil,
    Refill refill,
    MicroUsd burst,
    BigInteger refilledBefore,
    @Nullable Instant changedAt,
    LimitVersion version) {

  /// The place at which the same amount is refilled under other terms.
  BigInteger emptyUntilUnder(Refill other, Instant now) {
    if (other.equals(refill)) {
      return emptyUntil;
    }
    BigInteger owed = emptyUntil.subtract(refill.placeOf(now)).max(BigInteger.ZERO);
    return other.placeOf(now).add(refill.placesIn(other, owed));
  }

  /// What it refilled since 1970 until an instant, in micro-USD, rounded down.
  BigInteger refilledUntil(Instant instant) {
    return refilledBefore.add(refill.refilledUntil(instant));
  }

  /// What a call takes of a rate once it is known to cost an amount, or holds that amount, in
  /// places of the share's refill. What it took beyond that is given back, except what the rate has
  /// refilled since the decision: it was available to others, so giving it back would make it
  /// available twice.
  ///
  /// @param stored null where the ledger does not have the rate
  /// @param due what the call costs or holds from now on
  static BigInteger takenFor(
      @Nullable StoredRate stored, RateShare share, MicroUsd due, Instant decidedAt, Instant now) {
    Refill refill = share.refill();
    BigInteger refilled =
        stored == null || stored.isUnchangedSince(share, decidedAt)
            ? refill.refilledIn(Duration.between(decidedAt, now))
            : refill.placesOf(stored.refilledSince(share, decidedAt, now));
    return refilled.min(share.taken()).max(refill.placesOf(due));
  }

  private boolean isUnchangedSince(RateShare share, Instant decidedAt) {
    return share.refill().equals(refill) && (changedAt == null || !changedAt.isAfter(decidedAt));
  }

  /// What it refilled since a decision, in micro-USD, rounded up.
  private BigInteger refilledSince(RateShare share, Instant decidedAt, Instant now) {
    BigInteger atDecision =
        share.refilled() == null ? share.refill().refilledUntil(decidedAt) : share.refilled();
    return refilledUntil(now).add(BigInteger.ONE).subtract(atDecision).max(BigInteger.ZERO);
  }
}
