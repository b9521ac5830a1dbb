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
/// killed meanwhile is started anew. One for each thread; several may use one process.
final class Client {

  private static final long PAUSE_MILLIS = 10;

  private final Process process;

  Client(Process process) {
    this.process = process;
  }

  /// A process that is started again when it was killed.
  static final class Process {

    private final Supplier<Machine> starter;
    private final AtomicLong restarts;
    private Machine machine;

    Process(Supplier<Machine> starter, AtomicLong restarts) {
      this.starter = starter;
      this.restarts = restarts;
      this.machine = starter.get();
    }

    synchronized Machine machine() {
      return machine;
    }

    /// Whoever finds it killed starts it, once.
    synchronized void restart(Machine killed) {
      if (machine.equals(killed)) {
        restarts.incrementAndGet();
        machine = starter.get();
      }
    }
  }

  /// A process whose clock is off by up to half of what the clocks may differ by.
  static Duration skew(RandomGenerator random, Duration allowed) {
    long half = allowed.toMillis() / 2;
    return Duration.ofMillis(random.nextLong(-half, half + 1));
  }

  <T> T untilAnswered(Function<Machine, T> call) {
    while (true) {
      Machine machine = process.machine();
      try {
        return call.apply(machine);
      } catch (FaultInjector.Killed e) {
        process.restart(machine);
      } catch (StorageUnavailable | StorageContended | SdkException e) {
        pause();
      }
    }
  }

  /// One try, of whose answer nothing may be known.
  void once(Function<Machine, ?> call) {
    Machine machine = process.machine();
    try {
      Object unused = call.apply(machine);
    } catch (FaultInjector.Killed e) {
      process.restart(machine);
    } catch (StorageUnavailable | StorageContended | SdkException e) {
      // It gives up.
    }
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
