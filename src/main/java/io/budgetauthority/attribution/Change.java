package io.budgetauthority.attribution;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.RunClosed;
import io.budgetauthority.ledger.Settled;
import io.budgetauthority.ledger.StreamRecord;
import io.budgetauthority.ledger.UsageQuality;
import io.budgetauthority.money.MicroUsd;
import org.jspecify.annotations.Nullable;

/// What a record of the decisions' stream says.
public sealed interface Change {

  /// A decision was made, or took a step.
  ///
  /// @param before null where it was made
  /// @param decision the decision after the step
  /// @param usage what it was charged by; nothing where it is not settled, or was presumed
  record Stepped(
      @Nullable Reservation before,
      Reservation after,
      StoredDecision decision,
      StoredDecision.Usage usage)
      implements Change {

    private static Stepped of(@Nullable Reservation before, Reservation after) {
      Settled settled = after.settled();
      return new Stepped(
          before,
          after,
          StoredDecision.read(after.facts()),
          settled == null
              ? StoredDecision.Usage.NOTHING
              : StoredDecision.usage(settled.particulars()));
    }

    /// The charge before it; null where there was none.
    public @Nullable Settled settledBefore() {
      return before == null ? null : before.settled();
    }

    /// By how much a better report changed a charge; null where no charge was replaced.
    @Nullable MicroUsd correction() {
      Settled old = settledBefore();
      if (old == null || old.equals(after.settled())) {
        return null;
      }
      return after.charge().minus(old.charge());
    }

    /// By how much the charge is above the estimate; null where it is not, or where no decision was
    /// made before the call.
    public @Nullable MicroUsd overrun() {
      Settled settled = after.settled();
      return settled != null
              && !decision.unreserved()
              && settled.charge().compareTo(after.estimate()) > 0
          ? settled.charge().minus(after.estimate())
          : null;
    }

    public boolean presumed() {
      return after.settled() != null && after.settled().quality() == UsageQuality.PRESUMED;
    }
  }

  /// A run has ended.
  record RunEnded(RunClosed run) implements Change {}

  /// An item was deleted at the end of its retention. Its amounts stay in the sums.
  record Removed() implements Change {}

  /// Reads a record. A record that cannot be read gets an [IllegalStateException] or an
  /// [IllegalArgumentException].
  static Change read(StreamRecord record) {
    if (record.isRemoval()) {
      return new Removed();
    }
    if (record.runClosed().isPresent()) {
      return new RunEnded(record.runClosed().get());
    }
    return Stepped.of(record.reservationBefore().orElse(null), record.reservation());
  }

  /// A decision as it is now, without the step that led to it.
  static Stepped current(Reservation reservation) {
    return Stepped.of(null, reservation);
  }
}
