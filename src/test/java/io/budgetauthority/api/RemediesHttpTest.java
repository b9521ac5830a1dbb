package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every remedy of every problem about money, followed as a program would that knows nothing but
/// the problem; then the call passes. `after_reset` needs a clock: `AfterResetTest`.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class RemediesHttpTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /// 100,000 micro-USD: as many tokens of input of claude-haiku-4-5, which has output for 5 each;
  /// claude-sonnet-4-5 costs three times as much.
  private static final String LIMIT = "0.10";

  private static final String STEP_DOWN =
      """
      {"downgrade": [{"models": ["claude-sonnet-4-5"],
                      "alternatives": [{"model": "claude-haiku-4-5"}]}]}
      """;

  @TestHTTPResource URI base = URI.create("http://unset");

  /// Whose limit stands in the way.
  enum Blocker {
    RUN,
    ANCESTOR,
    USER,
    KEY,
    TEAM,
    FEATURE,
    TENANT;

    String scope() {
      return this == ANCESTOR ? "run" : name().toLowerCase(Locale.ROOT);
    }

    String code() {
      return scope() + "_ceiling_reached";
    }
  }

  /// What is blocked.
  enum Kind {
    ASK,
    DRY_RUN,
    EXTEND,
    RETARGET
  }

  static Stream<Arguments> rows() {
    return Arrays.stream(Kind.values())
        .flatMap(
            kind ->
                blockersOf(kind).stream()
                    .flatMap(
                        blocker ->
                            remediesOf(kind).stream()
                                .map(remedy -> Arguments.of(kind, blocker, remedy))));
  }

  /// A dry run is decided by the same code, and needs no row for each scope.
  private static List<Blocker> blockersOf(Kind kind) {
    return kind == Kind.DRY_RUN
        ? List.of(Blocker.ANCESTOR, Blocker.USER)
        : List.of(Blocker.values());
  }

  private static List<String> remediesOf(Kind kind) {
    return switch (kind) {
      case ASK, DRY_RUN -> List.of("wait", "downgrade", "reduce_output", "raise_limit");
      case EXTEND -> List.of("wait", "reduce_output", "raise_limit");
      // It states no cap, and is itself the way to another model.
      case RETARGET -> List.of("wait", "raise_limit");
    };
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("rows")
  void whenTheOnlyRemedyIsFollowed_theCallIsAllowed(Kind kind, Blocker blocker, String remedy) {
    Scene scene = new Scene(blocker);
    Attempt attempt =
        switch (kind) {
          case ASK -> scene.blockedAsk(remedy);
          case DRY_RUN -> scene.blockedAsk(remedy).with("dry_run", "true");
          case EXTEND -> scene.blockedExtend(remedy);
          case RETARGET -> scene.blockedRetarget(remedy);
        };

    Http.Answer blocked = scene.send(attempt);
    assertThat(blocked).hasStatus(402);
    assertThat(blocked.text("code")).as(blocked.toString()).isEqualTo(blocker.code());
    assertThat(remedies(blocked)).as(blocked.toString()).isEqualTo(List.of(remedy));
    assertThat(blocked).hasHeader("Retry-After", remedy.equals("wait") ? "2" : null);
    JsonNode budget = blocked.json().path("budget");
    assertThat(budget.path("scope").asText()).isEqualTo(blocker.scope());
    assertThat(budget.path("scope_id").asText()).isEqualTo(scene.idOf(blocker));
    assertThat(budget.path("run_id").asText()).as("the asker's").isEqualTo(scene.run);

    Http.Answer passed = scene.send(scene.follow(remedy, blocked.json(), attempt));
    assertThat(passed).hasStatus(200);
  }

  /// Several accounts stand in the way: what helps is said for all of them together, and a limit is
  /// raised for one after the other.
  @Test
  void whenSeveralAccountsBlock_theRemedyHelpsAgainstAll() {
    for (String remedy : remediesOf(Kind.ASK)) {
      Scene scene = new Scene(Blocker.USER);
      scene.limit(Blocker.TEAM, "0.0901");
      scene.limit(Blocker.ANCESTOR, "0.095");
      Attempt attempt = scene.blockedAsk(remedy);
      if (remedy.equals("wait")) {
        attempt = attempt.with("input_tokens", "89000");
      }
      Http.Answer answer = scene.send(attempt);
      assertThat(answer).hasText("code", "team_ceiling_reached");
      for (int times = 0; times < 3 && answer.status() == 402; times++) {
        assertThat(remedies(answer)).as(answer.toString()).isEqualTo(List.of(remedy));
        attempt = scene.follow(remedy, answer.json(), attempt);
        answer = scene.send(attempt);
        assertThat(answer.status())
            .isEqualTo(remedy.equals("raise_limit") && times < 2 ? 402 : 200);
      }
      assertThat(answer).hasStatus(200);
    }
  }

  /// A run is made by its first decision that is let through, so the limit of one that was never
  /// let through is raised by making it.
  @Test
  void whenTheRunDoesNotExist_makingItRaisesItsLimit() {
    TestTenant tenant = new TestTenant(base);
    tenant.policy("{\"default_run_limit_usd\": \"0.10\"}");
    Http.Answer blocked = tenant.ask(150_000, 1, null);
    assertThat(remedies(blocked)).isEqualTo(List.of("raise_limit"));

    Http.Answer made =
        tenant.gateway.post(
            "/budget/runs", "{\"run_id\": \"%s\", \"limit_usd\": \"0.20\"}".formatted(tenant.run));
    assertThat(made).hasStatus(201);
    assertThat(tenant.ask(150_000, 1, null)).hasStatus(200);

    Http.Answer stated = tenant.askIn("another", 150_000, 1, "\"run_limit_usd\": \"0.20\"");
    assertThat(stated).hasStatus(200);
  }

  @Test
  void whenASoftGateBlocks_theRemedyCountsMarginAndShare() {
    for (String remedy : List.of("wait", "reduce_output", "raise_limit")) {
      Scene scene = new Scene(Blocker.USER);
      scene.tenant.policy("{\"soft_gate\": {\"expected_output_percent\": 50}}");
      scene.put(
          "user", "ada", "total", "0.09", ", \"mode\": \"soft_gate\", \"margin_usd\": \"0.01\"");
      Attempt attempt =
          switch (remedy) {
            case "wait" -> {
              scene.held(90_000, 1);
              yield scene.ask(99_000, 1);
            }
            case "reduce_output" -> scene.ask(1_000, 60_000);
            default -> scene.ask(150_000, 1);
          };
      Http.Answer blocked = scene.send(attempt);
      assertThat(remedies(blocked)).as(blocked.toString()).isEqualTo(List.of(remedy));
      if (remedy.equals("reduce_output")) {
        assertThat(blocked.json().at("/budget/fits_max_output_tokens").asInt()).isEqualTo(39_600);
      }
      Http.Answer passed = scene.send(scene.follow(remedy, blocked.json(), attempt));
      assertThat(passed).hasStatus(200);
    }
  }

  @Test
  void whenAnActualsOnlyLimitIsSpent_raisingItHelps() {
    Scene scene = new Scene(Blocker.USER);
    scene.put("user", "ada", "total", LIMIT, ", \"mode\": \"actuals_only\"");
    Http.Answer first = scene.send(scene.ask(100_000, 1));
    scene.tenant.commit(first, 100_000, 0);
    Attempt attempt = scene.ask(1, 1);
    Http.Answer blocked = scene.send(attempt);
    assertThat(remedies(blocked)).as(blocked.toString()).isEqualTo(List.of("raise_limit"));
    assertThat(scene.send(scene.follow("raise_limit", blocked.json(), attempt))).hasStatus(200);
  }

  @Test
  void whenAModelHasNoPrice_aPriceOrAnotherModelHelps() {
    for (Kind kind : List.of(Kind.ASK, Kind.DRY_RUN, Kind.RETARGET)) {
      Scene scene = new Scene(Blocker.RUN);
      Attempt attempt = scene.to("house-model", kind);
      Http.Answer blocked = scene.send(attempt);
      assertThat(blocked).hasText("code", "price_unknown");
      List<String> helpful = kind == Kind.RETARGET ? List.of() : List.of("price_model");
      assertThat(remedies(blocked)).as(kind.name()).isEqualTo(helpful);
      Attempt another =
          attempt.with("model", "\"claude-haiku-4-5\"").with("provider", "\"anthropic\"");
      assertThat(scene.send(another)).as(kind.name()).hasStatus(200);
      if (kind == Kind.RETARGET) {
        scene.tenant.admin.send(
            "PUT",
            "/budget/price-overrides?provider=anthropic&model=house-model",
            "{\"prices\": {\"input\": \"0.000001\", \"output\": \"0.000005\"}}");
        assertThat(scene.send(attempt)).as("a price set after the decision").hasStatus(402);
      } else {
        Attempt priced = scene.follow("price_model", blocked.json(), attempt);
        assertThat(scene.send(priced)).as(kind.name()).hasStatus(200);
      }
    }
  }

  @Test
  void whenAModelIsUnpricedOrNotAllowed_anAlternativeHelps() {
    for (String code : List.of("price_unknown", "model_not_allowed")) {
      Scene scene = new Scene(Blocker.RUN);
      boolean unpriced = code.equals("price_unknown");
      String model = unpriced ? "house-model" : "claude-sonnet-4-5";
      scene.tenant.policy(
          """
          {"downgrade": [{"models": ["%s"], "alternatives": [{"model": "claude-haiku-4-5"}]}],
           "allowed_models": ["house-model", "claude-haiku-4-5"]}
          """
              .formatted(model));
      Attempt attempt = scene.to(model, Kind.ASK);
      Http.Answer blocked = scene.send(attempt);
      assertThat(blocked.text("code")).as(blocked.toString()).isEqualTo(code);
      assertThat(remedies(blocked))
          .isEqualTo(unpriced ? List.of("downgrade", "price_model") : List.of("downgrade"));
      assertThat(scene.send(scene.follow("downgrade", blocked.json(), attempt)))
          .as(code)
          .hasStatus(200);
    }
  }

  /// Without a remedy, the same again is answered the same.
  @Test
  void whenThereIsNoRemedy_theSameAskIsBlockedAgain() {
    for (Kind kind : List.of(Kind.ASK, Kind.RETARGET)) {
      Scene scene = new Scene(Blocker.RUN);
      scene.tenant.policy("{\"allowed_models\": [\"claude-haiku-4-5\"]}");
      Attempt attempt = scene.to("claude-sonnet-4-5", kind);
      for (int i = 0; i < 2; i++) {
        Http.Answer blocked = scene.send(attempt);
        assertThat(blocked).hasText("code", "model_not_allowed");
        assertThat(remedies(blocked)).isEmpty();
        assertThat(blocked.header("Retry-After")).isNull();
      }
    }
    Http gateway = new TestTenant(base).gateway;
    assertThat(gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "gone"))
        .hasStatus(204);
    String ask = "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}";
    for (int i = 0; i < 2; i++) {
      Http.Answer cancelled = gateway.ask(ask, "gone");
      assertThat(cancelled).hasText("code", "cancelled");
      assertThat(remedies(cancelled)).isEmpty();
    }
    assertThat(gateway.ask(ask, "another")).hasStatus(200);
  }

  private static List<String> remedies(Http.Answer answer) {
    return answer.json().path("remedies").valueStream().map(JsonNode::asText).toList();
  }

  /// A request that can be sent again with something else in it.
  private record Attempt(String path, JsonNode body) {

    Attempt with(String field, String json) {
      ObjectNode other = body.deepCopy();
      other.set(field, read(json));
      return new Attempt(path, other);
    }

    static JsonNode read(String json) {
      try {
        return JSON.readTree(json);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// A tenant with one tight limit, and a run within a parent's, of one user, key, team and
  /// feature.
  private final class Scene {
    final TestTenant tenant = new TestTenant(base);
    final String run = tenant.run;
    private final String parent = run + "-parent";
    private final Blocker blocker;
    private final List<String> inFlight = new ArrayList<>();

    Scene(Blocker blocker) {
      this.blocker = blocker;
      tenant.policy(STEP_DOWN);
      makeRun(parent, blocker == Blocker.ANCESTOR ? LIMIT : "5.00", "");
      makeRun(
          run,
          blocker == Blocker.RUN ? LIMIT : "5.00",
          ", \"parent_run_id\": \"%s\"".formatted(parent));
      if (blocker != Blocker.RUN && blocker != Blocker.ANCESTOR) {
        limit(blocker, LIMIT);
      }
    }

    private void makeRun(String id, String limit, String more) {
      Http.Answer made =
          tenant.gateway.post(
              "/budget/runs",
              """
              {"run_id": "%s", "limit_usd": "%s", "user_id": "ada", "key_id": "ci",
               "team_id": "red", "feature_id": "chat"%s}
              """
                  .formatted(id, limit, more));
      assertThat(made).hasStatus(201);
    }

    String idOf(Blocker of) {
      return switch (of) {
        case RUN -> run;
        case ANCESTOR -> parent;
        case USER -> "ada";
        case KEY -> "ci";
        case TEAM -> "red";
        case FEATURE -> "chat";
        case TENANT -> "-";
      };
    }

    void limit(Blocker of, String usd) {
      put(of.scope(), idOf(of), "total", usd, "");
    }

    void put(String scope, String id, String window, String usd, String more) {
      Http.Answer answer =
          tenant.admin.send(
              "PUT",
              "/budget/ceilings/%s/%s/%s".formatted(scope, id, window),
              "{\"limit_usd\": \"%s\"%s}".formatted(usd, more));
      assertThat(answer.status() / 100).as(answer.toString()).isEqualTo(2);
    }

    Attempt ask(long inputTokens, long outputTokens) {
      return new Attempt(
          "/budget/decisions",
          Attempt.read(
              """
              {"model": "claude-haiku-4-5", "input_tokens": %d, "cache_write_tokens": 0,
               "max_output_tokens": %d, "downgrade": "never"}
              """
                  .formatted(inputTokens, outputTokens)));
    }

    /// A call in flight, of this run; where an ancestor is in the way, of that one.
    String held(long inputTokens, long outputTokens) {
      String of = blocker == Blocker.ANCESTOR ? parent : run;
      return held(of, inputTokens, outputTokens);
    }

    private String held(String of, long inputTokens, long outputTokens) {
      Http.Answer answer =
          tenant.gateway.ask(
              ask(inputTokens, outputTokens).body().toString(), UUID.randomUUID().toString(), of);
      assertThat(answer).hasStatus(200);
      inFlight.add(answer.text("reservation_id"));
      return answer.text("reservation_id");
    }

    /// An ask that this remedy alone would help.
    Attempt blockedAsk(String remedy) {
      return switch (remedy) {
        case "wait" -> {
          held(90_000, 1);
          yield ask(99_000, 1);
        }
        case "downgrade" -> ask(40_000, 1).with("model", "\"claude-sonnet-4-5\"");
        case "reduce_output" -> ask(1_000, 30_000);
        default -> ask(150_000, 1);
      };
    }

    private Attempt step(String name, String body) {
      String reservation = inFlight.removeFirst();
      return new Attempt(
          "/budget/reservations/%s/%s".formatted(reservation, name), Attempt.read(body));
    }

    Attempt blockedExtend(String remedy) {
      long tokens =
          switch (remedy) {
            case "wait" -> {
              held(run, 1_000, 1_000);
              held(93_995, 1);
              yield 15_000;
            }
            case "reduce_output" -> {
              held(run, 1_000, 1_000);
              yield 30_000;
            }
            default -> {
              held(run, 95_000, 1_000);
              yield 2_000;
            }
          };
      return step("extend", "{\"max_output_tokens\": %d}".formatted(tokens));
    }

    Attempt blockedRetarget(String remedy) {
      if (remedy.equals("wait")) {
        held(run, 20_000, 1);
        held(60_000, 1);
      } else {
        held(run, 40_000, 1);
      }
      return step("retarget", "{\"model\": \"claude-sonnet-4-5\"}");
    }

    /// A call of a model, or the hold of one moved to it.
    Attempt to(String model, Kind kind) {
      if (kind == Kind.RETARGET) {
        held(run, 100, 1);
        return step(
            "retarget", "{\"provider\": \"anthropic\", \"model\": \"%s\"}".formatted(model));
      }
      Attempt ask = ask(100, 1).with("model", '"' + model + '"').with("provider", "\"anthropic\"");
      return kind == Kind.DRY_RUN ? ask.with("dry_run", "true") : ask;
    }

    Http.Answer send(Attempt attempt) {
      return attempt.path().equals("/budget/decisions")
          ? tenant.gateway.ask(attempt.body().toString(), UUID.randomUUID().toString(), run)
          : tenant.gateway.post(attempt.path(), attempt.body().toString());
    }

    /// Does what the problem offers, by what the problem says, and returns what to send then.
    Attempt follow(String remedy, JsonNode problem, Attempt attempt) {
      JsonNode budget = problem.path("budget");
      switch (remedy) {
        case "wait" -> {
          for (String reservation : inFlight) {
            Http.Answer released =
                tenant.gateway.post("/budget/reservations/" + reservation + "/release", null);
            assertThat(released).hasStatus(200);
          }
          return attempt;
        }
        case "downgrade" -> {
          JsonNode alternative = problem.at("/alternatives/0");
          assertThat(alternative.path("fits_budget").asBoolean()).as(problem.toString()).isTrue();
          return attempt
              .with("model", alternative.path("model").toString())
              .with("provider", alternative.path("provider").toString());
        }
        case "reduce_output" -> {
          return attempt.with(
              "max_output_tokens", budget.path("fits_max_output_tokens").toString());
        }
        case "raise_limit" -> {
          // By just as much as is missing.
          BigDecimal raised =
              usd(budget, "limit_usd")
                  .add(usd(budget, "estimate_usd"))
                  .subtract(usd(budget, "remaining_usd"));
          put(
              budget.path("scope").asText(),
              budget.path("scope_id").asText(),
              budget.path("window").asText(),
              raised.toPlainString(),
              "");
          return attempt;
        }
        case "price_model" -> {
          Http.Answer priced =
              tenant.admin.send(
                  "PUT",
                  "/budget/price-overrides?provider=anthropic&model=%s"
                      .formatted(attempt.body().path("model").asText()),
                  "{\"prices\": {\"input\": \"0.000001\", \"output\": \"0.000005\"}}");
          assertThat(priced).hasStatus(201);
          return attempt;
        }
        default -> throw new AssertionError(remedy);
      }
    }

    private static BigDecimal usd(JsonNode budget, String field) {
      return new BigDecimal(budget.path(field).asText());
    }
  }
}
