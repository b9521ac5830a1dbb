package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.api.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged service, killed without warning and started again on its data.
class ServiceSurvivesKillIT {

  private static final Path JAR = Path.of("target/quarkus-app/quarkus-run.jar");
  private static final String ASK =
      "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1000, \"max_output_tokens\": 100}";

  private static final int CLIENTS = 8;
  private static final Duration LOADED_FOR = Duration.ofSeconds(4);
  private static final String LOADED_RUN = "run-under-load";

  @TempDir Path data = Path.of("unset");

  @Test
  void whenTheServiceIsKilled_aRestartFindsItsData() throws Exception {
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

  @Test
  void whenTheServiceIsKilled_aRestartCompletesAttribution() throws Exception {
    int port = freePort();
    Http gateway = new Http(URI.create("http://127.0.0.1:" + port), "bak_demo_gateway");
    Process first = start(port);
    try {
      awaitReady(gateway);
      spend(gateway, 0, 15);
    } finally {
      // At once: the stream's reader is somewhere in the middle.
      first.destroyForcibly().waitFor();
    }

    int databasePort = freePort();
    Process second = start(port, "BUDGET_LOCAL_DYNAMODB_PORT", Integer.toString(databasePort));
    try {
      awaitReady(gateway);
      spend(gateway, 15, 20);
      String committed = gateway.get("/budget/runs/run-1").text("committed_usd");
      assertTrue(
          Processes.holdsWithin(
              Duration.ofSeconds(20),
              () -> calls(gateway) == 20 && committed(gateway).equals(committed)),
          () -> committed + ", added up: " + gateway.get("/budget/attribution?group_by=run"));
      assertEquals(20, gateway.get("/budget/runs/run-1/decisions").json().path("items").size());

      String rebuilt = budget("rebuild-attribution", databasePort);
      assertTrue(rebuilt.contains("20 decisions, 0 markers repaired, 1 rows right"), rebuilt);
      String checked = budget("check", databasePort);
      assertTrue(checked.contains("20 decisions: 0 differences, 0 corrected"), checked);
    } finally {
      second.destroy();
      second.waitFor();
    }
  }

  private static String committed(Http gateway) {
    return gateway
        .get("/budget/attribution?group_by=run")
        .json()
        .at("/total/committed_usd")
        .asText();
  }

  /// What one client was told of a call before the service was killed.
  private record Told(String key, @Nullable String decisionId, @Nullable String settledAs) {}

  @Test
  void whenTheServiceIsKilledUnderLoad_itsAnswersStayTrue() throws Exception {
    int port = freePort();
    Http gateway = new Http(URI.create("http://127.0.0.1:" + port), "bak_demo_gateway");
    Process first = start(port);
    List<Told> told;
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      awaitReady(gateway);
      List<Future<List<Told>>> loads = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int client = i;
        loads.add(clients.submit(() -> load(gateway, client)));
      }
      Thread.sleep(LOADED_FOR);
      first.destroyForcibly().waitFor();
      told = new ArrayList<>();
      for (Future<List<Told>> load : loads) {
        told.addAll(load.get());
      }
    }

    Process second = start(port);
    try {
      awaitReady(gateway);
      assertTrue(told.stream().filter(one -> one.settledAs() != null).count() > CLIENTS);
      long committedMicros = 0;
      long reservedMicros = 0;
      for (Told one : told) {
        // What was asked and not answered is asked again, which makes it known whether it is held.
        Http.Answer asked = gateway.ask(ASK, one.key(), LOADED_RUN);
        boolean isOver = asked.status() == 409;
        assertTrue(isOver || asked.status() == 200, asked.toString());
        JsonNode record = isOver ? asked.json().path("record") : asked.json();
        if (one.decisionId() != null) {
          assertEquals(one.decisionId(), record.path("decision_id").asText());
        }
        if (one.settledAs() != null) {
          assertEquals(one.settledAs(), record.path("state").asText(), record.toString());
        }
        if (record.path("state").asText().equals("reserved")) {
          reservedMicros += micros(record.path("estimate_usd"));
        }
        committedMicros += micros(record.path("actual_usd"));
      }
      JsonNode run = gateway.get("/budget/runs/" + LOADED_RUN).json();
      assertEquals(committedMicros, micros(run.path("committed_usd")));
      assertEquals(reservedMicros, micros(run.path("reserved_usd")));
    } finally {
      second.destroy();
      second.waitFor();
    }
  }

  private static long micros(JsonNode usd) {
    return usd.isNull() || usd.isMissingNode()
        ? 0
        : new BigDecimal(usd.asText()).movePointRight(6).longValueExact();
  }

  /// Asks and settles until the service is gone, and remembers every answer.
  private static List<Told> load(Http gateway, int client) {
    List<Told> told = new ArrayList<>();
    for (int call = 0; ; call++) {
      String key = "loaded-" + client + "-" + call;
      String decisionId = null;
      try {
        Http.Answer asked = gateway.ask(ASK, key, LOADED_RUN);
        assertEquals(200, asked.status(), asked.toString());
        decisionId = asked.text("decision_id");
        if (call % 5 == 4) {
          told.add(new Told(key, decisionId, null));
          continue;
        }
        boolean commits = call % 5 < 3;
        Http.Answer settled =
            gateway.post(
                "/budget/reservations/"
                    + asked.text("reservation_id")
                    + (commits ? "/commit" : "/release"),
                commits ? "{\"usage\": {\"input_tokens\": 10, \"output_tokens\": 5}}" : "{}");
        assertEquals(200, settled.status(), settled.toString());
        told.add(new Told(key, decisionId, commits ? "committed" : "released"));
      } catch (UncheckedIOException e) {
        told.add(new Told(key, decisionId, null));
        return told;
      }
    }
  }

  private static void spend(Http gateway, int from, int to) {
    for (int i = from; i < to; i++) {
      Http.Answer asked = gateway.ask(ASK, "call-" + i, "run-1");
      assertEquals(200, asked.status(), asked.toString());
      Http.Answer committed =
          gateway.post(
              "/budget/reservations/" + asked.text("reservation_id") + "/commit",
              "{\"usage\": {\"input_tokens\": 10, \"output_tokens\": %d}}".formatted(i));
      assertEquals(200, committed.status(), committed.toString());
    }
  }

  private static long calls(Http gateway) {
    return gateway.get("/budget/attribution?group_by=run").json().at("/total/calls").asLong();
  }

  /// Runs the command of docs/how-to/attribution.md against the database of a running service.
  private String budget(String subcommand, int databasePort) throws Exception {
    ProcessBuilder command = new ProcessBuilder("bin/budget", subcommand, "--tenant", "demo");
    command.environment().put("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:" + databasePort);
    command.environment().put("AWS_REGION", "us-east-1");
    command.environment().put("AWS_ACCESS_KEY_ID", "local");
    command.environment().put("AWS_SECRET_ACCESS_KEY", "local");
    Path log = data.resolveSibling(subcommand + ".log");
    Process process = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), Files.readString(log));
    return Files.readString(log);
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

  private Process start(int port, String... variables) throws IOException {
    ProcessBuilder service =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-jar",
            JAR.toString());
    service.environment().put("BUDGET_LOCAL_DATA", data.toString());
    service.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
    for (int i = 0; i < variables.length; i += 2) {
      service.environment().put(variables[i], variables[i + 1]);
    }
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
