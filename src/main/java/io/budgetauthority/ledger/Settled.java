package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;

/// The best usage report of a reservation so far: its charge, its quality, its particulars, its
/// time and who reported it. The settlement package writes the particulars, and the ledger does not
/// read them.
public record Settled(
    MicroUsd charge, UsageQuality quality, String particulars, Instant at, Reporter reporter) {

  /// Who reported usage. Of two reports with one quality, that of the later constant replaces the
  /// other (protocol.md#who-settles).
  public enum Reporter {
    /// Nobody: the charge is presumed.
    SWEEPER,
    AGENT,
    /// A gateway, or a message of the usage queue.
    GATEWAY
  }

  /// Whether this report replaces another one.
  boolean isBetterThan(Settled other) {
    return quality.isBetterThan(other.quality)
        || (quality == other.quality && reporter.compareTo(other.reporter) > 0);
  }
}
