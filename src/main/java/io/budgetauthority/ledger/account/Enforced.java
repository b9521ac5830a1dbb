package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.tenant.Mode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// An account or a rate under the ceiling that applies to it, and its test in its mode
/// (protocol.md#modes).
public sealed interface Enforced permits EnforcedAccount, EnforcedRate {

  /// The estimate of a call.
  ///
  /// @param worst the dearest bill that its bounds allow
  /// @param expected the estimate of a soft gate, never above the worst
  /// @param free whether the call uses only approved zero prices; it then fits everywhere, even
  ///   below zero
  record Estimate(MicroUsd worst, MicroUsd expected, boolean free) {}

  /// What tells it from the others of a decision.
  AccountName name();

  Mode mode();

  /// By how much it falls short of the call, in micro-USD; not positive where the call fits.
  MicroUsd shortfall(Estimate estimate);

  /// Whether the call would fit later without any change of the limit: an account once all open
  /// holds are released, a rate once it has refilled.
  boolean fitsByWaiting(Estimate estimate);

  /// When the call would fit at the latest if nothing else is held or charged: at the end of an
  /// account's period, or once a rate has refilled. Null where it would not.
  @Nullable Instant fitsAt(Estimate estimate);

  /// Why the call does not fit, in words.
  String shortfallInWords();

  /// What it holds for the call, in micro-USD.
  default MicroUsd hold(Estimate estimate) {
    return switch (mode()) {
      case HARD_GATE, ADVISORY_ESTIMATE -> estimate.worst();
      case SOFT_GATE -> estimate.expected();
      case ACTUALS_ONLY -> MicroUsd.ZERO;
    };
  }

  /// Whether the call does not fit.
  default boolean isOver(Estimate estimate) {
    return !estimate.free() && shortfall(estimate).isPositive();
  }

  default boolean blocks(Estimate estimate) {
    return mode() != Mode.ADVISORY_ESTIMATE && isOver(estimate);
  }
}
