package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.record.AccountKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A decision to write.
///
/// @param holds one for every account that it touches, except the account of a run that it starts
/// @param rates one for every rate that it touches
/// @param runs the changes of the runs that it is held against; empty for a block
/// @param counters the counters of the runs of its key, user and tenant that it increments
public record DecisionWrite(
    Reservation reservation,
    List<ConditionalHold> holds,
    List<RateHold> rates,
    List<RunChange> runs,
    List<RunCounter> counters) {
  public DecisionWrite {
    holds = List.copyOf(holds);
    rates = List.copyOf(rates);
    runs = List.copyOf(runs);
    counters = List.copyOf(counters);
  }

  /// A decision that touches no account, such as a block.
  public static DecisionWrite of(Reservation reservation) {
    return new DecisionWrite(reservation, List.of(), List.of(), List.of(), List.of());
  }

  /// The same write, in which no counter of runs has a maximum.
  public DecisionWrite withoutRunLimits() {
    return new DecisionWrite(
        reservation, holds, rates, runs, counters.stream().map(RunCounter::unlimited).toList());
  }

  RunChange.@Nullable Renew renewalOf(ConditionalHold hold) {
    AccountKey account = hold.enforced().account().key();
    for (RunChange change : runs) {
      if (change instanceof RunChange.Renew renew && renew.seen().account().key().equals(account)) {
        return renew;
      }
    }
    return null;
  }
}
