package io.budgetauthority.record;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;

/// The charge of the best usage report of a call so far.
///
/// @param amount in micro-USD, on every account of the decision
/// @param at when it was reported
public record Charge(
    MicroUsd amount, UsageQuality quality, ChargedUsage usage, Instant at, Reporter reporter) {

  /// Who reported usage. Of two reports with one quality, that of the later constant replaces the
  /// other (protocol.md#who-settles).
  public enum Reporter {
    /// Nobody: the charge is presumed.
    SWEEPER,
    AGENT,
    /// A gateway, or a message of the usage queue.
    GATEWAY
  }

  /// The charge of a call whose usage nobody reported.
  public static Charge presumed(MicroUsd estimate, Instant at) {
    return new Charge(estimate, UsageQuality.PRESUMED, ChargedUsage.UNKNOWN, at, Reporter.SWEEPER);
  }

  public boolean isPresumed() {
    return quality == UsageQuality.PRESUMED;
  }

  /// Whether this charge replaces another one.
  public boolean isBetterThan(Charge other) {
    return quality.isBetterThan(other.quality)
        || (quality == other.quality && reporter.compareTo(other.reporter) > 0);
  }
}
