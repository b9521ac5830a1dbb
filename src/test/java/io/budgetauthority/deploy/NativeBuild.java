package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// What a native executable was built by, as its builder's report says.
record NativeBuild(String builder, String jdk, String optimisation, String machine) {

  static NativeBuild of(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      Path report =
          files
              .filter(file -> file.toString().endsWith("-build-output-stats.json"))
              .findFirst()
              .orElseThrow(() -> new IOException("no report of a native build in " + folder));
      JsonNode said = new ObjectMapper().readTree(report.toFile()).path("general_info");
      JsonNode compiler = said.path("graal_compiler");
      return new NativeBuild(
          said.path("graalvm_version").asText(),
          said.path("vendor_version").asText(),
          compiler.path("optimization_level").asText(),
          compiler.path("march").asText());
    }
  }

  @Override
  public String toString() {
    return builder + " on " + jdk + ", -O" + optimisation + ", -march=" + machine;
  }
}
