package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.RateShare;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a step of a reservation does to one rate. How much it gives back depends on how the rate
/// refilled since the decision, so the ledger reads the rate for it.
///
/// @param share the rate's share before the step
/// @param due what the call costs or holds after it, in micro-USD
/// @param isGated whether more must fit what is available
public record RateMove(
    String tenantId,
    RateShare share,
    MicroUsd due,
    boolean isGated,
    Instant decidedAt,
    Instant now) {

  public RateKey key() {
    return EnforcedRate.keyOf(tenantId, share);
  }

  /// What the call takes of the rate after the step, in places of the share's refill.
  ///
  /// @param stored the rate as it was just read; null where the ledger does not have it
  public BigInteger takenAfter(@Nullable StoredRate stored) {
    return StoredRate.takenFor(stored, share, due, decidedAt, now);
  }
}
