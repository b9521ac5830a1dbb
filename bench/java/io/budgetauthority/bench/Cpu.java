package io.budgetauthority.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// The CPU time that a JVM has had so far, how much of it its compilers took, which is none once
/// everything is compiled, and how much the consumers of the local stream and queue took, which are
/// functions of their own on AWS. Linux says the latter two; elsewhere they are zero.
record Cpu(Duration process, Duration compilers, Duration consumers) {

  /// The unit of `/proc`, fixed for programs on every Linux.
  private static final long TICK_MILLIS = 10;

  private static final List<String> COMPILERS = List.of("C1 Compil", "C2 Compil");

  /// Linux keeps the first 15 characters of a thread's name.
  private static final List<String> CONSUMERS =
      List.of("decisions-strea", "usage-queue", "elasticmq");

  static Cpu of(ProcessHandle jvm) {
    Path tasks = Path.of("/proc", Long.toString(jvm.pid()), "task");
    return new Cpu(
        jvm.info().totalCpuDuration().orElseThrow(),
        Duration.ofMillis(ticks(tasks, COMPILERS) * TICK_MILLIS),
        Duration.ofMillis(ticks(tasks, CONSUMERS) * TICK_MILLIS));
  }

  /// What remains for what answers requests.
  Duration answering() {
    return process.minus(compilers).minus(consumers);
  }

  Cpu minus(Cpu earlier) {
    return new Cpu(
        process.minus(earlier.process),
        compilers.minus(earlier.compilers),
        consumers.minus(earlier.consumers));
  }

  /// @param names how the names of the threads begin
  private static long ticks(Path tasks, List<String> names) {
    if (!Files.isDirectory(tasks)) {
      return 0;
    }
    try (Stream<Path> threads = Files.list(tasks)) {
      return threads.mapToLong(thread -> ticksOf(thread.resolve("stat"), names)).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// `pid (name) state …`: fields 14 and 15 are the ticks in user and in system mode.
  private static long ticksOf(Path stat, List<String> names) {
    try {
      String line = Files.readString(stat);
      String name = line.substring(line.indexOf('(') + 1, line.lastIndexOf(')'));
      if (names.stream().noneMatch(name::startsWith)) {
        return 0;
      }
      List<String> fields = List.of(line.substring(line.lastIndexOf(')') + 2).split(" ", -1));
      return Long.parseLong(fields.get(11)) + Long.parseLong(fields.get(12));
    } catch (NoSuchFileException _) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
