package io.budgetauthority.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The server's package, started as its container starts it.
final class Server implements AutoCloseable {

  static final Path JAR = Path.of("target", "server", "quarkus-app", "quarkus-run.jar");
  private static final Duration START_WITHIN = Duration.ofSeconds(60);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Process process;
  private final URI base;
  private final Path log;

  private Server(Process process, URI base, Path log) {
    this.process = process;
    this.base = base;
    this.log = log;
  }

  /// Starts the JVM's package on a free port and waits until it is ready.
  static Server start(Map<String, String> environment) throws IOException, InterruptedException {
    return start(Form.JVM.server(), environment);
  }

  /// Starts what a command starts, likewise.
  static Server start(List<String> command, Map<String, String> environment)
      throws IOException, InterruptedException {
    int port = Deployed.freePort();
    Path log = Files.createTempFile("server-", ".log");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
    builder.environment().put("QUARKUS_HTTP_HOST", "127.0.0.1");
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    Server server = new Server(process, URI.create("http://127.0.0.1:" + port), log);
    server.awaitReady();
    return server;
  }

  /// The command that starts a package on this JVM.
  static List<String> java(Path jar) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Deployed.JVM_OPTIONS);
    command.add("-jar");
    command.add(jar.toString());
    return command;
  }

  private void awaitReady() throws InterruptedException {
    long giveUpAt = System.nanoTime() + START_WITHIN.toNanos();
    while (status("/q/health/ready") != 200) {
      if (!process.isAlive() || System.nanoTime() > giveUpAt) {
        close();
        throw new IllegalStateException("The server did not become ready: " + log());
      }
      Thread.sleep(Duration.ofMillis(50));
    }
  }

  /// The status of a path; 0 where nobody answers soon.
  int status(String path) throws InterruptedException {
    try {
      return CLIENT
          .send(
              HttpRequest.newBuilder(base.resolve(path)).timeout(ANSWER_WITHIN).build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  URI base() {
    return base;
  }

  Process process() {
    return process;
  }

  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
