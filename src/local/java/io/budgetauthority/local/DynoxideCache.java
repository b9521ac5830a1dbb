package io.budgetauthority.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// The folder in the user's cache that has Dynoxide for all checkouts. The program is created
/// beside the folder and moved there in one step, so that nobody sees half a program. Other
/// processes that need it at the same time wait for the one that creates it.
///
/// @param home the folder of this version
record DynoxideCache(Path home) {

  private static final Duration MADE_BY_ANOTHER_WITHIN = Duration.ofMinutes(15);

  static DynoxideCache of(Function<String, Optional<String>> environment) {
    return new DynoxideCache(
        environment
            .apply("XDG_CACHE_HOME")
            .filter(folder -> !folder.isBlank())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
            .resolve("budget-authority")
            .resolve("dynoxide-" + DynoxideRelease.VERSION));
  }

  Path program() {
    return home.resolve("bin").resolve("dynoxide");
  }

  boolean hasProgram() {
    return Files.isExecutable(program());
  }

  /// Downloads the program.
  ///
  /// @return why the download failed; empty if it succeeded
  Optional<String> download(DynoxideRelease release, Consumer<String> say)
      throws IOException, InterruptedException {
    return make(
        unfinished -> {
          say.accept(
              "Downloading dynoxide "
                  + DynoxideRelease.VERSION
                  + ", the local DynamoDB, from "
                  + release.base()
                  + ": once for all checkouts.");
          try {
            release.download(unfinished);
          } catch (DynoxideRelease.Refused e) {
            return Optional.of(e.reason());
          }
          return notThisVersion(program(unfinished));
        });
  }

  /// Builds the program.
  ///
  /// @return the last line that cargo wrote if the build failed; empty if it succeeded
  Optional<String> build(Path cargo, Consumer<String> say)
      throws IOException, InterruptedException {
    return make(
        unfinished -> {
          say.accept(
              "Building dynoxide "
                  + DynoxideRelease.VERSION
                  + ", the local DynamoDB, with cargo (dynoxide-rs "
                  + DynoxideProgram.CRATE
                  + "): once for all checkouts, about two minutes.");
          Path log = beside("log");
          ProcessBuilder install =
              new ProcessBuilder(
                  cargo.toString(),
                  "install",
                  "dynoxide-rs",
                  "--version",
                  DynoxideProgram.CRATE,
                  "--locked",
                  "--no-default-features",
                  "--features",
                  "native-sqlite,http-server,cli",
                  "--root",
                  unfinished.toString());
          return ended(install, log) == 0
              ? Optional.empty()
              : Optional.of(DynoxideProgram.lastLine(log));
        });
  }

  /// What is wrong with a program that should be this version of the server; empty if nothing is.
  private Optional<String> notThisVersion(Path program) throws IOException, InterruptedException {
    Path log = beside("log");
    String expected = "dynoxide " + DynoxideRelease.VERSION;
    try {
      int code = ended(new ProcessBuilder(program.toString(), "--version"), log);
      String said = DynoxideProgram.lastLine(log);
      return code == 0 && said.equals(expected)
          ? Optional.empty()
          : Optional.of("the program calls itself " + said + ", not " + expected);
    } catch (IOException e) {
      return Optional.of("the program cannot be run: " + e.getMessage());
    }
  }

  /// Creates the program in a folder, and returns why it failed.
  @FunctionalInterface
  private interface Making {
    Optional<String> in(Path unfinished) throws IOException, InterruptedException;
  }

  private Optional<String> make(Making making) throws IOException, InterruptedException {
    try (FileLockHeld _ = FileLockHeld.take(beside("lock"), MADE_BY_ANOTHER_WITHIN).orElseThrow()) {
      if (hasProgram()) {
        return Optional.empty();
      }
      Path unfinished = beside("unfinished");
      DataFolder.remove(unfinished);
      Optional<String> failure = making.in(unfinished);
      if (failure.isEmpty()) {
        DataFolder.remove(home);
        Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
      } else {
        DataFolder.remove(unfinished);
      }
      return failure;
    }
  }

  private Path beside(String suffix) {
    return home.resolveSibling(home.getFileName() + "." + suffix);
  }

  private static Path program(Path folder) {
    return new DynoxideCache(folder).program();
  }

  private static int ended(ProcessBuilder command, Path log)
      throws IOException, InterruptedException {
    Process process = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    process.getOutputStream().close();
    return process.waitFor();
  }
}
