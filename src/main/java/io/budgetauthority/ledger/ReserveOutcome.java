package io.budgetauthority.ledger;

import io.budgetauthority.ledger.counter.RunCounter;

/// The outcome of a write.
public sealed interface ReserveOutcome {
  record Reserved() implements ReserveOutcome {}

  /// The key was used before, and this is stored under it.
  record AlreadyDecided(Reservation stored) implements ReserveOutcome {}

  /// Accounts or runs were no longer as they had been read. The caller reads and decides again.
  record Conflict() implements ReserveOutcome {}

  /// Another transaction was writing a shard. The caller uses another one at once.
  record Busy() implements ReserveOutcome {}

  /// A counter of runs has reached its maximum.
  ///
  /// @param count how many runs it counts
  record OverLimit(RunCounter counter, long count) implements ReserveOutcome {
    /// The count and the limit, in words.
    public String reason() {
      return switch (counter.of()) {
            case ACTIVE_OF_KEY -> "key " + counter.id() + " has " + count + " active runs";
            case ACTIVE_OF_USER -> "user " + counter.id() + " has " + count + " active runs";
            case NEW_ON_DAY -> count + " runs were begun on " + counter.id();
          }
          + ", the limit is "
          + counter.max();
    }
  }
}
