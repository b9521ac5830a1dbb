package io.budgetauthority.local;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/// A way to start Dynoxide, a DynamoDB server on SQLite. It is searched for on the PATH and then in
/// the user's cache, which all checkouts share. If it is in neither, it is downloaded into the
/// cache from the release of its project. If that fails, Docker runs its container image. If no
/// Docker answers, `cargo` builds it into the cache.
sealed interface DynoxideProgram {

  /// The version of the crate that has the server of version [DynoxideRelease#VERSION].
  String CRATE = "3.2.0";

  /// The container image of the same server.
  String IMAGE = "ghcr.io/nubo-db/dynoxide:" + DynoxideRelease.VERSION;

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

  /// The container image, which Docker on this machine runs.
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

  /// Finds the program, or installs it. One line says where it is from.
  ///
  /// @throws LocalCloudUnavailable naming the ways to have a program, if there is none
  static DynoxideProgram find() throws IOException, InterruptedException {
    return find(name -> Optional.ofNullable(System.getenv(name)), System.out::println);
  }

  /// Does the same as [#find()] in a given environment.
  ///
  /// @param say gets that line and, before a download or a build, a line that says so
  static DynoxideProgram find(Function<String, Optional<String>> environment, Consumer<String> say)
      throws IOException, InterruptedException {
    String path = environment.apply("PATH").orElse("");
    Optional<Path> onPath = onPath("dynoxide", path);
    if (onPath.isPresent()) {
      say.accept("DynamoDB is the dynoxide on the PATH, " + onPath.get() + ".");
      return new Executable(onPath.get());
    }
    DynoxideCache cache = DynoxideCache.of(environment);
    if (cache.hasProgram()) {
      say.accept("DynamoDB is the dynoxide in the cache, " + cache.program() + ".");
      return new Executable(cache.program());
    }
    List<String> failures = new ArrayList<>();
    DynoxideRelease release =
        DynoxideRelease.at(environment.apply("BUDGET_LOCAL_DYNOXIDE_RELEASE"));
    Optional<String> notDownloaded = cache.download(release, say);
    if (notDownloaded.isEmpty()) {
      say.accept(
          "DynamoDB is dynoxide "
              + DynoxideRelease.VERSION
              + " from "
              + release.base()
              + ", of the checksum that the release has, now in the cache: "
              + cache.program()
              + ".");
      return new Executable(cache.program());
    }
    failures.add("the download: " + notDownloaded.get());
    Optional<Path> docker = onPath("docker", path);
    if (docker.isPresent()) {
      if (succeeds(List.of(docker.get().toString(), "info"))) {
        say.accept("DynamoDB is the image " + IMAGE + ", because of " + failures.getFirst() + ".");
        return new Image(docker.get());
      }
      failures.add("docker: no daemon answers");
    }
    Optional<Path> cargo = onPath("cargo", path);
    if (cargo.isPresent()) {
      Optional<String> notBuilt = cache.build(cargo.get(), say);
      if (notBuilt.isEmpty()) {
        say.accept("DynamoDB is the dynoxide that cargo built, " + cache.program() + ".");
        return new Executable(cache.program());
      }
      failures.add("cargo: " + notBuilt.get());
    }
    throw new LocalCloudUnavailable(
        "There is no DynamoDB for the local build. Any of these gives it one: set"
            + " BUDGET_LOCAL_DYNAMODB to an endpoint, put dynoxide "
            + DynoxideRelease.VERSION
            + " on the PATH, let it be downloaded from "
            + release.base()
            + " (BUDGET_LOCAL_DYNOXIDE_RELEASE names a copy), start Docker, or install Rust's"
            + " cargo, which then builds it once. What was tried: "
            + String.join("; ", failures)
            + ".");
  }

  /// Finds a program in one of the folders of a PATH.
  static Optional<Path> onPath(String program, String path) {
    return Stream.of(path.split(File.pathSeparator, -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, program))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  /// The last line of a file that is not blank, for a message of one line.
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
