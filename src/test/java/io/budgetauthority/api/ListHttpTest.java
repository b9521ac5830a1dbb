package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

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
      assertThat(answer).hasStatus(200);
      JsonNode items = answer.json().path("items");
      assertThat(items.size()).as(answer.toString()).isLessThanOrEqualTo(limit);
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
      assertThat(new HashSet<>(walked).size())
          .as("limit " + limit + ": " + walked)
          .isEqualTo(names.size());
      assertThat(new HashSet<>(walked)).as("limit " + limit).isEqualTo(new HashSet<>(names));
      assertThat(walked.size()).isEqualTo(names.size());
      assertThat(walk(tenant.gateway, "/budget/ceilings?scope=team", limit, ListHttpTest::ceiling))
          .isEqualTo(List.of("team/red/day", "team/red/month", "team/red/total"));
      assertThat(walk(tenant.gateway, "/budget/ceilings?id=ada", limit, ListHttpTest::ceiling))
          .isEqualTo(List.of("user/ada/day", "user/ada/total"));
      assertThat(walk(other.gateway, "/budget/ceilings", limit, ListHttpTest::ceiling)).isEmpty();
    }
    assertThat(tenant.admin.send("DELETE", "/budget/ceilings/team/red/month", null)).hasStatus(204);
    assertThat(tenant.admin.send("DELETE", "/budget/ceilings/key/ci/total", null)).hasStatus(204);
    assertThat(walk(tenant.gateway, "/budget/ceilings", 200, ListHttpTest::ceiling).size())
        .isEqualTo(names.size() - 2);
    assertThat(tenant.gateway.get("/budget/ceilings?scope=planet")).hasStatus(400);
    assertThat(tenant.gateway.get("/budget/ceilings?scope=run")).hasStatus(400);
    assertThat(tenant.gateway.get("/budget/ceilings?after=nowhere")).hasStatus(400);
    assertThat(tenant.gateway.get("/budget/ceilings?scope=team&after=user/ada/day")).hasStatus(400);
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
    assertThat(walk(agent, "/budget/ceilings", 1, ListHttpTest::ceiling))
        .isEqualTo(List.of("key/ci/total", "user/ada/day"));
    assertThat(walk(agent, "/budget/ceilings?id=bob", 10, ListHttpTest::ceiling)).isEmpty();
    assertThat(walk(agent, "/budget/ceilings?scope=team&id=red", 10, ListHttpTest::ceiling))
        .isEmpty();

    tenant.askIn("mine", 1, 1, "\"user_id\": \"ada\", \"key_id\": \"ci\"");
    tenant.askIn("theirs", 1, 1, "\"user_id\": \"bob\"");
    String ofRun = "/budget/ceilings?scope=run&id=";
    assertThat(walk(agent, ofRun + "mine", 9, ListHttpTest::ceiling))
        .isEqualTo(List.of("run/mine/total"));
    assertThat(walk(agent, ofRun + "theirs", 9, ListHttpTest::ceiling)).isEmpty();
    assertThat(walk(tenant.gateway, ofRun + "theirs", 9, ListHttpTest::ceiling))
        .isEqualTo(List.of("run/theirs/total"));
  }

  @Test
  void whenRunsAreListedByState_theNewestIsFirst() {
    TestTenant tenant = new TestTenant(base);
    List<String> newestFirst = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      String run = "run-" + i;
      assertThat(tenant.askIn(run, 1, 1, "\"user_id\": \"user-" + (i % 3) + "\"")).hasStatus(200);
      newestFirst.addFirst(run);
    }
    assertThat(tenant.askIn("nobodys", 1, 1, null)).hasStatus(200);
    newestFirst.addFirst("nobodys");
    for (int i = 0; i < 9; i += 2) {
      assertThat(tenant.admin.send("PATCH", "/budget/runs/run-" + i, "{\"state\": \"closed\"}"))
          .hasStatus(200);
    }
    Function<JsonNode, String> id = item -> item.path("run_id").asText();
    TestTenant other = new TestTenant(base);

    for (int limit : new int[] {1, 3, 10, 200}) {
      assertThat(walk(tenant.gateway, "/budget/runs", limit, id)).isEqualTo(newestFirst);
      assertThat(walk(tenant.gateway, "/budget/runs?state=closed", limit, id))
          .isEqualTo(List.of("run-8", "run-6", "run-4", "run-2", "run-0"));
      assertThat(walk(tenant.gateway, "/budget/runs?state=active", limit, id))
          .isEqualTo(List.of("nobodys", "run-7", "run-5", "run-3", "run-1"));
      assertThat(walk(tenant.gateway, "/budget/runs?state=closed&user_id=user-2", limit, id))
          .isEqualTo(List.of("run-8", "run-2"));
      assertThat(walk(other.gateway, "/budget/runs", limit, id)).isEmpty();
    }
    Http agent = tenant.key("{\"role\": \"agent\", \"user_id\": \"user-1\", \"key_id\": \"ci\"}");
    assertThat(walk(agent, "/budget/runs", 3, id)).as("these are of no key").isEmpty();
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
    assertThat(all).containsAll(made);
    assertThat(all).contains("demo");
    assertThat(all).isEqualTo(all.stream().sorted().distinct().toList());
    assertThat(walk(operator, "/budget/tenants", 7, it -> it.path("tenant_id").asText()))
        .isEqualTo(all);
    String before = all.get(all.indexOf(berlin.id) - 1);
    JsonNode item =
        operator.get("/budget/tenants?limit=1&after=" + before).json().path("items").path(0);
    assertThat(item.path("time_zone").asText()).isEqualTo("Europe/Berlin");
    assertThat(item.path("created_at").asText()).as(item.toString()).startsWith("20");
    assertThat(berlin.admin.get("/budget/tenants")).hasStatus(403);
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
        assertThat(put).hasStatus(201);
        made.add(provider + " " + model);
      }
    }
    Function<JsonNode, String> name =
        item -> item.path("provider").asText() + " " + item.path("model").asText();

    for (int limit : new int[] {1, 5, 12, 200}) {
      List<String> walked = walk(tenant.gateway, "/budget/price-overrides", limit, name);
      assertThat(walked.size()).isEqualTo(made.size());
      assertThat(new HashSet<>(walked)).isEqualTo(new HashSet<>(made));
      assertThat(walk(tenant.gateway, "/budget/price-overrides?provider=acme", limit, name))
          .hasSize(4);
    }
    String wideOne = "?provider=" + encode(wide) + "&model=" + encode(wide);
    assertThat(tenant.gateway.get("/budget/price-overrides" + wideOne)).hasStatus(200);
    assertThat(tenant.admin.send("DELETE", "/budget/price-overrides" + wideOne, null))
        .hasStatus(204);
    assertThat(tenant.gateway.get("/budget/price-overrides" + wideOne)).hasStatus(404);
    assertThat(tenant.gateway.get("/budget/price-overrides?after=%23"))
        .as("no place")
        .hasStatus(400);
    assertThat(tenant.gateway.get("/budget/price-overrides?after=QQ").status()).isNotEqualTo(500);
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
    assertThat(put).hasStatus(200);
    assertThat(put.header("ETag")).isNotEqualTo(first);
    assertThat(tenant.gateway.get(path).json()).isEqualTo(put.json());

    Http.Answer crossing = tenant.ask(30_000, 1, null);
    assertThat(crossing).hasStatus(200);
    assertThat(crossing.json().path("warnings").toString()).as(crossing.toString()).contains("60%");
    Http.Answer over = tenant.ask(200_000, 1, null);
    assertThat(over).as("the run's own mode warns: " + over).hasStatus(200);
    assertThat(over).hasText("decision", "advisory_warn").hasText("code", "run_ceiling_reached");

    Http.Answer raised =
        tenant.gateway.send("PATCH", "/budget/runs/" + tenant.run, "{\"limit_usd\": \"0.30\"}");
    assertThat(raised).hasText("limit_usd", "0.30");
    JsonNode kept = tenant.gateway.get(path).json();
    assertThat(kept.path("mode").asText())
        .as("PATCH moves the limit alone")
        .isEqualTo("advisory_estimate");
    assertThat(tenant.admin.send("PUT", path, "{\"limit_usd\": \"0.30\"}")).hasStatus(200);
    assertThat(tenant.ask(200_000, 1, null)).as("the tenant's mode again").hasStatus(402);
  }

  @Test
  void whenARunsCeilingHasAnotherTag_itIsNotChanged() {
    TestTenant tenant = new TestTenant(base);
    tenant.ask(1, 1, null);
    String path = "/budget/ceilings/run/" + tenant.run + "/total";
    String tag = Objects.requireNonNull(tenant.gateway.get(path).header("ETag"));
    String body = "{\"limit_usd\": \"2.00\"}";

    assertThat(putIf(tenant, path, "\"77\"", body)).hasStatus(412);
    assertThat(tenant.run()).hasText("limit_usd", "5.00");
    assertThat(putIf(tenant, path, tag, body)).hasStatus(200);
    assertThat(putIf(tenant, path, tag, body)).hasStatus(412);
    assertThat(putIf(tenant, path, "*", body)).hasStatus(200);
    assertThat(putIf(tenant, "/budget/ceilings/run/none/total", "*", body)).hasStatus(404);
  }

  private static Http.Answer putIf(TestTenant tenant, String path, String tag, String body) {
    return tenant.admin.send("PUT", path, body, "If-Match", tag);
  }
}
