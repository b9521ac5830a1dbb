package io.budgetauthority.local;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;

/// Dynoxide, a DynamoDB server on SQLite, as something that can be started. It is looked for on the
/// PATH and in the user's cache, then built by `cargo` into that cache, which all checkouts share,
/// then taken from its container image.
sealed interface DynoxideProgram {

  /// The crate's version. Its image carries the server's own number, [#IMAGE].
  String VERSION = "3.2.0";

  /// The image of the same server.
  String IMAGE = "ghcr.io/nubo-db/dynoxide:1.5";

  /// The command that serves a database on a port of 127.0.0.1.
  List<String> command(int port, Path database);

  /// A program on this machine.
  record Executable(Path path) implements DynoxideProgram {
    @Override
    public List<String> command(int port, Path database) {
      return List.of(
          path.toString(),
          "--host",
          "127.0.0.1",
          "--port",
          Integer.toString(port),
          "--db-path",
          database.toString(),
          "--log",
          "quiet");
    }
  }

  /// The container image, run by the Docker of this machine.
  record Image(Path docker) implements DynoxideProgram {
    @Override
    public List<String> command(int port, Path database) {
      return List.of(
          docker.toString(),
          "run",
          "--rm",
          "--publish",
          "127.0.0.1:" + port + ":8000",
          "--volume",
          database.getParent() + ":/data",
          IMAGE,
          "serve",
          "--host",
          "0.0.0.0",
          "--port",
          "8000",
          "--db-path",
          "/data/" + database.getFileName());
    }
  }

  /// Finds the program, and installs it where there is none yet.
  ///
  /// @throws LocalCloudUnavailable naming the ways to have one, where there is none
  static DynoxideProgram find() throws IOException, InterruptedException {
    return find(name -> Optional.ofNullable(System.getenv(name)));
  }

  /// As [#find()], in an environment.
  static DynoxideProgram find(Function<String, Optional<String>> environment)
      throws IOException, InterruptedException {
    String path = environment.apply("PATH").orElse("");
    Optional<Path> onPath = onPath("dynoxide", path);
    if (onPath.isPresent()) {
      return new Executable(onPath.get());
    }
    Path home =
        environment
            .apply("XDG_CACHE_HOME")
            .filter(folder -> !folder.isBlank())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
            .resolve("budget-authority")
            .resolve("dynoxide-" + VERSION);
    Path cached = home.resolve("bin").resolve("dynoxide");
    if (Files.isExecutable(cached)) {
      return new Executable(cached);
    }
    Optional<Path> cargo = onPath("cargo", path);
    String trouble = "";
    if (cargo.isPresent()) {
      Optional<String> failure = install(cargo.get(), home);
      if (failure.isEmpty()) {
        return new Executable(cached);
      }
      trouble = " (cargo was tried: " + failure.get() + ")";
    }
    Optional<Path> docker = onPath("docker", path);
    if (docker.isPresent() && succeeds(List.of(docker.get().toString(), "info"))) {
      return new Image(docker.get());
    }
    throw new LocalCloudUnavailable(
        "There is no DynamoDB for this desk. Any of these gives it one: set BUDGET_LOCAL_DYNAMODB"
            + " to an endpoint, put dynoxide on the PATH, install Rust's cargo, which then builds"
            + " it once, or start Docker"
            + trouble
            + ".");
  }

  /// A program in one of the folders of a PATH.
  static Optional<Path> onPath(String program, String path) {
    return Stream.of(path.split(File.pathSeparator, -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, program))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  /// Builds the program beside its home and moves it there in one step, so that nobody ever sees
  /// half of one. Processes that want it at the same time wait for the one that builds.
  ///
  /// @return what cargo said last, where it failed
  private static Optional<String> install(Path cargo, Path home)
      throws IOException, InterruptedException {
    Path lockFile = home.resolveSibling(home.getFileName() + ".lock");
    try (FileLockHeld _ = FileLockHeld.take(lockFile, Duration.ofMinutes(15)).orElseThrow()) {
      if (Files.isExecutable(home.resolve("bin").resolve("dynoxide"))) {
        return Optional.empty();
      }
      System.out.println(
          "Building dynoxide "
              + VERSION
              + ", the DynamoDB of a desk, with cargo into "
              + home
              + ": once for all checkouts, about two minutes.");
      Path unfinished = home.resolveSibling(home.getFileName() + ".unfinished");
      Path log = home.resolveSibling(home.getFileName() + ".log");
      DataFolder.remove(unfinished);
      Process build =
          new ProcessBuilder(
                  cargo.toString(),
                  "install",
                  "dynoxide-rs",
                  "--version",
                  VERSION,
                  "--locked",
                  "--no-default-features",
                  "--features",
                  "native-sqlite,http-server,cli",
                  "--root",
                  unfinished.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      build.getOutputStream().close();
      if (build.waitFor() != 0) {
        return Optional.of(lastLine(log));
      }
      DataFolder.remove(home);
      Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
      return Optional.empty();
    }
  }

  /// The last line of a file that says anything, for a message of one line.
  static String lastLine(Path log) throws IOException {
    return Files.readString(log)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .reduce((_, last) -> last)
        .orElse("no output");
  }

  private static boolean succeeds(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    boolean ended = process.waitFor(10, TimeUnit.SECONDS);
    process.destroyForcibly();
    return ended && process.exitValue() == 0;
  }
}
