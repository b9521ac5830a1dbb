package io.budgetauthority.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/// A function's zip, unpacked and run as Lambda would, against a Runtime API of this test's own: by
/// AWS's Java runtime interface client, or by itself where it has a `bootstrap`, which is a native
/// executable. One event at a time, as in one execution environment.
final class Function implements AutoCloseable {

  /// Where both functions' builds leave AWS's client.
  private static final Path CLIENT = Path.of("target", "runtime-interface-client");

  private static final String RUNTIME = "/2018-06-01/runtime/";
  private static final String JNI_PROPERTY =
      "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";
  private static final Duration START_WITHIN = Duration.ofSeconds(60);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final BlockingQueue<Invocation> waiting = new LinkedBlockingQueue<>();
  private final Map<String, Invocation> running = new ConcurrentHashMap<>();
  private final CompletableFuture<Instant> ready = new CompletableFuture<>();
  private final CompletableFuture<Instant> snapshot = new CompletableFuture<>();
  private final CountDownLatch restored = new CountDownLatch(1);
  private final Process process;
  private final Path log;

  /// What a function answered to an event: its answer, or its error.
  record Answer(JsonNode body, boolean failed) {}

  private record Invocation(String id, JsonNode event, CompletableFuture<Answer> answer) {}

  private Function(HttpServer server, Process process, Path log) {
    this.server = server;
    this.process = process;
    this.log = log;
  }

