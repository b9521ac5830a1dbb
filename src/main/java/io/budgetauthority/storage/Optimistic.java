package io.budgetauthority.storage;

import java.util.function.Supplier;

/// Repeats work whose write is conditioned on what it read, until no other writer was first.
public final class Optimistic {

  /// The first attempts follow each other at once. After them, each waits for a random time, so
  /// that many writers of one item do not meet again.
  private static final int ATTEMPTS_AT_ONCE = 3;

  private Optimistic() {}

  /// The outcome of one attempt to read, compute and write.
  public sealed interface Attempt<T> {

    /// It is written, or there was nothing to write.
    record Done<T>(T result) implements Attempt<T> {}

    /// Another writer changed what was read, so nothing is written.
    record Conflict<T>() implements Attempt<T> {}

    static <T> Attempt<T> done(T result) {
      return new Done<>(result);
    }

    static <T> Attempt<T> conflict() {
      return new Conflict<>();
    }
  }

  /// The result of the first attempt that meets no other writer. Throws [StorageContended] where
  /// none does by the deadline.
  ///
  /// @param what is contended, for the message
  public static <T> T retry(Deadline deadline, String what, Supplier<Attempt<T>> attempt) {
    return retry(Integer.MAX_VALUE, deadline, what, attempt);
  }

  /// The same with a maximum of attempts.
  public static <T> T retry(
      int maxAttempts, Deadline deadline, String what, Supplier<Attempt<T>> attempt) {
    for (int number = 1; number <= maxAttempts; number++) {
      if (attempt.get() instanceof Attempt.Done<T>(T result)) {
        return result;
      }
      if (deadline.isPast() || (number >= ATTEMPTS_AT_ONCE && !deadline.pause())) {
        break;
      }
    }
    throw new StorageContended(what + " changed at every attempt");
  }
}
