package io.budgetauthority.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What the operating system says of processes.
final class Processes {

  private static final String LISTENING = "0A";

  private Processes() {}

  /// The Dynoxide that a process started.
  static ProcessHandle dynoxide(ProcessHandle of) {
    return dynoxides(of).findFirst().orElseThrow();
  }

  static Stream<ProcessHandle> dynoxides(ProcessHandle of) {
    return of.descendants()
        .filter(
            process ->
                process.info().command().filter(path -> path.endsWith("/dynoxide")).isPresent());
  }

  /// The folder of the file that a Dynoxide serves.
  static Path folderOf(ProcessHandle dynoxide) {
    List<String> arguments = List.of(dynoxide.info().arguments().orElseThrow());
    Path database = Path.of(arguments.get(arguments.indexOf("--db-path") + 1));
    return Objects.requireNonNull(database.getParent());
  }

  /// The local addresses, in `/proc`'s hexadecimal, that a process listens on.
  static List<String> listeningAddresses(long pid) throws IOException {
    Set<String> sockets;
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      sockets = descriptors.map(Processes::target).collect(Collectors.toSet());
    }
    return Stream.concat(
            Files.readAllLines(Path.of("/proc/net/tcp")).stream(),
            Files.readAllLines(Path.of("/proc/net/tcp6")).stream())
        .skip(1)
        .map(line -> line.strip().split("\\s+"))
        .filter(fields -> fields[3].equals(LISTENING))
        .filter(fields -> sockets.contains("socket:[" + fields[9] + "]"))
        .map(fields -> fields[1].substring(0, fields[1].indexOf(':')))
        .toList();
  }

  /// Waits for a condition.
  static boolean holdsWithin(Duration limit, BooleanSupplier condition)
      throws InterruptedException {
    long giveUpAt = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > giveUpAt) {
        return false;
      }
      Thread.sleep(Duration.ofMillis(10));
    }
    return true;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException _) {
      return "closed meanwhile";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
