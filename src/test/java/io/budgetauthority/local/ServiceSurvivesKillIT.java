package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.api.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged service, killed without warning and started again on its data.
class ServiceSurvivesKillIT {

  private static final Path JAR = Path.of("target/quarkus-app/quarkus-run.jar");
  private static final String ASK =
      "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1000, \"max_output_tokens\": 100}";

  @TempDir Path data = Path.of("unset");

  @Test
  void aKilledServiceFindsItsDataAndLeavesNoSecondServerBehind() throws Exception {
    int port = freePort();
    Process first = start(port);
    Http gateway = new Http(URI.create("http://127.0.0.1:" + port), "bak_demo_gateway");
    String decisionId;
    ProcessHandle firstDatabase;
    try {
      awaitReady(gateway);
      Http.Answer allowed = gateway.ask(ASK, "key-1", "run-1");
      assertEquals(200, allowed.status(), allowed.toString());
      decisionId = allowed.text("decision_id");
      firstDatabase = Processes.dynoxide(first.toHandle());
      Path log = data.resolveSibling("service.log");
      String startLine = "listens on http://127.0.0.1:" + port + " - keys: bak_demo_gateway";
      assertTrue(
          Processes.holdsWithin(Duration.ofSeconds(5), () -> contains(log, startLine)),
          "no line says where it listens and which keys to use");
      assertLoopbackOnly(first, firstDatabase);
    } finally {
      first.destroyForcibly().waitFor();
    }

    Process second = start(port);
    try {
      awaitReady(gateway);
      Http.Answer found = gateway.get("/budget/decisions/" + decisionId);
      assertEquals(200, found.status(), found.toString());
      assertEquals("reserved", found.text("state"));
      Http.Answer replayed = gateway.ask(ASK, "key-1", "run-1");
      assertEquals("true", replayed.header("Idempotency-Replayed"));
      assertTrue(
          Processes.holdsWithin(Duration.ofSeconds(5), () -> !firstDatabase.isAlive()),
          "the first service's database lives on");
      assertEquals(1, Processes.dynoxides(second.toHandle()).count());
    } finally {
      second.destroy();
      second.waitFor();
    }
  }

  private static boolean contains(Path log, String line) {
    try {
      return Files.readString(log).contains(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertLoopbackOnly(Process service, ProcessHandle database)
      throws IOException {
    List<String> loopback = List.of("0100007F", "0000000000000000FFFF00000100007F");
    for (long pid : new long[] {service.pid(), database.pid()}) {
      List<String> addresses = Processes.listeningAddresses(pid);
      assertTrue(!addresses.isEmpty(), "nothing listens in " + pid);
      assertTrue(loopback.containsAll(addresses), addresses.toString());
    }
  }

  private Process start(int port) throws IOException {
    ProcessBuilder service =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-jar",
            JAR.toString());
    service.environment().put("BUDGET_LOCAL_DATA", data.toString());
    service.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
    return service
        .redirectErrorStream(true)
        .redirectOutput(data.resolveSibling("service.log").toFile())
        .start();
  }

  private static void awaitReady(Http service) throws InterruptedException {
    assertTrue(
        Processes.holdsWithin(
            Duration.ofSeconds(60),
            () -> {
              try {
                return service.get("/q/health/ready").status() == 200;
              } catch (UncheckedIOException e) {
                return false;
              }
            }),
        "the service was not ready in a minute");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
