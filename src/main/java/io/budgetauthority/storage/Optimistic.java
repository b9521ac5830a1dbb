package io.budgetauthority.storage;

import java.util.function.IntFunction;
import java.util.function.Supplier;

/// Repeats work whose write is conditioned on what it read, until no other writer was first.
public final class Optimistic {

  /// The first attempts follow each other at once. After them, each waits for a random time, so
  /// that many writers of one item do not meet again.
  private static final int ATTEMPTS_AT_ONCE = 3;

  /// How many attempts that found an item busy are followed at once by one that uses other items.
  private static final int BUSY_AT_ONCE = 2;

  private Optimistic() {}

  /// The outcome of one attempt to read, compute and write.
  public sealed interface Attempt<T> {

    /// It is written, or there was nothing to write.
    record Done<T>(T result) implements Attempt<T> {}

    /// Another writer changed what was read, so nothing is written.
    record Conflict<T>() implements Attempt<T> {}

    /// Another transaction was writing an item, so nothing is written. The next attempt may use
    /// other items.
    record Busy<T>() implements Attempt<T> {}

    static <T> Attempt<T> done(T result) {
      return new Done<>(result);
    }

    static <T> Attempt<T> conflict() {
      return new Conflict<>();
    }

    static <T> Attempt<T> busy() {
      return new Busy<>();
    }
  }

  /// The result of the first attempt that meets no other writer. Throws [StorageContended] where
  /// none does by the deadline.
  ///
  /// @param what is contended, for the message
  public static <T> T retry(Deadline deadline, String what, Supplier<Attempt<T>> attempt) {
    return retry(Integer.MAX_VALUE, deadline, what, busy -> attempt.get());
  }

  /// The same with a maximum of attempts. The first ones that found an item busy do not count, and
  /// the next ones follow at once.
  ///
  /// @param attempt is told how many attempts found an item busy
  public static <T> T retry(
      int maxAttempts, Deadline deadline, String what, IntFunction<Attempt<T>> attempt) {
    int number = 1;
    int busy = 0;
    do {
      switch (attempt.apply(busy)) {
        case Attempt.Done<T>(T result) -> {
          return result;
        }
        case Attempt.Busy<T> it -> {
          if (busy >= BUSY_AT_ONCE) {
            if (!deadline.pause()) {
              throw contended(what);
            }
            number++;
          }
          busy++;
        }
        case Attempt.Conflict<T> it -> {
          if (number >= ATTEMPTS_AT_ONCE && !deadline.pause()) {
            throw contended(what);
          }
          number++;
        }
      }
    } while (number <= maxAttempts && !deadline.isPast());
    throw contended(what);
  }

  private static StorageContended contended(String what) {
    return new StorageContended(what + " changed at every attempt");
  }
}
