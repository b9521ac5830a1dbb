package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A tenant of a test's own, made as an operator and an administrator would.
public final class TestTenant {

  final String id = "tenant-" + UUID.randomUUID();
  final String run = "run-" + UUID.randomUUID();
  public final Http admin;
  final Http gateway;
  private final URI base;

  public TestTenant(URI base) {
    this.base = base;
    Http.Answer made =
        new Http(base, "bak_demo_operator")
            .post("/budget/tenants", "{\"tenant_id\": \"%s\"}".formatted(id));
    assertThat(made).hasStatus(201);
    this.admin = new Http(base, made.json().path("admin_key").path("secret").asText());
    this.gateway = key("{\"role\": \"gateway\"}");
  }

  Http key(String body) {
    Http.Answer made = admin.post("/budget/keys", body);
    assertThat(made).hasStatus(201);
    return new Http(base, made.text("secret"));
  }

  Http.Answer policy(String body) {
    Http.Answer answer = admin.send("PUT", "/budget/policy", body);
    assertThat(answer).hasStatus(200);
    return answer;
  }

  void ceiling(String path, String body) {
    Http.Answer answer = admin.send("PUT", "/budget/ceilings/" + path, body);
    assertThat(answer).hasStatus(201);
  }

  /// An ask for a call of claude-haiku-4-5 that costs 1 USD a million input tokens and 5 USD a
  /// million output tokens.
  Http.Answer ask(long inputTokens, long outputTokens, @Nullable String more) {
    return askIn(run, inputTokens, outputTokens, more);
  }

  Http.Answer askIn(String runId, long inputTokens, long outputTokens, @Nullable String more) {
    String body =
        """
        {"model": "claude-haiku-4-5", "input_tokens": %d, "cache_write_tokens": 0,
         "max_output_tokens": %d%s}
        """
            .formatted(inputTokens, outputTokens, more == null ? "" : ", " + more);
    return gateway.ask(body, UUID.randomUUID().toString(), runId);
  }

  Http.Answer commit(Http.Answer asked, long inputTokens, long outputTokens) {
    return step(
        asked,
        "commit",
        "{\"usage\": {\"input_tokens\": %d, \"output_tokens\": %d}}"
            .formatted(inputTokens, outputTokens));
  }

  Http.Answer step(Http.Answer asked, String step, @Nullable String body) {
    return gateway.post(
        "/budget/reservations/" + asked.header("X-Budget-Reservation-Id") + "/" + step, body);
  }

  Http.Answer run() {
    return gateway.get("/budget/runs/" + run);
  }

  /// Puts a message on the usage queue that can never succeed.
  ///
  /// @param reservationId what the message says about its reservation
  /// @return its id in the dead-letter queue, once it is there
  String sendDeadLetter(String reservationId) {
    String message =
        "{\"type\": \"release\", \"tenant_id\": \"%s\", \"reservation_id\": \"%s\"}"
            .formatted(id, reservationId);
    assertThat(admin.post("/local/messages", message)).hasStatus(202);
    return awaitAnswer(admin, "/budget/dead-letters", "/items/0/tenant_id", id)
        .json()
        .at("/items/0/message_id")
        .asText();
  }

  /// The answer to a question about spend, once the stream has come so far.
  Http.Answer awaitSpend(String path, String pointer, String expected) {
    return awaitAnswer(gateway, path, pointer, expected);
  }

  private static Http.Answer awaitAnswer(
      Http caller, String path, String pointer, String expected) {
    for (int attempt = 0; ; attempt++) {
      Http.Answer answer = caller.get(path);
      if (answer.status() == 200 && answer.json().at(pointer).asText().equals(expected)) {
        return answer;
      }
      if (attempt == 100) {
        throw new AssertionError(
            path + " never had " + expected + " at " + pointer + ": " + answer);
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }
}
