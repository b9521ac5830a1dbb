package io.budgetauthority.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.api.Http;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Calls of a tenant of its own, from a seed: some are committed, some released, some still open,
/// and some refused.
final class Traffic {

  private static final List<String> USERS = List.of("ada", "grace", "linus");
  private static final List<String> MODELS = List.of("claude-haiku-4-5", "claude-sonnet-4-5");

  final String tenant;
  final String adminSecret;
  final Http admin;
  final Http gateway;
  final List<String> runs = new ArrayList<>();
  private final RandomGenerator random;
  private final Deque<Call> open = new ArrayDeque<>();
  private int called;

  /// How many of the asks were decided. One that names a parent which does not exist yet is not.
  private int decided;

  /// A call that was let through and is not settled yet.
  private record Call(String reservationId, int inputTokens) {}

  Traffic(URI base, long seed) {
    this(base, seed, "tenant-" + UUID.randomUUID());
  }

  Traffic(URI base, long seed, String tenant) {
    this.tenant = tenant;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    Http.Answer made =
        new Http(base, "bak_demo_operator")
            .post("/budget/tenants", "{\"tenant_id\": \"%s\"}".formatted(tenant));
    assertThat(made).hasStatus(201);
    this.adminSecret = made.json().path("admin_key").path("secret").asText();
    this.admin = new Http(base, adminSecret);
    Http.Answer key = admin.post("/budget/keys", "{\"role\": \"gateway\"}");
    assertThat(key).hasStatus(201);
    this.gateway = new Http(base, key.text("secret"));
    ceiling("tenant/-/month", "100.00");
    ceiling("user/ada/day", "2.40");
    ceiling("user/grace/total", "40.00");
    ceiling("team/core/month", "20.00");
  }

  void ceiling(String path, String limit) {
    assertThat(
            admin.send(
                "PUT", "/budget/ceilings/" + path, "{\"limit_usd\": \"%s\"}".formatted(limit)))
        .hasStatus(201);
  }

  /// Makes calls at this moment. A fifth of them stays open.
  void run(int calls) {
    addRuns();
    for (int i = 0; i < calls; i++) {
      call();
      while (!open.isEmpty()) {
        Call call = open.removeFirst();
        if (random.nextInt(5) > 0) {
          settle(call);
        }
      }
    }
  }

  /// Makes calls in the course of an hour of the service's clock, up to this moment. Each is
  /// settled minutes after it was let through, so that the last ones are open at the end.
  void runForAnHour(int calls) {
    addRuns();
    Duration pause = Duration.ofHours(1).dividedBy(calls);
    for (int i = 0; i < calls; i++) {
      MovingClock.CLOCK.advance(pause);
      call();
      while (open.size() > 5) {
        settle(open.removeFirst());
      }
    }
  }

  /// Adds four runs, of which the last is a child of the first.
  private void addRuns() {
    for (int i = 0; i < 4; i++) {
      runs.add("run-" + (runs.size() + 1));
    }
  }

  private void call() {
    int of = random.nextInt(runs.size());
    String parent = of == 3 ? ", \"parent_run_id\": \"" + runs.getFirst() + "\"" : "";
    int input = 1_000 + random.nextInt(60_000);
    Http.Answer ask =
        gateway.ask(
            """
            {"model": "%s", "input_tokens": %d, "cache_write_tokens": 0, "max_output_tokens": %d,
             "user_id": "%s", "team_id": "core"%s}
            """
                .formatted(
                    MODELS.get(random.nextInt(MODELS.size())),
                    input,
                    100 + random.nextInt(4_000),
                    USERS.get(of % USERS.size()),
                    parent),
            "call-" + ++called,
            runs.get(of));
    if (ask.status() == 200 || ask.status() == 402) {
      decided++;
    }
    if (ask.status() == 200) {
      open.add(new Call(ask.text("reservation_id"), input));
    }
  }

  /// Reports usage; a tenth of the calls is released.
  private void settle(Call call) {
    String reservation = "/budget/reservations/" + call.reservationId();
    Http.Answer settled =
        random.nextInt(10) == 0
            ? gateway.post(reservation + "/release", null)
            : gateway.post(
                reservation + "/commit",
                "{\"usage\": {\"input_tokens\": %d, \"output_tokens\": %d}}"
                    .formatted(call.inputTokens(), random.nextInt(3_000)));
    assertThat(settled).hasStatus(200);
  }

  /// Waits until what follows the stream has counted everything.
  void awaitStream() {
    await("the stream is behind", this::isCounted);
  }

  /// Puts a message on the usage queue, and waits until it is a dead letter.
  void sendDeadLetter(String message) {
    assertThat(admin.post("/local/messages", message)).hasStatus(202);
    await(
        "the message is no dead letter",
        () -> admin.get("/budget/dead-letters").json().path("items").size() == 1);
  }

  private static void await(String otherwise, BooleanSupplier reached) {
    try {
      for (int attempt = 0; attempt < 100; attempt++) {
        if (reached.getAsBoolean()) {
          return;
        }
        Thread.sleep(100);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new AssertionError(otherwise);
  }

  private boolean isCounted() {
    JsonNode account = admin.get("/budget/accounts?scope=tenant").json().path("items").path(0);
    JsonNode total = admin.get("/budget/attribution?group_by=day").json().path("total");
    return total.path("decisions").asInt() == decided
        && total.path("committed_usd").asText().equals(account.path("committed_usd").asText())
        && admin.get("/budget/holds?limit=200").json().path("items").size()
            == total.path("open").asInt();
  }
}
