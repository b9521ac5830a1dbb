package io.budgetauthority.attribution;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.RunClosed;
import io.budgetauthority.ledger.increase.IncreaseEnded;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import org.jspecify.annotations.Nullable;

/// What a record of the decisions' stream says.
public sealed interface Change {

  /// A decision was made, or took a step.
  ///
  /// @param before null where it was made
  record Stepped(@Nullable Reservation before, Reservation after) implements Change {

    public Decision decision() {
      return after.decision();
    }

    /// The provider that served the call, as far as it is known, else that of the held model.
    public @Nullable String provider() {
      String served = usage().provider();
      return served == null ? decision().model().provider() : served;
    }

    /// The model that served the call, as far as it is known, else the held one.
    public @Nullable String model() {
      String served = usage().model();
      return served == null ? decision().model().held() : served;
    }

    /// What it was charged by; nothing where it is not settled, or was presumed.
    private ChargedUsage usage() {
      Charge charge = after.charge();
      return charge == null ? ChargedUsage.UNKNOWN : charge.usage();
    }

    /// The charge before it; null where there was none.
    public @Nullable Charge chargeBefore() {
      return before == null ? null : before.charge();
    }

    /// By how much a better report changed a charge, in micro-USD; null where no charge was
    /// replaced.
    @Nullable MicroUsd correction() {
      Charge old = chargeBefore();
      return old == null || old.equals(after.charge()) ? null : after.charged().minus(old.amount());
    }

    public boolean isPresumed() {
      return after.charge() != null && after.charge().isPresumed();
    }
  }

  /// A run has ended.
  record RunEnded(RunClosed run) implements Change {}

  /// An increase has ended.
  record IncreaseOver(IncreaseEnded increase) implements Change {}

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
    if (record.increaseEnded().isPresent()) {
      return new IncreaseOver(record.increaseEnded().get());
    }
    return new Stepped(record.reservationBefore().orElse(null), record.reservation());
  }

  /// A decision as it is now, without the step that led to it.
  static Stepped current(Reservation reservation) {
    return new Stepped(null, reservation);
  }
}
