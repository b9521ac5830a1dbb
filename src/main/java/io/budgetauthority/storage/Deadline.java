package io.budgetauthority.storage;

import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.ThreadLocalRandom;

/// The time by which DynamoDB must answer a request, and the pauses between attempts. It uses the
/// monotonic clock, because it measures a duration.
public final class Deadline {

  /// How long a writer waits before it sends again, drawn so that writers do not meet again.
  public enum Pause {
    /// 2 to 12 ms: as long as DynamoDB locks the items of a transaction.
    SHORT(2, 12),
    /// 5 to 50 ms.
    LONG(5, 50);

    private final int minMillis;
    private final int maxMillis;

    Pause(int minMillis, int maxMillis) {
      this.minMillis = minMillis;
      this.maxMillis = maxMillis;
    }
  }

  /// How long the calls of one request may take together (protocol.md#outage).
  private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(2_500);

  /// How long a look-up of configuration that failed is sent again. The client sends each call
  /// several times by itself, and during an outage the rules for it should apply soon.
  private static final Duration LOOK_UP_TIMEOUT = Duration.ofMillis(300);

  private final long endNanos;

  private Deadline(long endNanos) {
    this.endNanos = endNanos;
  }

  public static Deadline in(Duration timeout) {
    return new Deadline(System.nanoTime() + timeout.toNanos());
  }

  /// The deadline of the calls of one request.
  public static Deadline ofRequest() {
    return in(REQUEST_TIMEOUT);
  }

  /// The deadline of one look-up of configuration.
  public static Deadline ofLookUp() {
    return in(LOOK_UP_TIMEOUT);
  }

  /// The first of some deadlines to pass.
  public static Deadline earliest(Collection<Deadline> deadlines) {
    return deadlines.stream()
        .min((one, other) -> Long.signum(one.endNanos - other.endNanos))
        .orElseThrow();
  }

  /// The time that is left, at least a millisecond.
  public Duration remaining() {
    return Duration.ofNanos(Math.max(1_000_000, endNanos - System.nanoTime()));
  }

  public boolean isPast() {
    return System.nanoTime() - endNanos >= 0;
  }

  /// Waits a random time of 5 to 50 ms. False, without waiting, where the deadline would pass
  /// meanwhile.
  boolean pause() {
    return pause(Pause.LONG);
  }

  boolean pause(Pause pause) {
    long pauseMillis = ThreadLocalRandom.current().nextInt(pause.minMillis, pause.maxMillis + 1);
    if (System.nanoTime() + pauseMillis * 1_000_000 >= endNanos) {
      return false;
    }
    try {
      Thread.sleep(pauseMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    return true;
  }
}
