package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Measures how the API function's zips start and answer: the JVM's in AWS's runtime interface
/// client (as it is, with an archive of loaded classes, with an AOT cache of JEP 514 and 515, and
/// from a snapshot), and the native one where there is one. They start in turns, so that what else
/// the machine does meets all of them. Prints a Markdown table. Run by `bench/cold-start`.
final class ColdStart {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String ASK =
      """
      {"model": "claude-haiku-4-5", "input_tokens": 1000, "max_output_tokens": 100}
      """;

  /// Decisions of each start behind the first.
  private static final int WARM = 200;

  private ColdStart() {}

  /// What one start took.
  ///
  /// @param ready from nothing to the runtime's first call for an event, or from the snapshot to it
  /// @param first from the first event to its answer
  /// @param warm the same of each event behind it
  /// @param residentBytes memory behind the last answer
  private record Took(Duration ready, Duration first, List<Duration> warm, long residentBytes) {}

  /// One way to start.
  ///
  /// @param bytes of the zip, and of what lies beside it
  private record Way(String name, long bytes, Start start) {}

  private interface Start {
    Function start() throws Exception;
  }

  /// `main([rounds])`
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9;
    Path folder = Files.createTempDirectory("cold-start-");
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      Map<String, String> environment = Deployed.environment(cloud);
      List<Way> ways = new ArrayList<>(onJvm(folder, environment));
      Path zip = Form.NATIVE.zip("api");
      if (Files.exists(zip)) {
        Path code = Function.unpack(zip, Files.createDirectory(folder.resolve("native")));
        ways.add(
            new Way("native", Files.size(zip), () -> Function.start(code, List.of(), environment)));
      }
      report(rounds, measure(ways, rounds));
      System.out.println(
          Files.exists(zip)
              ? "The native executable is of " + NativeBuild.of(Form.NATIVE.folder("api")) + "."
              : "There is no " + zip + ": ./mvnw package -Papi -Dnative makes it.");
    }
  }

  private static List<Way> onJvm(Path folder, Map<String, String> environment) throws Exception {
    Path zip = Form.JVM.zip("api");
    Path code = inJars(Function.unpack(zip, Files.createDirectory(folder.resolve("jvm"))));
    Path classes = folder.resolve("classes.jsa");
    train(code, environment, "-XX:ArchiveClassesAtExit=" + classes);
    Path cache = folder.resolve("cache.aot");
    train(code, environment, "-XX:AOTCacheOutput=" + cache);
    return List.of(
        new Way("JVM", Files.size(zip), () -> Function.start(code, options(), environment)),
        new Way(
            "JVM, class-data archive",
            Files.size(zip) + Files.size(classes),
            () -> Function.start(code, options("-XX:SharedArchiveFile=" + classes), environment)),
        new Way(
            "JVM, AOT cache",
            Files.size(zip) + Files.size(cache),
            () -> Function.start(code, options("-XX:AOTCache=" + cache), environment)),
        new Way(
            "JVM, from a snapshot",
            Files.size(zip),
            () -> Function.startForSnapshot(code, options(), environment)));
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
    Function function = Function.start(code, options(option), environment);
    ask(function, UUID.randomUUID().toString());
    function.end();
  }

  private static Map<Way, List<Took>> measure(List<Way> ways, int rounds) throws Exception {
    Map<Way, List<Took>> measured = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (Way way : ways) {
        measured.computeIfAbsent(way, key -> new ArrayList<>()).add(measure(way));
      }
    }
    return measured;
  }

  private static Took measure(Way way) throws Exception {
    long from = System.nanoTime();
    try (Function function = way.start().start()) {
      if (function.awaitsRestore()) {
        // Without what Lambda needs to load a snapshot.
        from = System.nanoTime();
        function.restore();
      }
      Duration ready = Duration.ofNanos(System.nanoTime() - from);
      String run = UUID.randomUUID().toString();
      Duration first = ask(function, run);
      List<Duration> warm = new ArrayList<>();
      for (int i = 0; i < WARM; i++) {
        warm.add(ask(function, run));
      }
      return new Took(ready, first, warm, function.residentBytes());
    }
  }

  /// A decision that reserves; so little that a run has room for those of a start.
  private static Duration ask(Function function, String run) throws Exception {
    JsonNode event = JSON.readTree(Path.of("events", "api-ask.json").toFile());
    ((ObjectNode) event.path("headers"))
        .put("idempotency-key", UUID.randomUUID().toString())
        .put("x-run-id", run);
    ((ObjectNode) event).put("body", ASK);
    long from = System.nanoTime();
    Function.Answer answer = function.invoke(event);
    Duration took = Duration.ofNanos(System.nanoTime() - from);
    if (answer.failed() || answer.body().path("statusCode").asInt() != 200) {
      throw new IllegalStateException("no decision: " + answer.body() + "\n" + function.log());
    }
    return took;
  }

  private static List<String> options(String... more) {
    return Stream.concat(Deployed.JVM_OPTIONS.stream(), Stream.of(more)).toList();
  }

  private static void report(int rounds, Map<Way, List<Took>> measured) {
    System.out.println(
        "| form | ready | first decision | together | warm p50 | warm p99 | memory | zip |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    measured.forEach(
        (way, all) -> {
          List<Duration> warm = all.stream().flatMap(took -> took.warm().stream()).toList();
          System.out.printf(
              "| %s | %d ms | %d ms | %d ms | %.1f ms | %.1f ms | %d MB | %.1f MB |%n",
              way.name(),
              at(0.5, all.stream().map(Took::ready)).toMillis(),
              at(0.5, all.stream().map(Took::first)).toMillis(),
              at(0.5, all.stream().map(took -> took.ready().plus(took.first()))).toMillis(),
              at(0.5, warm.stream()).toNanos() / 1e6,
              at(0.99, warm.stream()).toNanos() / 1e6,
              at(0.5, all.stream().map(Took::residentBytes)) / 1_000_000,
              way.bytes() / 1e6);
        });
    System.out.printf(
        "%nMedians of %d starts each, in turns; warm: %d decisions of each start behind the"
            + " first.%n",
        rounds, WARM);
  }

  private static <T> T at(double share, Stream<T> measured) {
    List<T> sorted = measured.sorted().toList();
    return sorted.get((int) (share * (sorted.size() - 1)));
  }
}
