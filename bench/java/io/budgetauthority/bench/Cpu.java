package io.budgetauthority.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// The CPU time that a JVM has had so far, and how much of it its compilers took, which is none
/// once everything is compiled. Linux says the latter; elsewhere it is zero.
record Cpu(Duration process, Duration compilers) {

  /// The unit of `/proc`, fixed for programs on every Linux.
  private static final long TICK_MILLIS = 10;

  private static final String[] COMPILERS = {"C1 Compil", "C2 Compil"};

  static Cpu of(ProcessHandle jvm) {
    return new Cpu(
        jvm.info().totalCpuDuration().orElseThrow(),
        Duration.ofMillis(
            compilerTicks(Path.of("/proc", Long.toString(jvm.pid()), "task")) * TICK_MILLIS));
  }

  Cpu minus(Cpu earlier) {
    return new Cpu(process.minus(earlier.process), compilers.minus(earlier.compilers));
  }

  private static long compilerTicks(Path tasks) {
    if (!Files.isDirectory(tasks)) {
      return 0;
    }
    try (Stream<Path> threads = Files.list(tasks)) {
      return threads.mapToLong(thread -> compilerTicksOf(thread.resolve("stat"))).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// `pid (name) state …`: fields 14 and 15 are the ticks in user and in system mode.
  private static long compilerTicksOf(Path stat) {
    try {
      String line = Files.readString(stat);
      String name = line.substring(line.indexOf('(') + 1, line.lastIndexOf(')'));
      if (Stream.of(COMPILERS).noneMatch(name::startsWith)) {
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
