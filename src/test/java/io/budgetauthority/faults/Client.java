package io.budgetauthority.faults;

import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import software.amazon.awssdk.core.exception.SdkException;

/// A caller that sends a request again, as it stands, until it is answered; a process that was
/// killed meanwhile is started anew. One for each thread.
final class Client {

  private static final long PAUSE_MILLIS = 10;

  private final Supplier<Machine> starter;
  private final AtomicLong restarts;
  private Machine machine;

  Client(Supplier<Machine> starter, AtomicLong restarts) {
    this.starter = starter;
    this.restarts = restarts;
    this.machine = starter.get();
  }

  /// A process whose clock is off by up to half of what the clocks may differ by.
  static Duration skew(RandomGenerator random, Duration allowed) {
    long half = allowed.toMillis() / 2;
    return Duration.ofMillis(random.nextLong(-half, half + 1));
  }

  <T> T untilAnswered(Function<Machine, T> call) {
    while (true) {
      try {
        return call.apply(machine);
      } catch (FaultInjector.Killed e) {
        restart();
      } catch (StorageUnavailable | StorageContended | SdkException e) {
        pause();
      }
    }
  }

  /// One try, of whose answer nothing may be known.
  void once(Function<Machine, ?> call) {
    try {
      Object unused = call.apply(machine);
    } catch (FaultInjector.Killed e) {
      restart();
    } catch (StorageUnavailable | StorageContended | SdkException e) {
      // It gives up.
    }
  }

  private void restart() {
    restarts.incrementAndGet();
    machine = starter.get();
  }

  static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
