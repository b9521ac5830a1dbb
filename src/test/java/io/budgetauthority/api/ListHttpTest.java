package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Lists, page by page: everything once, in order, and nothing that is not the caller's.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ListHttpTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  /// Every item of a list, read by pages of `limit`.
  private static List<String> walk(
      Http caller, String path, int limit, Function<JsonNode, String> name) {
    List<String> names = new ArrayList<>();
    String next = "";
    for (int page = 0; page < 100; page++) {
      String after =
          next.isEmpty() ? "" : "&after=" + URLEncoder.encode(next, StandardCharsets.UTF_8);
      Http.Answer answer =
          caller.get(path + (path.contains("?") ? "&" : "?") + "limit=" + limit + after);
      assertEquals(200, answer.status(), answer.toString());
      JsonNode items = answer.json().path("items");
      assertTrue(items.size() <= limit, answer.toString());
      items.forEach(item -> names.add(name.apply(item)));
      if (answer.json().path("next").isNull()) {
        return names;
      }
      next = answer.text("next");
    }
    throw new AssertionError(path + " does not end: " + names);
  }

  private static String ceiling(JsonNode item) {
    return Stream.of("scope", "id", "window")
        .map(field -> item.path(field).asText())
        .reduce((left, right) -> left + "/" + right)
        .orElseThrow();
  }

  @Test
  void whenCeilingsAreListed_eachIsShownOnceAtAnyPageSize() {
    TestTenant tenant = new TestTenant(base);
    List<String> made =
        List.of(
            "feature/a%2Fb/day",
            "key/ci/total",
            "team/red/day",
            "team/red/month",
            "team/red/total",
            "tenant/-/month",
            "user/%23x/total",
            "user/ada/day",
            "user/ada/total",
            "user/bob/month");
    made.forEach(path -> tenant.ceiling(path, "{\"limit_usd\": \"1.00\"}"));
    List<String> names =
        made.stream().map(it -> it.replace("%2F", "/").replace("%23", "#")).toList();
    TestTenant other = new TestTenant(base);

    for (int limit : new int[] {1, 2, 3, 4, 200}) {
      List<String> walked = walk(tenant.gateway, "/budget/ceilings", limit, ListHttpTest::ceiling);
      assertEquals(names.size(), new HashSet<>(walked).size(), "limit " + limit + ": " + walked);
      assertEquals(new HashSet<>(names), new HashSet<>(walked), "limit " + limit);
      assertEquals(names.size(), walked.size());
      assertEquals(
          List.of("team/red/day", "team/red/month", "team/red/total"),
          walk(tenant.gateway, "/budget/ceilings?scope=team", limit, ListHttpTest::ceiling));
      assertEquals(
          List.of("user/ada/day", "user/ada/total"),
          walk(tenant.gateway, "/budget/ceilings?id=ada", limit, ListHttpTest::ceiling));
      assertEquals(
          List.of(), walk(other.gateway, "/budget/ceilings", limit, ListHttpTest::ceiling));
    }
    assertEquals(
        204, tenant.admin.send("DELETE", "/budget/ceilings/team/red/month", null).status());
    assertEquals(204, tenant.admin.send("DELETE", "/budget/ceilings/key/ci/total", null).status());
    assertEquals(
        names.size() - 2,
        walk(tenant.gateway, "/budget/ceilings", 200, ListHttpTest::ceiling).size());
    assertEquals(400, tenant.gateway.get("/budget/ceilings?scope=planet").status());
    assertEquals(400, tenant.gateway.get("/budget/ceilings?scope=run").status());
    assertEquals(400, tenant.gateway.get("/budget/ceilings?after=nowhere").status());
    assertEquals(
        400, tenant.gateway.get("/budget/ceilings?scope=team&after=user/ada/day").status());
  }

  @Test
  void whenAnAgentListsCeilings_onlyItsOwnAreShown() {
    TestTenant tenant = new TestTenant(base);
    Http agent = tenant.key("{\"role\": \"agent\", \"user_id\": \"ada\", \"key_id\": \"ci\"}");
    for (String path :
        List.of(
            "user/ada/day", "user/bob/day", "key/ci/total", "team/red/total", "key/other/day")) {
      tenant.ceiling(path, "{\"limit_usd\": \"1.00\"}");
    }
    assertEquals(
        List.of("key/ci/total", "user/ada/day"),
        walk(agent, "/budget/ceilings", 1, ListHttpTest::ceiling));
    assertEquals(List.of(), walk(agent, "/budget/ceilings?id=bob", 10, ListHttpTest::ceiling));
    assertEquals(
        List.of(), walk(agent, "/budget/ceilings?scope=team&id=red", 10, ListHttpTest::ceiling));

    tenant.askIn("mine", 1, 1, "\"user_id\": \"ada\", \"key_id\": \"ci\"");
    tenant.askIn("theirs", 1, 1, "\"user_id\": \"bob\"");
    String ofRun = "/budget/ceilings?scope=run&id=";
    assertEquals(List.of("run/mine/total"), walk(agent, ofRun + "mine", 9, ListHttpTest::ceiling));
    assertEquals(List.of(), walk(agent, ofRun + "theirs", 9, ListHttpTest::ceiling));
    assertEquals(
        List.of("run/theirs/total"),
        walk(tenant.gateway, ofRun + "theirs", 9, ListHttpTest::ceiling));
  }

  @Test
  void whenRunsAreListedByState_theNewestIsFirst() {
    TestTenant tenant = new TestTenant(base);
    List<String> newestFirst = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      String run = "run-" + i;
      assertEquals(200, tenant.askIn(run, 1, 1, "\"user_id\": \"user-" + (i % 3) + "\"").status());
      newestFirst.addFirst(run);
    }
    assertEquals(200, tenant.askIn("nobodys", 1, 1, null).status());
    newestFirst.addFirst("nobodys");
    for (int i = 0; i < 9; i += 2) {
      assertEquals(
          200,
          tenant.admin.send("PATCH", "/budget/runs/run-" + i, "{\"state\": \"closed\"}").status());
    }
    Function<JsonNode, String> id = item -> item.path("run_id").asText();
    TestTenant other = new TestTenant(base);

    for (int limit : new int[] {1, 3, 10, 200}) {
      assertEquals(newestFirst, walk(tenant.gateway, "/budget/runs", limit, id));
      assertEquals(
          List.of("run-8", "run-6", "run-4", "run-2", "run-0"),
          walk(tenant.gateway, "/budget/runs?state=closed", limit, id));
      assertEquals(
          List.of("nobodys", "run-7", "run-5", "run-3", "run-1"),
          walk(tenant.gateway, "/budget/runs?state=active", limit, id));
      assertEquals(
          List.of("run-8", "run-2"),
          walk(tenant.gateway, "/budget/runs?state=closed&user_id=user-2", limit, id));
      assertEquals(List.of(), walk(other.gateway, "/budget/runs", limit, id));
    }
    Http agent = tenant.key("{\"role\": \"agent\", \"user_id\": \"user-1\", \"key_id\": \"ci\"}");
    assertEquals(List.of(), walk(agent, "/budget/runs", 3, id), "these are of no key");
  }

  @Test
  void whenAnOperatorListsTenants_allAreShownInOrder() {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      made.add(new TestTenant(base).id);
    }
    TestTenant berlin = new TestTenant(base);
    berlin.policy("{\"time_zone\": \"Europe/Berlin\"}");
    made.add(berlin.id);
    Http operator = new Http(base, "bak_demo_operator");

    List<String> all = walk(operator, "/budget/tenants", 200, it -> it.path("tenant_id").asText());
    assertTrue(all.containsAll(made), all.toString());
    assertTrue(all.contains("demo"), all.toString());
    assertEquals(all.stream().sorted().distinct().toList(), all);
    assertEquals(all, walk(operator, "/budget/tenants", 7, it -> it.path("tenant_id").asText()));
    String before = all.get(all.indexOf(berlin.id) - 1);
    JsonNode item =
        operator.get("/budget/tenants?limit=1&after=" + before).json().path("items").path(0);
    assertEquals("Europe/Berlin", item.path("time_zone").asText());
    assertTrue(item.path("created_at").asText().startsWith("20"), item.toString());
    assertEquals(403, berlin.admin.get("/budget/tenants").status());
  }

  @Test
  void whenPriceOverridesAreListed_eachIsShownOnce() {
    TestTenant tenant = new TestTenant(base);
    String wide = "\uD83D\uDE80".repeat(256);
    List<String> made = new ArrayList<>();
    for (String provider : List.of("acme", "acme/b", wide)) {
      for (String model : List.of("a", "b/c", "é".repeat(256), wide)) {
        Http.Answer put =
            tenant.admin.send(
                "PUT",
                "/budget/price-overrides?provider=%s&model=%s"
                    .formatted(encode(provider), encode(model)),
                "{\"accept_ambiguous\": true,"
                    + " \"prices\": {\"input\": \"0.000001\", \"output\": \"0.000001\"}}");
        assertEquals(201, put.status(), put.toString());
        made.add(provider + " " + model);
      }
    }
    Function<JsonNode, String> name =
        item -> item.path("provider").asText() + " " + item.path("model").asText();

    for (int limit : new int[] {1, 5, 12, 200}) {
      List<String> walked = walk(tenant.gateway, "/budget/price-overrides", limit, name);
      assertEquals(made.size(), walked.size());
      assertEquals(new HashSet<>(made), new HashSet<>(walked));
      assertEquals(
          4, walk(tenant.gateway, "/budget/price-overrides?provider=acme", limit, name).size());
    }
    String wideOne = "?provider=" + encode(wide) + "&model=" + encode(wide);
    assertEquals(200, tenant.gateway.get("/budget/price-overrides" + wideOne).status());
    assertEquals(
        204, tenant.admin.send("DELETE", "/budget/price-overrides" + wideOne, null).status());
    assertEquals(404, tenant.gateway.get("/budget/price-overrides" + wideOne).status());
    assertEquals(400, tenant.gateway.get("/budget/price-overrides?after=%23").status(), "no place");
    assertNotEquals(500, tenant.gateway.get("/budget/price-overrides?after=QQ").status());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Test
  void whenARunsCeilingIsSet_itHasItsOwnModeAndThresholds() {
    TestTenant tenant = new TestTenant(base);
    tenant.ask(100_000, 1_000, null);
    String path = "/budget/ceilings/run/" + tenant.run + "/total";
    String first = tenant.gateway.get(path).header("ETag");
    Http.Answer put =
        tenant.admin.send(
            "PUT",
            path,
            "{\"limit_usd\": \"0.20\", \"mode\": \"advisory_estimate\","
                + " \"warn_at_percent\": [60]}");
    assertEquals(200, put.status(), put.toString());
    assertNotEquals(first, put.header("ETag"));
    assertEquals(put.json(), tenant.gateway.get(path).json());

    Http.Answer crossing = tenant.ask(30_000, 1, null);
    assertEquals(200, crossing.status());
    assertTrue(crossing.json().path("warnings").toString().contains("60%"), crossing.toString());
    Http.Answer over = tenant.ask(200_000, 1, null);
    assertEquals(200, over.status(), "the run's own mode warns: " + over);
    assertEquals("advisory_warn", over.text("decision"));
    assertEquals("run_ceiling_reached", over.text("code"));

    Http.Answer raised =
        tenant.gateway.send("PATCH", "/budget/runs/" + tenant.run, "{\"limit_usd\": \"0.30\"}");
    assertEquals("0.30", raised.text("limit_usd"));
    JsonNode kept = tenant.gateway.get(path).json();
    assertEquals("advisory_estimate", kept.path("mode").asText(), "PATCH moves the limit alone");
    assertEquals(200, tenant.admin.send("PUT", path, "{\"limit_usd\": \"0.30\"}").status());
    assertEquals(402, tenant.ask(200_000, 1, null).status(), "the tenant's mode again");
  }

  @Test
  void whenARunsCeilingHasAnotherTag_itIsNotChanged() {
    TestTenant tenant = new TestTenant(base);
    tenant.ask(1, 1, null);
    String path = "/budget/ceilings/run/" + tenant.run + "/total";
    String tag = Objects.requireNonNull(tenant.gateway.get(path).header("ETag"));
    String body = "{\"limit_usd\": \"2.00\"}";

    assertEquals(412, putIf(tenant, path, "\"77\"", body).status());
    assertEquals("5.00", tenant.run().text("limit_usd"));
    assertEquals(200, putIf(tenant, path, tag, body).status());
    assertEquals(412, putIf(tenant, path, tag, body).status());
    assertEquals(200, putIf(tenant, path, "*", body).status());
    assertEquals(404, putIf(tenant, "/budget/ceilings/run/none/total", "*", body).status());
  }

  private static Http.Answer putIf(TestTenant tenant, String path, String tag, String body) {
    return tenant.admin.send("PUT", path, body, "If-Match", tag);
  }
}
