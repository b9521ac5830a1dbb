package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

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

    assertThat(answer)
        .hasStatus(200)
        .hasHeader("X-Budget-Decision", "allow")
        .hasHeader("X-Budget-Decision-Id", answer.text("decision_id"))
        .hasHeader("X-Budget-Reservation-Id", answer.text("reservation_id"))
        .hasHeader("X-Budget-Enforcement-Mode", "hard_gate")
        .hasHeader("X-Budget-Remaining-USD", "4.63856")
        .hasHeader("X-Budget-Price-Table-Version", "2026-11-24")
        .hasHeader("X-Run-Id", run);
    assertThat(answer.header("X-Budget-Blocking-Scope")).isNull();
    assertThat(answer.header("X-Budget-Output-Clamped")).isNull();
    assertThat(answer.header("Idempotency-Replayed")).isNull();
    JsonNode record = answer.json();
    assertThat(record.path("estimate_usd").asText()).isEqualTo(SONNET_COST);
    assertThat(record.path("state").asText()).isEqualTo("reserved");
    assertThat(record.path("input_basis").asText()).isEqualTo("exact");
    assertThat(record.path("expires_in_seconds").asInt()).isEqualTo(600);
    assertThat(record.path("price").path("input").asText()).isEqualTo("0.000003");
    for (String field :
        List.of(
            "code",
            "blocking_scope",
            "block",
            "parent_run_id",
            "team_id",
            "settled_at",
            "usage",
            "actual_usd")) {
      assertThat(record.has(field) && record.path(field).isNull()).as(field).isTrue();
    }
    JsonNode account = record.path("accounts").path(0);
    assertThat(account.path("scope").asText()).isEqualTo("run");
    assertThat(account.path("limit_usd").asText()).isEqualTo("5.00");
    assertThat(account.path("hold_usd").asText()).isEqualTo(SONNET_COST);

    Http.Answer lookedUp = gateway().get("/budget/decisions/" + answer.text("decision_id"));
    assertThat(lookedUp).hasStatus(200);
    assertThat(lookedUp.json().path("accounts")).isEqualTo(record.path("accounts"));
    assertThat(lookedUp.json().path("price")).isEqualTo(record.path("price"));
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

    assertThat(committed)
        .hasStatus(200)
        .hasText("state", "committed")
        .hasText("actual_usd", "0.072")
        .hasText("usage_quality", "exact");
    assertThat(committed.json().path("usage").path("cache_read_tokens").asInt()).isEqualTo(90000);
    assertThat(committed.json().path("overrun_usd").isNull()).isTrue();
    assertThat(committed.json().path("settled_at").isNull()).isFalse();
    Http.Answer after = gateway().get("/budget/runs/" + run);
    assertThat(after.text("committed_usd")).isEqualTo("0.072");
    assertThat(after.text("reserved_usd")).isEqualTo("0.00");
    assertThat(after.text("remaining_usd")).isEqualTo("4.928");
    assertThat(after.text("user_id")).isEqualTo(user);

    assertThat(gateway().post(commit, usage).json())
        .as("a commit repeated changes nothing")
        .isEqualTo(committed.json());
    Http.Answer released =
        gateway().post("/budget/reservations/" + ask.text("reservation_id") + "/release", "{}");
    assertThat(released).hasText("state", "committed");
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

    assertThat(committed).hasText("actual_usd", "6.00").hasText("overrun_usd", "5.63856");
    assertThat(gateway().get("/budget/runs/" + run)).hasText("remaining_usd", "-1.00");
    Http.Answer next = gateway().ask(sonnet(), key(), run);
    assertThat(next).hasStatus(402);
    assertThat(strings(next.json().path("remedies"))).isEqualTo(List.of("raise_limit"));
  }

  @Test
  void whenAnAskIsBlocked_theCeilingAndTheRemedyAreNamed() {
    Http.Answer first =
        gateway().ask(sonnet().replace("}", ", \"run_limit_usd\": \"0.50\"}"), key(), run);
    assertThat(first).hasStatus(200);
    String idempotencyKey = key();

    Http.Answer blocked = gateway().ask(sonnet(), idempotencyKey, run);

    assertThat(blocked)
        .hasStatus(402)
        .hasHeader("Content-Type", "application/problem+json")
        .hasHeader("X-Budget-Decision", "block")
        .hasHeader("X-Budget-Blocking-Scope", "run")
        .hasHeader("X-Budget-Remaining-USD", "0.13856");
    assertThat(blocked.header("X-Budget-Reservation-Id")).isNull();
    assertThat(blocked).hasHeader("Retry-After", "2");
    JsonNode problem = blocked.json();
    assertThat(problem.path("code").asText()).isEqualTo("run_ceiling_reached");
    assertThat(problem.path("type").asText()).isEqualTo("/problems/run_ceiling_reached");
    assertThat(problem.path("status").asInt()).isEqualTo(402);
    assertThat(strings(problem.path("remedies")))
        .as("the input alone does not fit")
        .isEqualTo(List.of("wait"));
    JsonNode budget = problem.path("budget");
    assertThat(budget.path("limit_usd").asText()).isEqualTo("0.50");
    assertThat(budget.path("reserved_usd").asText()).isEqualTo(SONNET_COST);
    assertThat(budget.path("remaining_usd").asText()).isEqualTo("0.13856");
    assertThat(budget.path("estimate_usd").asText()).isEqualTo(SONNET_COST);
    assertThat(budget.path("effective_max_output_tokens").asInt()).isEqualTo(4096);
    assertThat(budget.path("scope_id").asText()).isEqualTo(run);
    assertThat(
            budget.has("fits_max_output_tokens") && budget.path("fits_max_output_tokens").isNull())
        .isTrue();

    Http.Answer replayed = gateway().ask(sonnet(), idempotencyKey, run);
    assertThat(replayed).hasHeader("Idempotency-Replayed", "true");
    assertThat(replayed.json()).isEqualTo(problem);
    Http.Answer record =
        gateway().get("/budget/decisions/" + blocked.header("X-Budget-Decision-Id"));
    assertThat(record).hasText("state", "none").hasText("decision", "block");
    assertThat(record.json().path("reservation_id").isNull()).isTrue();
  }

  @Test
  void whenTheNamedOutputCapIsUsed_theAskJustFits() {
    String ask =
        """
        {"model": "claude-sonnet-4-5", "input_tokens": 1000, "cache_write_tokens": 0,
         "max_output_tokens": %d, "run_limit_usd": "0.05"}
        """;
    Http.Answer blocked = gateway().ask(ask.formatted(8000), key(), run);
    assertThat(blocked).hasStatus(402);
    assertThat(strings(blocked.json().path("remedies"))).isEqualTo(List.of("reduce_output"));
    long fits = blocked.json().path("budget").path("fits_max_output_tokens").asLong();
    assertThat(fits).isEqualTo(3133);
    assertThat(gateway().get("/budget/runs/" + run)).as("a block makes no run").hasStatus(404);

    assertThat(gateway().ask(ask.formatted(fits + 1), key(), run)).hasStatus(402);
    assertThat(gateway().ask(ask.formatted(fits), key(), run)).hasStatus(200);
  }

  @Test
  void whenAKeyIsReused_itsDecisionIsReplayedOrTheAskRefused() {
    String idempotencyKey = key();
    Http.Answer first = gateway().ask(sonnet(), idempotencyKey, run);

    Http.Answer again = gateway().ask(sonnet().replace("\n", "  "), idempotencyKey, run);
    assertThat(again).hasStatus(200).hasHeader("Idempotency-Replayed", "true");
    assertThat(again.text("reservation_id")).isEqualTo(first.text("reservation_id"));
    assertThat(gateway().get("/budget/runs/" + run).text("reserved_usd")).isEqualTo(SONNET_COST);

    Http.Answer other = gateway().ask(sonnet().replace("4096", "4095"), idempotencyKey, run);
    assertThat(other).isProblem(422, "idempotency_key_reused");

    gateway().post("/budget/reservations/" + first.text("reservation_id") + "/release", null);
    Http.Answer over = gateway().ask(sonnet(), idempotencyKey, run);
    assertThat(over).isProblem(409, "reservation_settled");
    assertThat(over.json().path("record").path("state").asText()).isEqualTo("released");
  }

  @Test
  void whenNoRunIsNamed_aRetryGetsTheSameIssuedRun() {
    String idempotencyKey = key();
    Http.Answer first = gateway().ask(sonnet(), idempotencyKey);
    String issued = first.header("X-Run-Id");
    assertThat(issued).isNotNull();
    assertThat(issued.matches("run_[A-Za-z0-9._:-]+")).isTrue();

    assertThat(gateway().ask(sonnet(), idempotencyKey)).hasHeader("X-Run-Id", issued);
    assertThat(gateway().ask(sonnet(), idempotencyKey, issued)).hasHeader("X-Run-Id", issued);
    assertThat(gateway().ask(sonnet(), idempotencyKey, "another")).hasStatus(422);
    assertThat(gateway().get("/budget/runs/" + issued)).hasText("state", "active");
  }

  @Test
  void whenARunExists_anotherTupleOrLimitIsRefused() {
    gateway().ask(sonnet(), key(), run);

    Http.Answer foreign = gateway().ask(SONNET.formatted("somebody-else"), key(), run);
    assertThat(foreign).isProblem(403, "run_principal_mismatch");
    Http.Answer agent =
        new Http(base, "bak_demo_agent")
            .ask("{\"model\": \"claude-sonnet-4-5\", \"input_tokens\": 1}", key(), run);
    assertThat(agent).hasStatus(403);
    Http.Answer limit =
        gateway().ask(sonnet().replace("}", ", \"run_limit_usd\": \"4.00\"}"), key(), run);
    assertThat(limit).isProblem(409, "run_conflict");
    assertThat(gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}", key(), run))
        .hasStatus(200);
  }

  @Test
  void whenTheCallerIsAnAgent_onlyItsOwnCallsAreReachable() {
    Http agent = new Http(base, "bak_demo_agent");
    Http.Answer own = agent.ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 10}", key());
    assertThat(own).hasStatus(200).hasText("user_id", "demo-user").hasText("key_id", "demo-key");
    assertThat(agent.get("/budget/runs/" + own.header("X-Run-Id"))).hasStatus(200);

    Http.Answer foreign = gateway().ask(sonnet(), key(), run);
    assertThat(agent.get("/budget/runs/" + run)).hasStatus(404);
    assertThat(agent.get("/budget/decisions/" + foreign.text("decision_id"))).hasStatus(404);
    assertThat(
            agent.post("/budget/reservations/" + foreign.text("reservation_id") + "/release", null))
        .hasStatus(404);
    Http.Answer states =
        agent.ask(
            "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"user_id\": \"demo-user\"}",
            key());
    assertThat(states).hasStatus(403);
    Http.Answer generous =
        agent.ask(
            "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"run_limit_usd\": \"5.01\"}",
            key());
    assertThat(generous).isProblem(403, "forbidden");
  }

  @Test
  void whenAUserCeilingChanges_theNextAskIsDecidedByIt() {
    String ceiling = "/budget/ceilings/user/" + user + "/total";
    Http.Answer made = admin().send("PUT", ceiling, "{\"limit_usd\": \"0.40\"}");
    assertThat(made).hasStatus(201);
    assertThat(made.header("ETag")).isNotNull();
    Http.Answer allowed = gateway().ask(sonnet(), key(), run);
    assertThat(allowed).hasStatus(200).hasHeader("X-Budget-Remaining-USD", "0.03856");

    Http.Answer blocked = gateway().ask(sonnet(), key(), run + "-2");
    assertThat(blocked).hasText("code", "user_ceiling_reached");
    assertThat(blocked.json().path("budget").path("scope_id").asText()).isEqualTo(user);

    assertThat(admin().send("PUT", ceiling, "{\"limit_usd\": \"1.00\"}")).hasStatus(200);
    assertThat(gateway().ask(sonnet(), key(), run + "-2")).hasStatus(200);
    assertThat(gateway().get(ceiling)).hasText("limit_usd", "1.00");
    assertThat(admin().send("PUT", ceiling, "{\"limit_usd\": \"0.10\"}")).hasStatus(200);
    Http.Answer lowered = gateway().ask(sonnet(), key(), run + "-3");
    assertThat(lowered.json().path("budget").path("remaining_usd").asText()).isEqualTo("-0.62288");

    assertThat(admin().send("DELETE", ceiling, null)).hasStatus(204);
    assertThat(gateway().get(ceiling)).hasStatus(404);
    assertThat(gateway().ask(sonnet(), key(), run + "-3")).hasStatus(200);
    assertThat(admin().send("PUT", ceiling, "{\"limit_usd\": \"9.00\"}")).hasStatus(201);
    Http.Answer again = gateway().ask(sonnet(), key(), run + "-4");
    assertThat(again.json().path("accounts").path(1).path("reserved_usd").asText())
        .as("made again, the account goes on with its sums")
        .isEqualTo("1.08432");
  }

  @Test
  void whenARunsCeilingIsSet_theRunsLimitChanges() {
    gateway().ask(sonnet(), key(), run);
    String ceiling = "/budget/ceilings/run/" + run + "/total";

    assertThat(admin().send("PUT", ceiling, "{\"limit_usd\": \"0.50\"}")).hasStatus(200);

    assertThat(gateway().get("/budget/runs/" + run)).hasText("limit_usd", "0.50");
    assertThat(gateway().ask(sonnet(), key(), run)).hasStatus(402);
    assertThat(admin().send("DELETE", ceiling, null)).hasStatus(405);
    assertThat(admin().send("PUT", "/budget/ceilings/run/none/total", "{\"limit_usd\": \"1.00\"}"))
        .hasStatus(404);
  }

  @Test
  void whenSeveralLimitsApply_theOutputCapIsTheLeast() {
    Http.Answer byPolicy =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}", key());
    assertThat(byPolicy.json().path("effective_max_output_tokens").asInt()).isEqualTo(4096);
    assertThat(byPolicy.json().path("client_requested_max_output_tokens").isNull()).isTrue();

    Http.Answer byModel =
        gateway()
            .ask(
                "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"max_output_tokens\": 500000}",
                key());
    assertThat(byModel).hasHeader("X-Budget-Output-Clamped", "true");
    assertThat(byModel.json().path("effective_max_output_tokens").asInt()).isEqualTo(64000);
    assertThat(byModel.json().path("client_requested_max_output_tokens").asInt()).isEqualTo(500000);
    assertThat(byModel.json().path("output_clamped").asBoolean()).isTrue();

    Http.Answer beyond =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 200001}", key());
    assertThat(beyond).isProblem(400, "context_window_exceeded");
  }

  @Test
  void whenInputIsInBytesOrUnbounded_theWindowBoundsTokens() {
    Http.Answer bytes =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"input_bytes\": 5000}", key());
    assertThat(bytes.json().path("input_tokens").asInt()).isEqualTo(5000);
    assertThat(bytes).hasText("input_basis", "bytes");
    Http.Answer many =
        gateway()
            .ask(
                "{\"model\": \"claude-haiku-4-5\", \"input_bytes\": 900000, \"input_tokens\": 7}",
                key());
    assertThat(many.json().path("input_tokens").asInt()).isEqualTo(200000);
    Http.Answer boundless =
        gateway().ask("{\"model\": \"claude-haiku-4-5\", \"unbounded_input\": true}", key());
    assertThat(boundless.json().path("input_tokens").asInt()).isEqualTo(200000);
    assertThat(boundless).hasText("input_basis", "window");
  }

  @Test
  void whenAModelHasNoPrice_theAskIsBlocked() {
    for (String model :
        List.of("no-such-model", "github_copilot/gpt-4o", "command-a-plus-05-2026")) {
      Http.Answer answer =
          gateway().ask("{\"model\": \"" + model + "\", \"input_tokens\": 1}", key(), run);
      assertThat(answer).as(model).hasStatus(402);
      assertThat(answer).as(model).hasText("code", "price_unknown");
      assertThat(strings(answer.json().path("remedies")))
          .as(model)
          .isEqualTo(List.of("price_model"));
    }
    assertThat(gateway().get("/budget/runs/" + run)).hasStatus(404);
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

    assertThat(answer).hasStatus(200);
    assertThat(answer.json().path("decision_id").isNull()).isTrue();
    assertThat(answer.json().path("reservation_id").isNull()).isTrue();
    assertThat(answer.text("estimate_usd")).isEqualTo(SONNET_COST);
    assertThat(gateway().get("/budget/runs/" + run)).hasStatus(404);
  }

  @Test
  void whenUsageIsReportedAfterARelease_itIsCharged() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    String reservation = "/budget/reservations/" + ask.text("reservation_id");

    Http.Answer released = gateway().post(reservation + "/release", "{\"reason\": \"not called\"}");
    assertThat(released).hasText("state", "released");
    assertThat(gateway().get("/budget/runs/" + run)).hasText("reserved_usd", "0.00");
    assertThat(gateway().post(reservation + "/forward", null)).hasStatus(409);

    Http.Answer late =
        gateway()
            .post(
                reservation + "/commit",
                "{\"usage\": {\"input_tokens\": 1000, \"output_tokens\": 0}}");
    assertThat(late).hasText("state", "committed");
    assertThat(gateway().get("/budget/runs/" + run)).hasText("committed_usd", "0.003");
  }

  @Test
  void whenAForwardIsExplicit_theReservationIsForwarded() {
    Http.Answer ask =
        gateway()
            .ask(
                sonnet().replace("}", ", \"forward\": \"explicit\", \"ttl_seconds\": 60}"),
                key(),
                run);
    assertThat(ask.json().path("expires_in_seconds").asInt()).isEqualTo(60);

    Http.Answer forwarded =
        gateway().post("/budget/reservations/" + ask.text("reservation_id") + "/forward", null);

    assertThat(forwarded).hasStatus(200).hasText("state", "forwarded");
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
    assertThat(served).hasText("actual_usd", "1.00");

    Http.Answer second = gateway().ask(sonnet(), key(), run);
    Http.Answer unknown =
        gateway()
            .post(
                "/budget/reservations/" + second.text("reservation_id") + "/commit",
                """
                {"model": "no-such-model", "usage": {"input_tokens": 100000, "output_tokens": 0}}
                """);
    assertThat(unknown).hasText("actual_usd", "0.30");
    assertThat(strings(unknown.json().path("unpriced_usage"))).isEqualTo(List.of("model"));
  }

  @Test
  void whenUsageIsMissing_theEstimateIsChargedUntilAReport() {
    Http.Answer ask = gateway().ask(sonnet(), key(), run);
    String commit = "/budget/reservations/" + ask.text("reservation_id") + "/commit";

    Http.Answer missing = gateway().post(commit, "{\"usage_quality\": \"missing\"}");
    assertThat(missing.text("actual_usd")).isEqualTo(SONNET_COST);
    assertThat(missing.json().path("usage").isNull()).isTrue();

    Http.Answer exact =
        gateway().post(commit, "{\"usage\": {\"input_tokens\": 0, \"output_tokens\": 100}}");
    assertThat(exact).hasText("actual_usd", "0.0015");
    assertThat(gateway().get("/budget/runs/" + run)).hasText("committed_usd", "0.0015");
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

    assertThat(answer).isProblem(400, "invalid_request");
    assertThat(
            answer
                .json()
                .path("errors")
                .valueStream()
                .anyMatch(error -> error.path("pointer").asText().equals(pointer)))
        .as(answer.toString())
        .isTrue();
    assertThat(gateway().get("/budget/runs/" + run)).as("nothing is reserved").hasStatus(404);
  }

  @Test
  void whenARequestIsWrongOutsideItsBody_theStatusSaysHow() {
    assertThat(new Http(base, null).ask(sonnet(), key())).hasStatus(401);
    assertThat(new Http(base, "bak_wrong").ask(sonnet(), key())).hasStatus(401);
    assertThat(new Http(base, "bak_demo_viewer").ask(sonnet(), key())).hasStatus(403);
    assertThat(admin().ask(sonnet(), key())).hasStatus(403);
    assertThat(new Http(base, "bak_demo_operator").get("/budget/runs/" + run)).hasStatus(403);
    Http.Answer noKey = gateway().post("/budget/decisions", sonnet());
    assertThat(noKey).hasStatus(400);
    assertThat(noKey.json().path("errors").path(0).path("pointer").asText())
        .isEqualTo("Idempotency-Key");
    Http.Answer badRun = gateway().ask(sonnet(), key(), "not a run");
    assertThat(badRun.json().path("errors").path(0).path("pointer").asText()).isEqualTo("X-Run-Id");
    assertThat(gateway().ask("{\"model\": \"" + "x".repeat(1_000_000) + "\"}", key()))
        .hasStatus(413);
    assertThat(
            gateway()
                .post(
                    "/budget/decisions",
                    sonnet(),
                    "Content-Type",
                    "text/plain",
                    "Idempotency-Key",
                    key()))
        .hasStatus(415);
    Http.Answer method = gateway().send("DELETE", "/budget/decisions", null);
    assertThat(method).isProblem(405, "method_not_allowed");
    Http.Answer nowhere = gateway().get("/budget/nowhere");
    assertThat(nowhere).hasStatus(404).hasHeader("Content-Type", "application/problem+json");
    Http.Answer notJson = gateway().send("GET", "/budget/runs/" + run, null, "Accept", "image/png");
    assertThat(notJson).hasStatus(406);
    assertThat(gateway().get("/budget/decisions/bdgdec_nonsense")).hasStatus(404);
  }

  @Test
  void whenNoKeyIsSent_healthIsAnswered() {
    assertThat(new Http(base, null).get("/q/health/live")).hasStatus(200);
    assertThat(new Http(base, null).get("/q/health/ready")).hasStatus(200);
  }

  @Test
  void whenADryRunNamesNoRun_noExistingRunLimitsIt() {
    gateway().ask(sonnet().replace("}", ", \"run_limit_usd\": \"0.50\"}"), key(), "run_dry");
    String ask = "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"dry_run\": true}";

    Http.Answer answer = gateway().post("/budget/decisions", ask);

    assertThat(answer).hasStatus(200);
    assertThat(answer.json().path("run_id").isNull()).isTrue();
    assertThat(answer).hasText("remaining_usd", "4.979518");
    assertThat(gateway().post("/budget/decisions", ask, "X-Run-Id", run))
        .hasHeader("X-Run-Id", run);
  }

  @Test
  void whenToolsOrUnitsAreUnbounded_thePriceIsUnknown() {
    for (String unbounded :
        List.of("\"billed_tools\": {\"web_search\": null}", "\"units\": {\"images\": null}")) {
      Http.Answer answer = gateway().ask(sonnet().replace("}", ", " + unbounded + "}"), key(), run);
      assertThat(answer).isProblem(402, "price_unknown");
    }
    Http.Answer bounded =
        gateway()
            .ask(sonnet().replace("}", ", \"billed_tools\": {\"web_search\": 3}}"), key(), run);
    assertThat(bounded).hasText("estimate_usd", "0.39144");
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
    assertThat(gateway().post(commit, usage.formatted(many))).hasStatus(400);
    assertThat(gateway().post(commit, usage.formatted("\"\": 1"))).hasStatus(400);
    assertThat(gateway().post(commit, usage.formatted("\"" + "x".repeat(257) + "\": 1")))
        .hasStatus(400);
    Http.Answer surrogate =
        gateway().ask("{\"model\": \"\\ud800\", \"input_tokens\": 1}", key(), run);
    assertThat(surrogate).hasStatus(400);
    assertThat(gateway().get("/budget/runs/" + "a".repeat(2_100))).hasStatus(404);
    assertThat(
            gateway()
                .ask(sonnet().replace("}", ", \"run_limit_usd\": \"1000000000.00\"}"), key(), run))
        .hasStatus(400);
  }

  @Test
  void whenARunsLimitChanges_theLimitItWasMadeWithIsAccepted() {
    String limited = sonnet().replace("}", ", \"run_limit_usd\": \"1.00\"}");
    gateway().ask(limited, key(), run);
    Http.Answer moved =
        gateway()
            .send("PUT", "/budget/ceilings/run/" + run + "/total", "{\"limit_usd\": \"2.00\"}");
    assertThat(moved).as("a gateway may change runs").hasStatus(200);

    assertThat(gateway().ask(limited, key(), run)).hasStatus(200);
    assertThat(gateway().ask(limited.replace("1.00", "2.00"), key(), run)).hasStatus(200);
    assertThat(gateway().ask(limited.replace("1.00", "3.00"), key(), run)).hasStatus(409);
    assertThat(
            gateway().send("PUT", "/budget/ceilings/user/ada/total", "{\"limit_usd\": \"2.00\"}"))
        .hasStatus(403);
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

    assertThat(served).hasText("actual_usd", "0.00315");
    assertThat(served.json().path("unpriced_usage").isNull()).isTrue();
    JsonNode shown = served.json().path("usage");
    assertThat(shown.has("reasoning_tokens") && shown.path("reasoning_tokens").isNull()).isTrue();
  }

  @Test
  void whenUsageIsVeryLarge_itIsCharged() {
    Http.Answer ask = gateway().ask("{\"model\": \"o1-pro\", \"input_tokens\": 1}", key(), run);
    assertThat(ask).hasStatus(200);
    Http.Answer committed =
        gateway()
            .post(
                "/budget/reservations/" + ask.text("reservation_id") + "/commit",
                "{\"usage\": {\"input_tokens\": 1000000000, \"output_tokens\": 1000000000}}");
    assertThat(committed).hasText("state", "committed").hasText("actual_usd", "750000.00");
  }

  @Test
  void whenTheTagDiffers_aCeilingIsNeitherSetNorDeleted() {
    String ceiling = "/budget/ceilings/key/" + user + "/total";
    Http.Answer made = admin().send("PUT", ceiling, "{\"limit_usd\": \"1.00\"}");
    assertThat(admin().send("DELETE", ceiling, null, "If-Match", "\"9\"")).hasStatus(412);
    assertThat(admin().send("PUT", ceiling, "{\"limit_usd\": \"2.00\"}", "If-Match", "\"9\""))
        .hasStatus(412);
    String tag = made.header("ETag");
    assertThat(tag).isNotNull();
    assertThat(admin().send("DELETE", ceiling, null, "If-Match", tag)).hasStatus(204);
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::asText).toList();
  }
}
