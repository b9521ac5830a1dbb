package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;

/// The best usage report about a reservation so far: what is charged for it, how good the report
/// is, the particulars as the settlement package wrote them, which the ledger does not read, and
/// who reported it.
public record Settled(
    MicroUsd charge, UsageQuality quality, String particulars, Instant at, Reporter reporter) {

  /// Who reported usage. Of two reports of one quality the later constant's stands
  /// (protocol.md#who-settles).
  public enum Reporter {
    /// Nobody: the sweeper presumed it.
    SWEEPER,
    AGENT,
    /// A gateway, or a message of the usage queue.
    GATEWAY
  }

  /// Whether this report takes the place of another one.
  boolean isBetterThan(Settled other) {
    return quality.isBetterThan(other.quality)
        || (quality == other.quality && reporter.compareTo(other.reporter) > 0);
  }
}
