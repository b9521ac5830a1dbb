package io.budgetauthority.ledger;

import io.budgetauthority.record.Tuple;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a decision does to a run.
public sealed interface RunChange {
  /// The run that it creates, or as it was read.
  Run run();

  /// Creates the run, with its first hold in its account.
  ///
  /// @param parent its parent as it was read; null where it has none, or did not exist
  record Start(Run run, @Nullable Run parent) implements RunChange {}

  /// Renews the run. The write's holds include its account.
  ///
  /// @param counts whether the run counts as active and new from now on, if it did not before
  /// @param countedOn the shards that it is counted on where it is counted now
  record Renew(
      Run seen,
      Tuple completed,
      Instant now,
      Instant expiresAt,
      boolean counts,
      Run.CountedOn countedOn)
      implements RunChange {

    public Renew(Run seen, Tuple completed, Instant now, Instant expiresAt, boolean counts) {
      this(seen, completed, now, expiresAt, counts, Run.CountedOn.HEADS);
    }

    @Override
    public Run run() {
      return seen;
    }

    /// Whether counters of runs change with it.
    boolean isCounted() {
      return (counts && !seen.counted()) || !completed.equals(seen.tuple());
    }

    Renew countedOn(Run.CountedOn shards) {
      return counts ? new Renew(seen, completed, now, expiresAt, true, shards) : this;
    }

    /// Whether the head of a run with several shards has to be written for it. The run ends no
    /// earlier than its calls say, so most of them leave its end as it is.
    boolean changesHead() {
      return isCounted() || seen.expiresAt().isBefore(expiresAt);
    }

    /// The same with a later end, so that the calls of some time need not move it.
    Renew ahead() {
      Duration step = Duration.between(now, expiresAt).dividedBy(RunItem.STEPS_OF_A_LIFE);
      return new Renew(seen, completed, now, expiresAt.plus(step), counts, countedOn);
    }

    /// Whether both do the same to the run, and neither counts it.
    boolean isLike(Renew other) {
      return !isCounted()
          && !other.isCounted()
          && completed.equals(other.completed)
          && counts == other.counts
          && seen.tuple().equals(other.seen.tuple())
          && seen.counted() == other.seen.counted();
    }

    /// The one with the later end; null where there is none.
    static @Nullable Renew last(@Nullable Renew one, @Nullable Renew other) {
      if (one == null || other == null) {
        return one == null ? other : one;
      }
      return one.expiresAt.isAfter(other.expiresAt) ? one : other;
    }
  }
}
