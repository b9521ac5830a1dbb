package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.store.Ceilings;
import java.time.Clock;
import java.util.List;
import java.util.function.LongPredicate;

/// Deletes a ceiling. Its account stays.
public final class DeleteCeiling {

  private final ConfigurationWriter writer;
  private final Ceilings ceilings;
  private final Clock clock;

  public DeleteCeiling(ConfigurationWriter writer, Ceilings ceilings, Clock clock) {
    this.writer = writer;
    this.ceilings = ceilings;
    this.clock = clock;
  }

  /// The outcome of a deletion.
  public enum Result {
    DONE,
    /// No such ceiling exists.
    UNKNOWN,
    /// The version that is stored is not the one that the caller requires.
    PRECONDITION_FAILED
  }

  /// @param by who deletes it
  /// @param precondition what the stored version must be
  public Result delete(
      Caller by, ScopeId scopeId, CeilingWindow window, LongPredicate precondition) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline,
        CeilingChange.nameOf(scopeId),
        () -> {
          CeilingSet before = ceilings.now(scopeId);
          if (!before.byWindow().containsKey(window)) {
            return Attempt.done(Result.UNKNOWN);
          }
          if (!precondition.test(before.version())) {
            return Attempt.done(Result.PRECONDITION_FAILED);
          }
          CeilingSet after = before.without(window);
          CeilingChange change =
              new CeilingChange(by, scopeId, window, clock.instant(), before, after);
          if (!writer.write(
              change.with(ceilings, List.of()), deadline, () -> ceilings.evict(scopeId))) {
            return Attempt.conflict();
          }
          ceilings.cacheIfNewer(scopeId, after);
          return Attempt.done(Result.DONE);
        });
  }
}
