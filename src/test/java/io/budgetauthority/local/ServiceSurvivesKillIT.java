package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;

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
      assertThat(allowed).hasStatus(200);
      decisionId = allowed.text("decision_id");
      firstDatabase = Processes.dynoxide(first.toHandle());
      Path log = data.resolveSibling("service.log");
      String startLine = "listens on http://127.0.0.1:" + port + " - keys: bak_demo_gateway";
      assertThat(Processes.holdsWithin(Duration.ofSeconds(5), () -> contains(log, startLine)))
          .as("no line says where it listens and which keys to use")
          .isTrue();
      assertLoopbackOnly(first, firstDatabase);
    } finally {
      first.destroyForcibly().waitFor();
    }

    Process second = start(port);
    try {
      awaitReady(gateway);
      Http.Answer found = gateway.get("/budget/decisions/" + decisionId);
      assertThat(found).hasStatus(200).hasText("state", "reserved");
      Http.Answer replayed = gateway.ask(ASK, "key-1", "run-1");
      assertThat(replayed).hasHeader("Idempotency-Replayed", "true");
      assertThat(Processes.holdsWithin(Duration.ofSeconds(5), () -> !firstDatabase.isAlive()))
          .as("the first service's database lives on")
          .isTrue();
      assertThat(Processes.dynoxides(second.toHandle()).count()).isEqualTo(1);
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
      assertThat(
              Processes.holdsWithin(
                  Duration.ofSeconds(20),
                  () -> calls(gateway) == 20 && committed(gateway).equals(committed)))
          .as(() -> committed + ", added up: " + gateway.get("/budget/attribution?group_by=run"))
          .isTrue();
      assertThat(gateway.get("/budget/runs/run-1/decisions").json().path("items").size())
          .isEqualTo(20);

      String rebuilt = budget("rebuild-attribution", databasePort);
      assertThat(rebuilt).contains("20 decisions, 0 markers repaired, 1 rows right");
      String checked = budget("check", databasePort);
      assertThat(checked).contains("20 decisions: 0 differences, 0 corrected");
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
      assertThat(told.stream().filter(one -> one.settledAs() != null).count())
          .isGreaterThan(CLIENTS);
      long committedMicros = 0;
      long reservedMicros = 0;
      for (Told one : told) {
        // What was asked and not answered is asked again, which makes it known whether it is held.
        Http.Answer asked = gateway.ask(ASK, one.key(), LOADED_RUN);
        boolean isOver = asked.status() == 409;
        assertThat(isOver || asked.status() == 200).as(asked.toString()).isTrue();
        JsonNode record = isOver ? asked.json().path("record") : asked.json();
        if (one.decisionId() != null) {
          assertThat(record.path("decision_id").asText()).isEqualTo(one.decisionId());
        }
        if (one.settledAs() != null) {
          assertThat(record.path("state").asText())
              .as(record.toString())
              .isEqualTo(one.settledAs());
        }
        if (record.path("state").asText().equals("reserved")) {
          reservedMicros += micros(record.path("estimate_usd"));
        }
        committedMicros += micros(record.path("actual_usd"));
      }
      JsonNode run = gateway.get("/budget/runs/" + LOADED_RUN).json();
      assertThat(micros(run.path("committed_usd"))).isEqualTo(committedMicros);
      assertThat(micros(run.path("reserved_usd"))).isEqualTo(reservedMicros);
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
        assertThat(asked).hasStatus(200);
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
        assertThat(settled).hasStatus(200);
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
      assertThat(asked).hasStatus(200);
      Http.Answer committed =
          gateway.post(
              "/budget/reservations/" + asked.text("reservation_id") + "/commit",
              "{\"usage\": {\"input_tokens\": 10, \"output_tokens\": %d}}".formatted(i));
      assertThat(committed).hasStatus(200);
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
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log)).isEqualTo(0);
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
      assertThat(addresses).as("nothing listens in " + pid).isNotEmpty();
      assertThat(loopback).as(addresses.toString()).containsAll(addresses);
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
    assertThat(
            Processes.holdsWithin(
                Duration.ofSeconds(60),
                () -> {
                  try {
                    return service.get("/q/health/ready").status() == 200;
                  } catch (UncheckedIOException e) {
                    return false;
                  }
                }))
        .as("the service was not ready in a minute")
        .isTrue();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
