package io.budgetauthority.ledger.shard;

import java.time.Duration;
import java.util.UUID;

/// Draws which shards the calls of a process use. Where a process writes together all that waits,
/// the calls that come at the same time use the same shard. Else each call draws for itself. Safe
/// for use by many threads.
public final class SharedDraw {

  private static final long SLICE_NANOS = Duration.ofMillis(20).toNanos();

  private final boolean isShared;
  private volatile Slice slice = new Slice(Long.MIN_VALUE, 0);

  public SharedDraw(boolean isShared) {
    this.isShared = isShared;
  }

  /// What was drawn for a part of time.
  private record Slice(long number, long drawn) {}

  /// What a call draws at first.
  public long current() {
    if (!isShared) {
      return fresh();
    }
    long number = System.nanoTime() / SLICE_NANOS;
    Slice current = slice;
    if (current.number() != number) {
      current = new Slice(number, fresh());
      slice = current;
    }
    return current.drawn();
  }

  /// What one call draws for itself. Processes that were restored from one memory image must draw
  /// different numbers. A generator with its state in memory does not ensure that.
  public static long fresh() {
    return UUID.randomUUID().getLeastSignificantBits();
  }
}
