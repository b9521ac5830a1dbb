package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.LocalSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Measures how long the API function's zip takes from nothing to its first answer, in AWS's
/// runtime interface client: as it is, with an archive of loaded classes, and with an AOT cache
/// (JEP 514 and 515), in turns, so that what else the machine does meets all of them. Run by
/// `bench/cold-start`.
final class ColdStart {

  private static final Path ZIP = Path.of("target", "function-api.zip");
  private static final ObjectMapper JSON = new ObjectMapper();

  private ColdStart() {}

  /// What a start took, up to the runtime's first call for an event, and from there to the answer.
  private record Took(Duration init, Duration first) {
    long totalMillis() {
      return init.plus(first).toMillis();
    }
  }

  /// `main([rounds])`
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9;
    Path folder = Files.createTempDirectory("cold-start-");
    Path code = inJars(Function.unpack(ZIP, Files.createDirectory(folder.resolve("code"))));
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      Map<String, String> environment = Deployed.environment(cloud);
      Map<String, List<String>> ways = new LinkedHashMap<>();
      ways.put("as it is", List.of());
      Path classes = folder.resolve("classes.jsa");
      train(code, environment, "-XX:ArchiveClassesAtExit=" + classes);
      ways.put("class-data sharing", List.of("-XX:SharedArchiveFile=" + classes));
      Path cache = folder.resolve("cache.aot");
      train(code, environment, "-XX:AOTCacheOutput=" + cache);
      ways.put("AOT cache", List.of("-XX:AOTCache=" + cache));
      System.out.printf(
          "zip %,d bytes, class archive %,d bytes, AOT cache %,d bytes, %d starts each%n",
          Files.size(ZIP), Files.size(classes), Files.size(cache), rounds);
      report(measure(ways, rounds, code, environment));
    }
  }

  /// Puts the classes that stand in the folder itself into a jar of its own: an archive takes no
  /// folder with classes on its class path.
  private static Path inJars(Path code) throws IOException {
    try (OutputStream out = Files.newOutputStream(code.resolve("lib").resolve("0-app.jar"));
        ZipOutputStream jar = new ZipOutputStream(out);
        Stream<Path> all = Files.walk(code)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = code.relativize(file).toString();
        if (!name.startsWith("lib/")) {
          jar.putNextEntry(new ZipEntry(name));
          Files.copy(file, jar);
          Files.delete(file);
        }
      }
    }
    try (Stream<Path> folders = Files.walk(code)) {
      for (Path each : folders.sorted(Comparator.reverseOrder()).toList()) {
        if (Files.isDirectory(each) && !each.equals(code) && !each.endsWith("lib")) {
          Files.delete(each);
        }
      }
    }
    return code;
  }

  private static void train(Path code, Map<String, String> environment, String option)
      throws Exception {
    Function function = Function.start(code, options(List.of(option)), environment);
    ask(function);
    function.end();
  }

  private static Map<String, List<Took>> measure(
      Map<String, List<String>> ways, int rounds, Path code, Map<String, String> environment)
      throws Exception {
    Map<String, List<Took>> measured = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (Map.Entry<String, List<String>> way : ways.entrySet()) {
        long from = System.nanoTime();
        try (Function function = Function.start(code, options(way.getValue()), environment)) {
          Duration init = Duration.ofNanos(System.nanoTime() - from);
          long asked = System.nanoTime();
          ask(function);
          measured
              .computeIfAbsent(way.getKey(), key -> new ArrayList<>())
              .add(new Took(init, Duration.ofNanos(System.nanoTime() - asked)));
        }
      }
      measured
          .computeIfAbsent("restored", key -> new ArrayList<>())
          .add(restored(code, environment));
    }
    return measured;
  }

  /// A start from a snapshot, without what Lambda itself needs to load it.
  private static Took restored(Path code, Map<String, String> environment) throws Exception {
    try (Function function = Function.startForSnapshot(code, Deployed.JVM_OPTIONS, environment)) {
      long from = System.nanoTime();
      function.restore();
      Duration init = Duration.ofNanos(System.nanoTime() - from);
      long asked = System.nanoTime();
      ask(function);
      return new Took(init, Duration.ofNanos(System.nanoTime() - asked));
    }
  }

  private static void ask(Function function) throws Exception {
    JsonNode event = JSON.readTree(Path.of("events", "api-ask.json").toFile());
    Function.Answer answer = function.invoke(event);
    if (answer.failed() || answer.body().path("statusCode").asInt() != 200) {
      throw new IllegalStateException("no decision: " + answer.body() + "\n" + function.log());
    }
  }

  private static List<String> options(List<String> more) {
    return Stream.concat(Deployed.JVM_OPTIONS.stream(), more.stream()).toList();
  }

  private static void report(Map<String, List<Took>> measured) {
    long plain = median(measured.values().iterator().next().stream().map(Took::totalMillis));
    measured.forEach(
        (way, all) -> {
          long total = median(all.stream().map(Took::totalMillis));
          System.out.printf(
              "%-20s init %5d ms, first decision %5d ms, together %5d ms: %3d %% of as it is%n",
              way,
              median(all.stream().map(took -> took.init().toMillis())),
              median(all.stream().map(took -> took.first().toMillis())),
              total,
              total * 100 / plain);
        });
  }

  private static long median(Stream<Long> millis) {
    List<Long> sorted = millis.sorted().toList();
    return sorted.get(sorted.size() / 2);
  }
}
