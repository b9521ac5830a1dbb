package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Asking and settling as a gateway or an agent sees it, on real prices.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class DecisionHttpTest {

  /// 100,000 tokens at 3 USD a million and 4,096 at 15 USD a million.
  private static final String SONNET =
      """
      {"model": "claude-sonnet-4-5", "input_tokens": 100000, "cache_write_tokens": 0,
       "max_output_tokens": 4096, "user_id": "%s", "key_id": "ci"}
      """;

  private static final String SONNET_COST = "0.36144";

  @TestHTTPResource URI base = URI.create("http://unset");

  private final String run = "run-" + UUID.randomUUID();
  private final String user = "user-" + UUID.randomUUID();

  private Http gateway() {
    return new Http(base, "bak_demo_gateway");
  }

  private Http admin() {
    return new Http(base, "bak_demo_admin");
  }

  private String sonnet() {
    return SONNET.formatted(user);
  }

  private static String key() {
    return UUID.randomUUID().toString();
  }

  @Test
  void whenAnAskIsAllowed_theWorstCaseIsHeldAndShown() {
    Http.Answer answer = gateway().ask(sonnet(), key(), run);

    assertEquals(200, answer.status(), answer.toString());
    assertEquals("allow", answer.header("X-Budget-Decision"));
    assertEquals(answer.text("decision_id"), answer.header("X-Budget-Decision-Id"));
    assertEquals(answer.text("reservation_id"), answer.header("X-Budget-Reservation-Id"));
    assertEquals("hard_gate", answer.header("X-Budget-Enforcement-Mode"));
    assertEquals("4.63856", answer.header("X-Budget-Remaining-USD"));
    assertEquals("2026-11-24", answer.header("X-Budget-Price-Table-Version"));
    assertEquals(run, answer.header("X-Run-Id"));
    assertNull(answer.header("X-Budget-Blocking-Scope"));
    assertNull(answer.header("X-Budget-Output-Clamped"));
    assertNull(answer.header("Idempotency-Replayed"));
    JsonNode record = answer.json();
    assertEquals(SONNET_COST, record.path("estimate_usd").asText());
    assertEquals("reserved", record.path("state").asText());
    assertEquals("exact", record.path("input_basis").asText());
    assertEquals(600, record.path("expires_in_seconds").asInt());
    assertEquals("0.000003", record.path("price").path("input").asText());
    assertFalse(record.has("block"), "what is kept for us is not shown");
    for (String field :
        List.of(
            "code",
            "blocking_scope",
            "parent_run_id",
            "team_id",
            "settled_at",
            "usage",
            "actual_usd")) {
      assertTrue(record.has(field) && record.path(field).isNull(), field);
    }
    JsonNode account = record.path("accounts").path(0);
    assertEquals("run", account.path("scope").asText());
    assertEquals("5.00", account.path("limit_usd").asText());
    assertEquals(SONNET_COST, account.path("hold_usd").asText());

    Http.Answer lookedUp = gateway().get("/budget/decisions/" + answer.text("decision_id"));
    assertEquals(200, lookedUp.status());
    assertEquals(record.path("accounts"), lookedUp.json().path("accounts"));
    assertEquals(record.path("price"), lookedUp.json().path("price"));
  }

  @Test
  void whenUsageIsCommitted_itIsChargedAndTheHoldIsFreed() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    String commit = "/budget/reservations/" + ask.text("reservation_id") + "/commit";
    String usage =
        """
        {"usage": {"input_tokens": 100000, "output_tokens": 1000, "cache_read_tokens": 90000}}
        """;

    Http.Answer committed = gateway().post(commit, usage);

    assertEquals(200, committed.status(), committed.toString());
    assertEquals("committed", committed.text("state"));
    assertEquals("0.072", committed.text("actual_usd"));
    assertEquals("exact", committed.text("usage_quality"));
    assertEquals(90000, committed.json().path("usage").path("cache_read_tokens").asInt());
    assertTrue(committed.json().path("overrun_usd").isNull());
    assertFalse(committed.json().path("settled_at").isNull());
    Http.Answer after = gateway().get("/budget/runs/" + run);
    assertEquals("0.072", after.text("committed_usd"));
    assertEquals("0.00", after.text("reserved_usd"));
    assertEquals("4.928", after.text("remaining_usd"));
    assertEquals(user, after.text("user_id"));

    assertEquals(
        committed.json(),
        gateway().post(commit, usage).json(),
        "a commit repeated changes nothing");
    Http.Answer released =
        gateway().post("/budget/reservations/" + ask.text("reservation_id") + "/release", "{}");
    assertEquals("committed", released.text("state"));
  }

  @Test
  void whenAChargeIsAboveTheHold_theDebtBlocksTheNextAsk() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    Http.Answer committed =
        gateway()
            .post(
                "/budget/reservations/" + ask.text("reservation_id") + "/commit",
                """
                {"usage": {"input_tokens": 2000000, "output_tokens": 0}}
                """);

    assertEquals("6.00", committed.text("actual_usd"));
    assertEquals("5.63856", committed.text("overrun_usd"));
    assertEquals("-1.00", gateway().get("/budget/runs/" + run).text("remaining_usd"));
    Http.Answer next = gateway().ask(sonnet(), key(), run);
    assertEquals(402, next.status());
    assertEquals(List.of("raise_limit"), strings(next.json().path("remedies")));
  }

  @Test
  void whenAnAskIsBlocked_theCeilingAndTheRemedyAreNamed() {
    Http.Answer first =
        gateway().ask(sonnet().replace("}", ", \"run_limit_usd\": \"0.50\"}"), key(), run);
    assertEquals(200, first.status(), first.toString());
    String idempotencyKey = key();

    Http.Answer blocked = gateway().ask(sonnet(), idempotencyKey, run);

    assertEquals(402, blocked.status());
    assertEquals("application/problem+json", blocked.header("Content-Type"));
    assertEquals("block", blocked.header("X-Budget-Decision"));
    assertEquals("run", blocked.header("X-Budget-Blocking-Scope"));
    assertEquals("0.13856", blocked.header("X-Budget-Remaining-USD"));
    assertNull(blocked.header("X-Budget-Reservation-Id"));
    assertEquals("2", blocked.header("Retry-After"));
    JsonNode problem = blocked.json();
    assertEquals("run_ceiling_reached", problem.path("code").asText());
    assertEquals("/problems/run_ceiling_reached", problem.path("type").asText());
    assertEquals(402, problem.path("status").asInt());
    assertEquals(
        List.of("wait"), strings(problem.path("remedies")), "the input alone does not fit");
    JsonNode budget = problem.path("budget");
    assertEquals("0.50", budget.path("limit_usd").asText());
    assertEquals(SONNET_COST, budget.path("reserved_usd").asText());
    assertEquals("0.13856", budget.path("remaining_usd").asText());
    assertEquals(SONNET_COST, budget.path("estimate_usd").asText());
    assertEquals(4096, budget.path("effective_max_output_tokens").asInt());
    assertEquals(run, budget.path("scope_id").asText());
    assertTrue(
        budget.has("fits_max_output_tokens") && budget.path("fits_max_output_tokens").isNull());

    Http.Answer replayed = gateway().ask(sonnet(), idempotencyKey, run);
    assertEquals("true", replayed.header("Idempotency-Replayed"));
    assertEquals(problem, replayed.json());
    Http.Answer record =
        gateway().get("/budget/decisions/" + blocked.header("X-Budget-Decision-Id"));
    assertEquals("none", record.text("state"));
    assertEquals("block", record.text("decision"));
    assertTrue(record.json().path("reservation_id").isNull());
  }

  @Test
  void whenTheNamedOutputCapIsUsed_theAskJustFits() {
    String ask =
        """
        {"model": "claude-sonnet-4-5", "input_tokens": 1000, "cache_write_tokens": 0,
         "max_output_tokens": %d, "run_limit_usd": "0.05"}
        """;
    Http.Answer blocked = gateway().ask(ask.formatted(8000), key(), run);
    assertEquals(402, blocked.status());
    assertEquals(List.of("reduce_output"), strings(blocked.json().path("remedies")));
    long fits = blocked.json().path("budget").path("fits_max_output_tokens").asLong();
    assertEquals(3133, fits);
    assertEquals(404, gateway().get("/budget/runs/" + run).status(), "a block makes no run");

    assertEquals(402, gateway().ask(ask.formatted(fits + 1), key(), run).status());
    assertEquals(200, gateway().ask(ask.formatted(fits), key(), run).status());
  }

  @Test
  void whenAKeyIsReused_itsDecisionIsReplayedOrTheAskRefused() {
    String idempotencyKey = key();
    Http.Answer first = gateway().ask(sonnet(), idempotencyKey, run);

    Http.Answer again = gateway().ask(sonnet().replace("\n", "  "), idempotencyKey, run);
    assertEquals(200, again.status());
    assertEquals("true", again.header("Idempotency-Replayed"));
    assertEquals(first.text("reservation_id"), again.text("reservation_id"));
    assertEquals(SONNET_COST, gateway().get("/budget/runs/" + run).text("reserved_usd"));

    Http.Answer other = gateway().ask(sonnet().replace("4096", "4095"), idempotencyKey, run);
    assertEquals(422, other.status());
    assertEquals("idempotency_key_reused", other.text("code"));

    gateway().post("/budget/reservations/" + first.text("reservation_id") + "/release", null);
    Http.Answer over = gateway().ask(sonnet(), idempotencyKey, run);
    assertEquals(409, over.status());
    assertEquals("reservation_settled", over.text("code"));
    assertEquals("released", over.json().path("record").path("state").asText());
  }

  @Test
  void whenNoRunIsNamed_aRetryGetsTheSameIssuedRun() {
    String idempotencyKey = key();
    Http.Answer first = gateway().ask(sonnet(), idempotencyKey);
    String issued = first.header("X-Run-Id");
    assertNotNull(issued);
    assertTrue(issued.matches("run_[A-Za-z0-9._:-]+"));

    assertEquals(issued, gateway().ask(sonnet(), idempotencyKey).header("X-Run-Id"));
    assertEquals(issued, gateway().ask(sonnet(), idempotencyKey, issued).header("X-Run-Id"));
    assertEquals(422, gateway().ask(sonnet(), idempotencyKey, "another").status());
    assertEquals("active", gateway().get("/budget/runs/" + issued).text("state"));
  }

  @Test
  void whenARunExists_anotherTupleOrLimitIsRefused() {
    gateway().ask(sonnet(), key(), run);

    Http.Answer foreign = gateway().ask(SONNET.formatted("somebody-else"), key(), run);
    assertEquals(403, foreign.status());
    assertEquals("run_principal_mismatch", foreign.text("code"));
    Http.Answer agent =
        new Http(base, "bak_demo_agent")
            .ask("{\"model\": \"claude-sonnet-4-5\", \"input_tokens\": 1}", key(), run);
    assertEquals(403, agent.status());
    Http.Answer limit =
        gateway().ask(sonnet().replace("}", ", \"run_limit_usd\": \"4.00\"}"), key(), run);
    assertEquals(409, limit.status());
    assertEquals("run_conflict", limit.text("code"));
    assertEquals(
        200,
        gateway()
            .ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}", key(), run)
            .status());
  }

  @Test
  void whenTheCallerIsAnAgent_onlyItsOwnCallsAreReachable() {
    Http agent = new Http(base, "bak_demo_agent");
    Http.Answer own = agent.ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 10}", key());
    assertEquals(200, own.status(), own.toString());
    assertEquals("demo-user", own.text("user_id"));
    assertEquals("demo-key", own.text("key_id"));
    assertEquals(200, agent.get("/budget/runs/" + own.header("X-Run-Id")).status());

    Http.Answer foreign = gateway().ask(sonnet(), key(), run);
    assertEquals(404, agent.get("/budget/runs/" + run).status());
    assertEquals(404, agent.get("/budget/decisions/" + foreign.text("decision_id")).status());
    assertEquals(
        404,
        agent
            .post("/budget/reservations/" + foreign.text("reservation_id") + "/release", null)
            .status());
    Http.Answer states =
        agent.ask(
            "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"user_id\": \"demo-user\"}",
            key());
    assertEquals(403, states.status());
    Http.Answer generous =
        agent.ask(
            "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"run_limit_usd\": \"5.01\"}",
            key());
    assertEquals(403, generous.status());
    assertEquals("forbidden", generous.text("code"));
  }

  @Test
  void whenAUserCeilingChanges_theNextAskIsDecidedByIt() {
    String ceiling = "/budget/ceilings/user/" + user + "/total";
    Http.Answer made = admin().send("PUT", ceiling, "{\"limit_usd\": \"0.40\"}");
    assertEquals(201, made.status(), made.toString());
    assertNotNull(made.header("ETag"));
    Http.Answer allowed = gateway().ask(sonnet(), key(), run);
    assertEquals(200, allowed.status(), allowed.toString());
    assertEquals("0.03856", allowed.header("X-Budget-Remaining-USD"));

    Http.Answer blocked = gateway().ask(sonnet(), key(), run + "-2");
    assertEquals("user_ceiling_reached", blocked.text("code"));
    assertEquals(user, blocked.json().path("budget").path("scope_id").asText());

    assertEquals(200, admin().send("PUT", ceiling, "{\"limit_usd\": \"1.00\"}").status());
    assertEquals(200, gateway().ask(sonnet(), key(), run + "-2").status());
    assertEquals("1.00", gateway().get(ceiling).text("limit_usd"));
    assertEquals(200, admin().send("PUT", ceiling, "{\"limit_usd\": \"0.10\"}").status());
    Http.Answer lowered = gateway().ask(sonnet(), key(), run + "-3");
    assertEquals("-0.62288", lowered.json().path("budget").path("remaining_usd").asText());

    assertEquals(204, admin().send("DELETE", ceiling, null).status());
    assertEquals(404, gateway().get(ceiling).status());
    assertEquals(200, gateway().ask(sonnet(), key(), run + "-3").status());
    assertEquals(201, admin().send("PUT", ceiling, "{\"limit_usd\": \"9.00\"}").status());
    Http.Answer again = gateway().ask(sonnet(), key(), run + "-4");
    assertEquals(
        "1.08432",
        again.json().path("accounts").path(1).path("reserved_usd").asText(),
        "made again, the account goes on with its sums");
  }

  @Test
  void whenARunsCeilingIsSet_theRunsLimitChanges() {
    gateway().ask(sonnet(), key(), run);
    String ceiling = "/budget/ceilings/run/" + run + "/total";

    assertEquals(200, admin().send("PUT", ceiling, "{\"limit_usd\": \"0.50\"}").status());

    assertEquals("0.50", gateway().get("/budget/runs/" + run).text("limit_usd"));
    assertEquals(402, gateway().ask(sonnet(), key(), run).status());
    assertEquals(405, admin().send("DELETE", ceiling, null).status());
    assertEquals(
        404,
        admin()
            .send("PUT", "/budget/ceilings/run/none/total", "{\"limit_usd\": \"1.00\"}")
            .status());
  }

  @Test
  void whenSeveralLimitsApply_theOutputCapIsTheLeast() {
    Http.Answer byPolicy =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}", key());
    assertEquals(4096, byPolicy.json().path("effective_max_output_tokens").asInt());
    assertTrue(byPolicy.json().path("client_requested_max_output_tokens").isNull());

    Http.Answer byModel =
        gateway()
            .ask(
                "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"max_output_tokens\": 500000}",
                key());
    assertEquals("true", byModel.header("X-Budget-Output-Clamped"));
    assertEquals(64000, byModel.json().path("effective_max_output_tokens").asInt());
    assertEquals(500000, byModel.json().path("client_requested_max_output_tokens").asInt());
    assertTrue(byModel.json().path("output_clamped").asBoolean());

    Http.Answer beyond =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 200001}", key());
    assertEquals(400, beyond.status());
    assertEquals("context_window_exceeded", beyond.text("code"));
  }

  @Test
  void whenInputIsInBytesOrUnbounded_theWindowBoundsTokens() {
    Http.Answer bytes =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_bytes\": 5000}", key());
    assertEquals(5000, bytes.json().path("input_tokens").asInt());
    assertEquals("bytes", bytes.text("input_basis"));
    Http.Answer many =
        gateway()
            .ask(
                "{\"model\": \"claude-haiku-4-5\", \"input_bytes\": 900000, \"input_tokens\": 7}",
                key());
    assertEquals(200000, many.json().path("input_tokens").asInt());
    Http.Answer boundless =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"unbounded_input\": true}", key());
    assertEquals(200000, boundless.json().path("input_tokens").asInt());
    assertEquals("window", boundless.text("input_basis"));
  }

  @Test
  void whenAModelHasNoPrice_theAskIsBlocked() {
    for (String model :
        List.of("no-such-model", "github_copilot/gpt-4o", "command-a-plus-05-2026")) {
      Http.Answer answer =
          gateway().ask("{\"model\": \"" + model + "\", \"input_tokens\": 1}", key(), run);
      assertEquals(402, answer.status(), model);
      assertEquals("price_unknown", answer.text("code"), model);
      assertEquals(List.of("price_model"), strings(answer.json().path("remedies")), model);
    }
    assertEquals(404, gateway().get("/budget/runs/" + run).status());
  }

  @Test
  void whenAnAskIsADryRun_itIsDecidedAndNotStored() {
    Http.Answer answer =
        gateway()
            .post(
                "/budget/decisions",
                sonnet().replace("}", ", \"dry_run\": true}"),
                "X-Run-Id",
                run);

    assertEquals(200, answer.status(), answer.toString());
    assertTrue(answer.json().path("decision_id").isNull());
    assertTrue(answer.json().path("reservation_id").isNull());
    assertEquals(SONNET_COST, answer.text("estimate_usd"));
    assertEquals(404, gateway().get("/budget/runs/" + run).status());
  }

  @Test
  void whenUsageIsReportedAfterARelease_itIsCharged() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    String reservation = "/budget/reservations/" + ask.text("reservation_id");

    Http.Answer released = gateway().post(reservation + "/release", "{\"reason\": \"not called\"}");
    assertEquals("released", released.text("state"));
    assertEquals("0.00", gateway().get("/budget/runs/" + run).text("reserved_usd"));
    assertEquals(409, gateway().post(reservation + "/forward", null).status());

    Http.Answer late =
        gateway()
            .post(
                reservation + "/commit",
                "{\"usage\": {\"input_tokens\": 1000, \"output_tokens\": 0}}");
    assertEquals("committed", late.text("state"));
    assertEquals("0.003", gateway().get("/budget/runs/" + run).text("committed_usd"));
  }

  @Test
  void whenAForwardIsExplicit_theReservationIsForwarded() {
    Http.Answer ask =
        gateway()
            .ask(
                sonnet().replace("}", ", \"forward\": \"explicit\", \"ttl_seconds\": 60}"),
                key(),
                run);
    assertEquals(60, ask.json().path("expires_in_seconds").asInt());

    Http.Answer forwarded =
        gateway().post("/budget/reservations/" + ask.text("reservation_id") + "/forward", null);

    assertEquals(200, forwarded.status());
    assertEquals("forwarded", forwarded.text("state"));
  }

  @Test
  void whenAnotherModelServed_itsRowOrTheHeldRowPricesIt() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    Http.Answer served =
        gateway()
            .post(
                "/budget/reservations/" + ask.text("reservation_id") + "/commit",
                """
                {"model": "claude-haiku-4-5", "usage": {"input_tokens": 1000000, "output_tokens": 0}}
                """);
    assertEquals("1.00", served.text("actual_usd"));

    Http.Answer second = gateway().ask(sonnet(), key(), run);
    Http.Answer unknown =
        gateway()
            .post(
                "/budget/reservations/" + second.text("reservation_id") + "/commit",
                """
                {"model": "no-such-model", "usage": {"input_tokens": 100000, "output_tokens": 0}}
                """);
    assertEquals("0.30", unknown.text("actual_usd"));
    assertEquals(List.of("model"), strings(unknown.json().path("unpriced_usage")));
  }

  @Test
  void whenUsageIsMissing_theEstimateIsChargedUntilAReport() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    String commit = "/budget/reservations/" + ask.text("reservation_id") + "/commit";

    Http.Answer missing = gateway().post(commit, "{\"usage_quality\": \"missing\"}");
    assertEquals(SONNET_COST, missing.text("actual_usd"));
    assertTrue(missing.json().path("usage").isNull());

    Http.Answer exact =
        gateway().post(commit, "{\"usage\": {\"input_tokens\": 0, \"output_tokens\": 100}}");
    assertEquals("0.0015", exact.text("actual_usd"));
    assertEquals("0.0015", gateway().get("/budget/runs/" + run).text("committed_usd"));
  }

  static Stream<Arguments> badAsks() {
    String model = "\"model\": \"claude-haiku-4-5\", ";
    return Stream.of(
        Arguments.of("{" + model + "\"input_tokens\": 1, \"max_tokens\": 5}", "/max_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": -1}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": 1000000001}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": 1e30}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": \"5\"}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": 5.0}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": true}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": 1, \"input_tokens\": 2}", "/input_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": null}", "/input_tokens"),
        Arguments.of("{\"model\": 5, \"input_tokens\": 1}", "/model"),
        Arguments.of("{\"model\": \"\", \"input_tokens\": 1}", "/model"),
        Arguments.of("{\"input_tokens\": 1}", "/model"),
        Arguments.of(
            "{" + model + "\"input_tokens\": 1, \"max_output_tokens\": -1}", "/max_output_tokens"),
        Arguments.of("{" + model + "\"input_tokens\": 1, \"choices\": 129}", "/choices"),
        Arguments.of("{" + model + "\"input_tokens\": 1, \"ttl_seconds\": 3601}", "/ttl_seconds"),
        Arguments.of("{" + model + "\"input_tokens\": 1, \"run_limit_usd\": 5}", "/run_limit_usd"),
        Arguments.of(
            "{" + model + "\"input_tokens\": 1, \"run_limit_usd\": \"5\"}", "/run_limit_usd"),
        Arguments.of(
            "{" + model + "\"input_tokens\": 1, \"run_limit_usd\": \"-5.00\"}", "/run_limit_usd"),
        Arguments.of("{" + model + "\"input_tokens\": 1, \"user_id\": \"a b\"}", "/user_id"),
        Arguments.of("{" + model + "\"input_tokens\": 1, \"downgrade\": \"maybe\"}", "/downgrade"),
        Arguments.of(
            "{" + model + "\"input_tokens\": 1, \"units\": {\"bananas\": 1}}", "/units/bananas"),
        Arguments.of(
            "{" + model + "\"input_tokens\": 1, \"requires\": {\"wings\": true}}",
            "/requires/wings"),
        Arguments.of(
            "{" + model + "\"input_tokens\": 1, \"parent_run_id\": \"a b\"}", "/parent_run_id"),
        Arguments.of("{\"model\": \"gpt-4o-mini-2024\", \"input_tokens\": }", ""),
        Arguments.of("[]", ""),
        Arguments.of("", ""));
  }

  @ParameterizedTest
  @MethodSource("badAsks")
  void whenAnAskIsInvalid_a400NamesTheField(String body, String pointer) {
    Http.Answer answer = gateway().ask(body, key(), run);

    assertEquals(400, answer.status(), answer.toString());
    assertEquals("invalid_request", answer.text("code"));
    assertTrue(
        answer
            .json()
            .path("errors")
            .valueStream()
            .anyMatch(error -> error.path("pointer").asText().equals(pointer)),
        answer.toString());
    assertEquals(404, gateway().get("/budget/runs/" + run).status(), "nothing is reserved");
  }

  @Test
  void whenARequestIsWrongOutsideItsBody_theStatusSaysHow() {
    assertEquals(401, new Http(base, null).ask(sonnet(), key()).status());
    assertEquals(401, new Http(base, "bak_wrong").ask(sonnet(), key()).status());
    assertEquals(403, new Http(base, "bak_demo_viewer").ask(sonnet(), key()).status());
    assertEquals(403, admin().ask(sonnet(), key()).status());
    assertEquals(403, new Http(base, "bak_demo_operator").get("/budget/runs/" + run).status());
    Http.Answer noKey = gateway().post("/budget/decisions", sonnet());
    assertEquals(400, noKey.status());
    assertEquals("Idempotency-Key", noKey.json().path("errors").path(0).path("pointer").asText());
    Http.Answer badRun = gateway().ask(sonnet(), key(), "not a run");
    assertEquals("X-Run-Id", badRun.json().path("errors").path(0).path("pointer").asText());
    assertEquals(
        413, gateway().ask("{\"model\": \"" + "x".repeat(1_000_000) + "\"}", key()).status());
    assertEquals(
        415,
        gateway()
            .post(
                "/budget/decisions",
                sonnet(),
                "Content-Type",
                "text/plain",
                "Idempotency-Key",
                key())
            .status());
    Http.Answer method = gateway().send("DELETE", "/budget/decisions", null);
    assertEquals(405, method.status());
    assertEquals("method_not_allowed", method.text("code"));
    Http.Answer nowhere = gateway().get("/budget/nowhere");
    assertEquals(404, nowhere.status());
    assertEquals("application/problem+json", nowhere.header("Content-Type"));
    Http.Answer notJson = gateway().send("GET", "/budget/runs/" + run, null, "Accept", "image/png");
    assertEquals(406, notJson.status());
    assertEquals(404, gateway().get("/budget/decisions/bdgdec_nonsense").status());
  }

  @Test
  void whenNoKeyIsSent_healthIsAnswered() {
    assertEquals(200, new Http(base, null).get("/q/health/live").status());
    assertEquals(200, new Http(base, null).get("/q/health/ready").status());
  }

  @Test
  void whenADryRunNamesNoRun_noExistingRunLimitsIt() {
    gateway().ask(sonnet().replace("}", ", \"run_limit_usd\": \"0.50\"}"), key(), "run_dry");
    String ask = "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"dry_run\": true}";

    Http.Answer answer = gateway().post("/budget/decisions", ask);

    assertEquals(200, answer.status(), answer.toString());
    assertTrue(answer.json().path("run_id").isNull());
    assertEquals("4.979518", answer.text("remaining_usd"));
    assertEquals(run, gateway().post("/budget/decisions", ask, "X-Run-Id", run).header("X-Run-Id"));
  }

  @Test
  void whenToolsOrUnitsAreUnbounded_thePriceIsUnknown() {
    for (String unbounded :
        List.of("\"billed_tools\": {\"web_search\": null}", "\"units\": {\"images\": null}")) {
      Http.Answer answer = gateway().ask(sonnet().replace("}", ", " + unbounded + "}"), key(), run);
      assertEquals(402, answer.status(), answer.toString());
      assertEquals("price_unknown", answer.text("code"));
    }
    Http.Answer bounded =
        gateway()
            .ask(sonnet().replace("}", ", \"billed_tools\": {\"web_search\": 3}}"), key(), run);
    assertEquals("0.39144", bounded.text("estimate_usd"));
  }

  @Test
  void whenANameIsEmptyOrTooLong_theRequestIsRefused() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    String commit = "/budget/reservations/" + ask.text("reservation_id") + "/commit";
    String usage =
        "{\"usage\": {\"input_tokens\": 1, \"output_tokens\": 1, \"billed_tools\": {%s}}}";
    StringBuilder many = new StringBuilder("\"t0\": 1");
    for (int i = 1; i < 65; i++) {
      many.append(", \"t").append(i).append("\": 1");
    }
    assertEquals(400, gateway().post(commit, usage.formatted(many)).status());
    assertEquals(400, gateway().post(commit, usage.formatted("\"\": 1")).status());
    assertEquals(
        400, gateway().post(commit, usage.formatted("\"" + "x".repeat(257) + "\": 1")).status());
    Http.Answer surrogate =
        gateway().ask("{\"model\": \"\\ud800\", \"input_tokens\": 1}", key(), run);
    assertEquals(400, surrogate.status(), surrogate.toString());
    assertEquals(404, gateway().get("/budget/runs/" + "a".repeat(2_100)).status());
    assertEquals(
        400,
        gateway()
            .ask(sonnet().replace("}", ", \"run_limit_usd\": \"1000000000.00\"}"), key(), run)
            .status());
  }

  @Test
  void whenARunsLimitChanges_theLimitItWasMadeWithIsAccepted() {
    String limited = sonnet().replace("}", ", \"run_limit_usd\": \"1.00\"}");
    gateway().ask(limited, key(), run);
    Http.Answer moved =
        gateway()
            .send("PUT", "/budget/ceilings/run/" + run + "/total", "{\"limit_usd\": \"2.00\"}");
    assertEquals(200, moved.status(), "a gateway may change runs");

    assertEquals(200, gateway().ask(limited, key(), run).status());
    assertEquals(200, gateway().ask(limited.replace("1.00", "2.00"), key(), run).status());
    assertEquals(409, gateway().ask(limited.replace("1.00", "3.00"), key(), run).status());
    assertEquals(
        403,
        gateway()
            .send("PUT", "/budget/ceilings/user/ada/total", "{\"limit_usd\": \"2.00\"}")
            .status());
  }

  @Test
  void whenTheServingModelHasNoProvider_theHeldOneIsUsed() {
    Http.Answer ask =
        gateway()
            .ask(
                "{\"provider\": \"azure\", \"model\": \"gpt-5.1-chat\", \"input_tokens\": 1000}",
                key(),
                run);
    String usage = "\"usage\": {\"input_tokens\": 1000, \"output_tokens\": 100}}";

    Http.Answer served =
        gateway()
            .post(
                "/budget/reservations/" + ask.text("reservation_id") + "/commit",
                "{\"model\": \"gpt-5.3-chat\", " + usage);

    assertEquals("0.00315", served.text("actual_usd"), served.toString());
    assertTrue(served.json().path("unpriced_usage").isNull());
    JsonNode shown = served.json().path("usage");
    assertTrue(shown.has("reasoning_tokens") && shown.path("reasoning_tokens").isNull());
  }

  @Test
  void whenUsageIsVeryLarge_itIsCharged() {
    Http.Answer ask = gateway().ask("{\"model\": \"o1-pro\", \"input_tokens\": 1}", key(), run);
    assertEquals(200, ask.status(), ask.toString());
    Http.Answer committed =
        gateway()
            .post(
                "/budget/reservations/" + ask.text("reservation_id") + "/commit",
                "{\"usage\": {\"input_tokens\": 1000000000, \"output_tokens\": 1000000000}}");
    assertEquals("committed", committed.text("state"), committed.toString());
    assertEquals("750000.00", committed.text("actual_usd"));
  }

  @Test
  void whenTheTagDiffers_aCeilingIsNeitherSetNorDeleted() {
    String ceiling = "/budget/ceilings/key/" + user + "/total";
    Http.Answer made = admin().send("PUT", ceiling, "{\"limit_usd\": \"1.00\"}");
    assertEquals(412, admin().send("DELETE", ceiling, null, "If-Match", "\"9\"").status());
    assertEquals(
        412,
        admin().send("PUT", ceiling, "{\"limit_usd\": \"2.00\"}", "If-Match", "\"9\"").status());
    String tag = made.header("ETag");
    assertNotNull(tag);
    assertEquals(204, admin().send("DELETE", ceiling, null, "If-Match", tag).status());
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::asText).toList();
  }
}
