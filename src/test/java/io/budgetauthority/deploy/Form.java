package io.budgetauthority.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The form that a part is built in. `-Dform=native` has the tests of this package take native
/// executables; otherwise they take what runs on a JVM.
enum Form {
  JVM(Path.of("target"), 25_000_000),
  /// A check is built faster and larger than what is deployed (`.ci/run`).
  NATIVE(Path.of("target", "native"), 35_000_000);

  private final Path folder;
  private final long maximumZipBytes;

  Form(Path folder, long maximumZipBytes) {
    this.folder = folder;
    this.maximumZipBytes = maximumZipBytes;
  }

  static Form tested() {
    return valueOf(System.getProperty("form", "jvm").toUpperCase(Locale.ROOT));
  }

  /// @param function `api` or `events`
  Path zip(String function) {
    return folder.resolve("function-" + function + ".zip");
  }

  /// The folder of one build.
  Path folder(String part) {
    return folder.resolve(part);
  }

  long maximumZipBytes() {
    return maximumZipBytes;
  }

  /// The command that starts the server.
  List<String> server() throws IOException {
    if (this == JVM) {
      return Server.java(Server.JAR);
    }
    try (Stream<Path> files = Files.list(folder("server"))) {
      return List.of(
          files
              .filter(file -> file.toString().endsWith("-runner"))
              .findFirst()
              .orElseThrow(() -> new IOException("./mvnw package -Pserver -Dnative makes it"))
              .toAbsolutePath()
              .toString());
    }
  }
}
