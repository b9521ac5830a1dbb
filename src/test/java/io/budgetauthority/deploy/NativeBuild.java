package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// What a native executable was built by and with, as its builder's report says.
///
/// @param isCheck whether it is linked as `packaging/native` links, and so is no product
record NativeBuild(
    String builder, String java, String optimisation, String machine, boolean isCheck) {

  static NativeBuild of(Path folder) throws IOException {
    Path report = find(folder, name -> name.endsWith("-build-output-stats.json"));
    Path executable = find(folder, name -> name.endsWith("-runner"));
    JsonNode said = new ObjectMapper().readTree(report.toFile()).path("general_info");
    JsonNode compiler = said.path("graal_compiler");
    return new NativeBuild(
        said.path("graalvm_version").asText(),
        said.path("java_version").asText(),
        compiler.path("optimization_level").asText(),
        compiler.path("march").asText(),
        needs(executable).contains("libjvm.so"));
  }

  private static Path find(Path folder, Predicate<String> named) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> Files.isRegularFile(file) && named.test(file.toString()))
          .findFirst()
          .orElseThrow(() -> new IOException("no native build is in " + folder));
    }
  }

  /// The libraries that an executable is linked with.
  private static String needs(Path executable) throws IOException {
    Process process = new ProcessBuilder("ldd", executable.toString()).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return "%s (%sJava %s) with -O%s -march=%s"
        .formatted(
            builder, isCheck ? "packaging/native, a check, " : "", java, optimisation, machine);
  }
}