  /// Unpacks a zip into a folder, with the permissions that it states.
  static Path unpack(Path zip, Path folder) throws IOException {
    try (FileSystem content = Zips.open(zip);
        Stream<Path> files = Files.walk(content.getPath("/"))) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        Path unpacked = folder.resolve(file.toString().substring(1)).normalize();
        if (!unpacked.startsWith(folder)) {
          throw new IOException(zip + " has an entry outside of itself: " + file);
        }
        Files.createDirectories(unpacked.getParent());
        Files.copy(file, unpacked);
        Files.setPosixFilePermissions(unpacked, Files.getPosixFilePermissions(file));
      }
    }
    return folder;
  }

  /// Starts a function in a folder with its unpacked code, and waits until it asks for its first
  /// event.
  ///
  /// @param code what the zip has
  /// @param jvmOptions for its JVM, beside those that the template gives it
  /// @param environment its variables
  static Function start(Path code, List<String> jvmOptions, Map<String, String> environment)
      throws IOException, InterruptedException {
    Function function = launch(code, jvmOptions, environment);
    function.await(function.ready);
    return function;
  }

  /// Starts a function that a snapshot is to be taken of, and waits until it is ready for that. It
  /// stands still until it is restored.
  static Function startForSnapshot(
      Path code, List<String> jvmOptions, Map<String, String> environment)
      throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(jvmOptions);
    // As the managed runtime tells the library which of a JVM's snapshots to join.
    options.add("-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac");
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
    Function function = launch(code, options, variables);
    function.await(function.snapshot);
    return function;
  }

  /// Whether it stands still for a snapshot.
  boolean awaitsRestore() {
    return snapshot.isDone() && !ready.isDone();
  }

  /// Goes on from the snapshot, and waits until the function asks for its first event.
  void restore() throws InterruptedException {
    restored.countDown();
    await(ready);
  }

  private static Function launch(
      Path code, List<String> jvmOptions, Map<String, String> environment) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    Path log = Files.createTempFile("function-", ".log");
    ProcessBuilder builder = new ProcessBuilder(command(code, jvmOptions));
    builder.environment().putAll(environment);
    builder
        .environment()
        .put("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:" + server.getAddress().getPort());
    builder.environment().put("LAMBDA_TASK_ROOT", code.toString());
    builder.environment().put("AWS_LAMBDA_FUNCTION_NAME", "function-under-test");
    builder.environment().put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769");
    builder.directory(code.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    Function function = new Function(server, builder.start(), log);
    server.createContext(RUNTIME, function::serve);
    server.setExecutor(function.threads);
    server.start();
    return function;
  }

  private static List<String> command(Path code, List<String> jvmOptions) throws IOException {
    Path bootstrap = code.resolve("bootstrap");
    if (Files.exists(bootstrap)) {
      return List.of(bootstrap.toAbsolutePath().toString());
    }
    List<String> classPath = new ArrayList<>();
    if (hasClasses(code)) {
      classPath.add(code.toString());
    }
    classPath.addAll(jars(CLIENT));
    classPath.addAll(jars(code.resolve("lib")));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-D" + JNI_PROPERTY + "=" + nativePart());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(jvmOptions);
    command.add("-cp");
    command.add(String.join(File.pathSeparator, classPath));
    command.add("com.amazonaws.services.lambda.runtime.api.client.AWSLambda");
    command.add("io.quarkus.amazon.lambda.runtime.QuarkusStreamHandler::handleRequest");
    return command;
  }

  private static boolean hasClasses(Path code) throws IOException {
    try (var files = Files.list(code)) {
      return files.anyMatch(file -> !file.endsWith("lib"));
    }
  }

  /// The client would unpack it to one place in `/tmp`, where another function's may be in use.
  private static synchronized Path nativePart() throws IOException {
    Path part = CLIENT.resolve("jni.so").toAbsolutePath();
    if (!Files.exists(part)) {
      String machine = System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64";
      String jar =
          jars(CLIENT).stream()
              .filter(name -> name.contains("runtime-interface-client-"))
              .findFirst()
              .orElseThrow();
      try (ZipFile zip = new ZipFile(jar);
          InputStream in =
              zip.getInputStream(zip.getEntry("jni/libaws-lambda-jni.linux-" + machine + ".so"))) {
        Files.copy(in, part);
      }
    }
    return part;
  }

  private static List<String> jars(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".jar"))
          .map(file -> file.toAbsolutePath().toString())
          .sorted()
          .toList();
    }
  }

  private void await(CompletableFuture<Instant> moment) throws InterruptedException {
    CompletableFuture<Process> ended = process.onExit();
    try {
      CompletableFuture.anyOf(moment, ended).get(START_WITHIN.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      close();
      throw new IllegalStateException("The function did not start: " + log(), e);
    }
    if (!moment.isDone()) {
      close();
      throw new IllegalStateException("The function ended while it started: " + log());
    }
  }

  /// How much memory it holds at this moment (Linux).
  long residentBytes() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc", process.pid() + "", "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElseThrow();
    }
  }

  /// Sends it an event and waits for its answer.
  Answer invoke(JsonNode event) throws InterruptedException {
    Invocation invocation =
        new Invocation(UUID.randomUUID().toString(), event, new CompletableFuture<>());
    waiting.add(invocation);
    try {
      return invocation.answer().get(ANSWER_WITHIN.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("The function did not answer: " + log(), e);
    }
  }

  /// What it has written so far.
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return "its log cannot be read: " + e;
    }
  }

  /// What the lines that CloudWatch would make metrics of say of one, added up.
  ///
  /// @param dimensions what a line says beside it, in pairs of name and value
  long counted(String metric, String... dimensions) throws JsonProcessingException {
    long sum = 0;
    for (String line : log().lines().filter(it -> it.startsWith("{\"_aws\"")).toList()) {
      JsonNode said = JSON.readTree(line);
      boolean meant = said.path("deployment").asText().equals(Deployed.DEPLOYMENT);
      for (int i = 0; i < dimensions.length; i += 2) {
        meant &= said.path(dimensions[i]).asText().equals(dimensions[i + 1]);
      }
      sum += meant ? said.path(metric).asLong() : 0;
    }
    return sum;
  }

  /// Ends it as a runtime is ended that is asked to, so that its JVM does what it does at its end.
  void end() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(START_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("The function does not end: " + log());
    }
    close();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    server.stop(0);
    threads.shutdownNow();
    // What a test wanted to know of it, it has asked for by then.
    log.toFile().deleteOnExit();
  }

  /// The Runtime API: the next event, and what became of it.
  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String[] path = exchange.getRequestURI().getPath().substring(RUNTIME.length()).split("/", -1);
      if (path[0].equals("restore")) {
        snapshot.complete(Instant.now());
        restored.await();
        exchange.sendResponseHeaders(200, -1);
        return;
      }
      switch (path[path.length - 1]) {
        case "next" -> giveNext(exchange);
        case "response" -> take(path[1], exchange, false);
        case "error" -> take(path[1], exchange, true);
        default -> exchange.sendResponseHeaders(404, -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void giveNext(HttpExchange exchange) throws IOException, InterruptedException {
    ready.complete(Instant.now());
    Invocation next = waiting.take();
    running.put(next.id(), next);
    byte[] event = JSON.writeValueAsBytes(next.event());
    exchange.getResponseHeaders().set("Lambda-Runtime-Aws-Request-Id", next.id());
    exchange
        .getResponseHeaders()
        .set(
            "Lambda-Runtime-Deadline-Ms",
            Long.toString(Instant.now().plus(ANSWER_WITHIN).toEpochMilli()));
    exchange
        .getResponseHeaders()
        .set(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:000000000000:function:function-under-test");
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, event.length);
    exchange.getResponseBody().write(event);
  }

  private void take(String id, HttpExchange exchange, boolean failed) throws IOException {
    byte[] bytes;
    try (InputStream body = exchange.getRequestBody()) {
      bytes = body.readAllBytes();
    }
    exchange.sendResponseHeaders(202, -1);
    Invocation invocation = running.remove(id);
    if (invocation == null) {
      IllegalStateException fault =
          new IllegalStateException(new String(bytes, StandardCharsets.UTF_8));
      ready.completeExceptionally(fault);
      snapshot.completeExceptionally(fault);
      return;
    }
    invocation
        .answer()
        .complete(new Answer(bytes.length == 0 ? JSON.nullNode() : JSON.readTree(bytes), failed));
  }
}
