package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Walks every route of the OpenAPI document with ids that are another tenant's, and, as an agent,
/// another user's (protocol.md#roles): what is not the caller's is as if it were not there, nothing
/// of it is in any answer, and nothing of it changes. A route that the walk does not know fails it.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ForeignIdsTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  /// What only the owner's stored data says, and no request.
  private final String hidden = "hidden-" + UUID.randomUUID();

  private @Nullable TestTenant madeOwner;
  private Map<String, String> ids = Map.of();

  /// How a route is called with the owner's ids.
  ///
  /// @param query what is asked for, `{name}` standing for an id
  /// @param foreign how a caller of another tenant is answered whose role may do this
  /// @param agent how an agent of the same tenant is answered, another user's; empty where no agent
  ///   may do it
  private record Call(
      String query,
      @Nullable String body,
      List<String> headers,
      Set<Integer> foreign,
      Set<Integer> agent) {

    Call(String query, Set<Integer> foreign, Set<Integer> agent) {
      this(query, null, List.of(), foreign, agent);
    }

    Call(@Nullable String body, int foreign, int agent) {
      this("", body, List.of(), Set.of(foreign), Set.of(agent));
    }

    Call with(String... stated) {
      return new Call(query, body, List.of(stated), foreign, agent);
    }
  }

  private static final Set<Integer> HIDDEN = Set.of(404);
  private static final Set<Integer> OWN = Set.of(200);
  private static final Set<Integer> NEVER = Set.of();

  private static final String ASK =
      "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"max_output_tokens\": 1%s}";

  private static final Map<String, Call> CALLS = calls();

  private static Map<String, Call> calls() {
    Map<String, Call> calls = new TreeMap<>();
    // An ask makes a run of the same name in the caller's own tenant; to an agent it is another's.
    calls.put(
        "decide",
        new Call(ASK.formatted(""), 200, 403)
            .with("Idempotency-Key", "{idempotency_key}", "X-Run-Id", "{run_id}"));
    calls.put(
        "cancel",
        new Call(
            "", null, List.of("Idempotency-Key", "{idempotency_key}"), Set.of(204), Set.of(204)));
    calls.put("lookUpDecision", new Call("", HIDDEN, HIDDEN));
    calls.put("getBill", new Call("", HIDDEN, HIDDEN));
    calls.put("forward", new Call(null, 404, 404));
    calls.put(
        "commit", new Call("{\"usage\": {\"input_tokens\": 1, \"output_tokens\": 1}}", 404, 404));
    calls.put("release", new Call("{\"reason\": \"theirs\"}", 404, 404));
    calls.put("extend", new Call("{\"ttl_seconds\": 3600}", 404, 404));
    calls.put("retarget", new Call("{\"model\": \"claude-haiku-4-5\"}", 404, 404));
    // A charge to a run of the same name goes to the caller's own tenant.
    calls.put(
        "chargeUsage",
        new Call(
            "",
            "{\"run_id\": \"{run_id}\", \"model\": \"claude-haiku-4-5\","
                + " \"usage\": {\"input_tokens\": 1, \"output_tokens\": 1}}",
            List.of("Idempotency-Key", "{idempotency_key}"),
            Set.of(201),
            NEVER));
    calls.put("listDecisions", new Call("", OWN, NEVER));
    calls.put("listHolds", new Call("", OWN, NEVER));
    calls.put("getActivity", new Call("", OWN, NEVER));
    calls.put("listDeadLetters", new Call("", OWN, NEVER));
    // An operator sends any message again, and does not see what is in it.
    calls.put("redriveDeadLetter", new Call("", Set.of(404, 200), NEVER));
    calls.put("createRun", new Call("{\"parent_run_id\": \"{run_id}\"}", 404, 403));
    calls.put("listRuns", new Call("?user_id={user_id}", OWN, Set.of(400)));
    calls.put("getRun", new Call("", HIDDEN, HIDDEN));
    calls.put("changeRun", new Call("", "{\"state\": \"closed\"}", List.of(), HIDDEN, NEVER));
    calls.put("listRunDecisions", new Call("", HIDDEN, HIDDEN));
    calls.put("listRunChildren", new Call("", HIDDEN, HIDDEN));
    calls.put("getAttribution", new Call("?group_by=run", OWN, OWN));
    calls.put("getReconciliation", new Call("", OWN, OWN));
    calls.put("getBalances", new Call("?run_id={run_id}", HIDDEN, HIDDEN));
    calls.put("listAccounts", new Call("?scope=user&id={user_id}", OWN, OWN));
    calls.put("listCeilings", new Call("?id={user_id}", OWN, OWN));
    calls.put("getCeiling", new Call("", HIDDEN, HIDDEN));
    calls.put("putCeiling", new Call("", "{\"limit_usd\": \"1.00\"}", List.of(), HIDDEN, NEVER));
    calls.put("deleteCeiling", new Call("", HIDDEN, NEVER));
    calls.put("listIncreases", new Call("?id={user_id}", OWN, NEVER));
    calls.put(
        "addIncrease",
        new Call(
            "",
            "{\"scope\": \"user\", \"id\": \"{user_id}\", \"window\": \"total\","
                + " \"amount_usd\": \"1.00\", \"until\": \"2099-01-01T00:00:00Z\","
                + " \"reason\": \"theirs\"}",
            List.of("Idempotency-Key", "{idempotency_key}"),
            HIDDEN,
            NEVER));
    calls.put("revokeIncrease", new Call("", HIDDEN, NEVER));
    calls.put("getPolicy", new Call("", OWN, OWN));
    calls.put("putPolicy", new Call("", "{\"block_status\": 429}", List.of(), OWN, NEVER));
    calls.put("compareWhatIf", new Call("", "{}", List.of(), OWN, NEVER));
    calls.put("getCaller", new Call("", OWN, OWN));
    calls.put("getPrices", new Call("?provider={provider}&model={model}", OWN, OWN));
    calls.put("getPriceOverrides", new Call("?provider={provider}&model={model}", HIDDEN, OWN));
    calls.put(
        "putPriceOverride",
        new Call(
            "?provider={provider}&model={model}",
            "{\"prices\": {\"input\": \"0.1\"}}",
            List.of(),
            Set.of(201),
            NEVER));
    calls.put(
        "deletePriceOverride", new Call("?provider={provider}&model=other-{model}", HIDDEN, NEVER));
    calls.put("listKeys", new Call("", OWN, NEVER));
    calls.put(
        "createKey",
        new Call(
            "",
            "{\"role\": \"agent\", \"user_id\": \"{user_id}\", \"key_id\": \"{key_id}\"}",
            List.of(),
            Set.of(201),
            NEVER));
    calls.put("rotateKey", new Call("", "{}", List.of(), HIDDEN, NEVER));
    calls.put("revokeKey", new Call("", HIDDEN, NEVER));
    calls.put("listAudit", new Call("", OWN, NEVER));
    calls.put("explainProblem", new Call("", OWN, OWN));
    // An operator's, who is no tenant's. A tenant is not made again.
    calls.put("listTenants", new Call("", OWN, NEVER));
    calls.put(
        "createTenant",
        new Call("", "{\"tenant_id\": \"{tenant}\"}", List.of(), Set.of(400), NEVER));
    calls.put("listPriceTables", new Call("", OWN, NEVER));
    calls.put("draftPriceTable", new Call("", "[]", List.of(), Set.of(422), NEVER));
    calls.put("getPriceTable", new Call("", HIDDEN, NEVER));
    calls.put("publishPriceTable", new Call("", "{}", List.of(), HIDDEN, NEVER));
    return calls;
  }

  @BeforeEach
  void anOwnerWithOneOfEverything() {
    TestTenant owner = new TestTenant(base);
    madeOwner = owner;
    owner.policy("{\"allowed_models\": [\"claude-haiku-4-5\", \"%s\"]}".formatted(hidden));
    Map<String, String> made = new LinkedHashMap<>();
    made.put("tenant", owner.id);
    made.put("user_id", "user-" + UUID.randomUUID());
    made.put("key_id", "key-" + UUID.randomUUID());
    made.put("run_id", owner.run);
    made.put("idempotency_key", "call-" + UUID.randomUUID());
    made.put("provider", "acme");
    made.put("model", "model-" + UUID.randomUUID());
    Http.Answer asked =
        owner.gateway.ask(
            ASK.formatted(
                ", \"user_id\": \"%s\", \"key_id\": \"%s\", \"feature_id\": \"%s\", \"request_class\": \"%s\""
                    .formatted(made.get("user_id"), made.get("key_id"), hidden, hidden)),
            made.get("idempotency_key"),
            owner.run);
    assertThat(asked).hasStatus(200);
    made.put("decision_id", asked.text("decision_id"));
    made.put("reservation_id", asked.text("reservation_id"));
    owner.ceiling("user/" + made.get("user_id") + "/total", "{\"limit_usd\": \"7654.321\"}");
    owner.ceiling("feature/" + hidden + "/day", "{\"limit_usd\": \"9.00\"}");
    Http.Answer priced =
        owner.admin.send(
            "PUT",
            "/budget/price-overrides?provider=acme&model=" + made.get("model"),
            "{\"prices\": {\"input\": \"0.0087654321\"}}");
    assertThat(priced).hasStatus(201);
    Http.Answer key = owner.admin.post("/budget/keys", "{\"role\": \"viewer\"}");
    made.put("id", key.text("id"));
    made.put("message_id", owner.sendDeadLetter(hidden));
    Http.Answer increase =
        owner.admin.send(
            "POST",
            "/budget/increases",
            "{\"scope\": \"user\", \"id\": \"%s\", \"window\": \"total\", \"amount_usd\": \"0.01\", \"until\": \"2099-01-01T00:00:00Z\", \"reason\": \"%s\"}"
                .formatted(made.get("user_id"), hidden),
            "Idempotency-Key",
            "more");
    assertThat(increase).hasStatus(201);
    made.put("increase_id", increase.text("increase_id"));
    made.put("window", "total");
    made.put("version", "none");
    made.put("code", "not_found");
    ids = made;
  }

  private TestTenant owner() {
    return Objects.requireNonNull(madeOwner);
  }

  /// One route of the document.
  private record Route(String operation, String method, String path) {}

  private List<Route> routes() {
    List<Route> routes = new ArrayList<>();
    JsonNode paths = new Http(base, null).get("/openapi?format=json").json().path("paths");
    for (Map.Entry<String, JsonNode> path : paths.properties()) {
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        if (!operation.getKey().equals("parameters")) {
          routes.add(
              new Route(
                  operation.getValue().path("operationId").asText(),
                  operation.getKey().toUpperCase(Locale.ROOT),
                  path.getKey()));
        }
      }
    }
    assertThat(routes).isNotEmpty();
    return routes;
  }

  /// What the owner's data looks like to the owner.
  private Map<String, String> snapshot() {
    Map<String, String> seen = new LinkedHashMap<>();
    for (String path :
        List.of(
            "/budget/runs",
            "/budget/ceilings",
            "/budget/increases",
            "/budget/policy",
            "/budget/price-overrides",
            "/budget/keys",
            "/budget/audit",
            "/budget/decisions/" + ids.get("decision_id"),
            "/budget/balances?run_id=" + owner().run)) {
      Http.Answer answer = owner().admin.get(path);
      assertThat(answer).hasStatus(200);
      seen.put(path, answer.response().body().replaceAll("\"expires_in_seconds\":[0-9]+", ""));
    }
    assertThat(seen.toString()).as("what is looked for is there").contains(hidden);
    return seen;
  }

  private String fill(String text, Route route) {
    String filled = text;
    if (route.path().startsWith("/budget/ceilings/")) {
      // A run's ceiling is changed by who changes runs; a user's is there to be read and ended.
      boolean ofRun = route.operation().equals("putCeiling");
      filled =
          filled
              .replace("{scope}", ofRun ? "run" : "user")
              .replace("{id}", ofRun ? owner().run : "{user_id}");
    }
    for (Map.Entry<String, String> id : ids.entrySet()) {
      filled = filled.replace("{" + id.getKey() + "}", id.getValue());
    }
    if (filled.matches(".*\\{[a-z_]+}.*")) {
      fail("the walk does not know how to fill " + filled + " of " + route);
    }
    return filled;
  }

  private Http.Answer call(Http caller, Route route) {
    Call call = CALLS.get(route.operation());
    if (call == null) {
      return fail("the walk does not know " + route);
    }
    return caller.send(
        route.method(),
        fill(route.path() + call.query(), route),
        call.body() == null ? null : fill(call.body(), route),
        call.headers().stream().map(it -> fill(it, route)).toArray(String[]::new));
  }

  private void requireHidden(Route route, Http.Answer answer) {
    String body = answer.response().body();
    for (String secret : List.of(hidden, "7654.321", "0.0087654321")) {
      assertThat(body)
          .as(route + " shows what is not the caller's: " + answer)
          .doesNotContain(secret);
    }
    assertThat(answer.status()).as(route + ": " + answer).isLessThan(500);
  }

  @Test
  void whenTheCallerIsOfAnotherTenant_noRouteReachesAnything() {
    Map<String, String> before = snapshot();
    for (Route route : routes()) {
      Set<Integer> statuses = new LinkedHashSet<>();
      // Anew for each, so that none meets what an earlier call made under the same names.
      strangers()
          .forEach(
              (role, caller) -> {
                Http.Answer answer = call(caller, route);
                requireHidden(route, answer);
                if (answer.status() == 403) {
                  assertThat(answer).as(role + " " + route).hasText("code", "forbidden");
                } else if (!(role.equals("agent") && route.operation().equals("listRuns"))) {
                  statuses.add(answer.status());
                }
              });
      assertThat(statuses).as(route.toString()).isEqualTo(expected(route).foreign());
    }
    assertThat(snapshot()).isEqualTo(before);
  }

  /// Every role of a tenant that has nothing yet, its agent by the owner's names; and an operator.
  private Map<String, Http> strangers() {
    TestTenant stranger = new TestTenant(base);
    Map<String, Http> callers = new LinkedHashMap<>();
    callers.put("gateway", stranger.gateway);
    callers.put("admin", stranger.admin);
    callers.put("viewer", stranger.key("{\"role\": \"viewer\"}"));
    callers.put(
        "agent",
        stranger.key(
            "{\"role\": \"agent\", \"user_id\": \"%s\", \"key_id\": \"%s\"}"
                .formatted(ids.get("user_id"), ids.get("key_id"))));
    callers.put("operator", new Http(base, "bak_demo_operator"));
    return callers;
  }

  private static Call expected(Route route) {
    Call call = CALLS.get(route.operation());
    return call == null ? fail("the walk does not know " + route) : call;
  }

  @Test
  void whenTheCallerIsAnAgent_noRouteShowsAnotherUser() {
    Http agent = owner().key("{\"role\": \"agent\", \"user_id\": \"eve\", \"key_id\": \"hers\"}");
    Map<String, String> before = snapshot();

    for (Route route : routes()) {
      Http.Answer answer = call(agent, route);
      Call call = expected(route);
      boolean ofTheTenant =
          Set.of("getPolicy", "getPriceOverrides", "getPrices").contains(route.operation());
      if (!ofTheTenant) {
        requireHidden(route, answer);
      }
      if (call.agent().isEmpty()) {
        assertThat(answer).as(route.toString()).hasText("code", "forbidden");
      } else {
        assertThat(call.agent()).as(route + ": " + answer).contains(answer.status());
      }
      if (answer.status() == 403 && !call.agent().isEmpty()) {
        assertThat(answer).as(route.toString()).hasText("code", "run_principal_mismatch");
      }
    }
    assertThat(snapshot()).isEqualTo(before);
  }
}
