package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// What was spent, over HTTP, with the stream read by the service itself.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class AttributionHttpTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  /// Three calls: two of ada's of 0.0015 USD together, and one of a user whose id wants quoting.
  private TestTenant spent() {
    TestTenant tenant = new TestTenant(base);
    for (String user : List.of("ada", "ada", "o,\\\"neil")) {
      Http.Answer asked =
          tenant.askIn(
              tenant.run + "-" + user.charAt(0), 100, 200, "\"user_id\": \"%s\"".formatted(user));
      assertEquals(200, asked.status(), asked.toString());
      tenant.commit(asked, 0, 150);
    }
    tenant.awaitSpend("/budget/attribution?group_by=run", "/total/committed_usd", "0.00225");
    return tenant;
  }

  private static Http.Answer csv(TestTenant tenant, String path) {
    return tenant.gateway.send("GET", path, null, "Accept", "text/csv");
  }

  private static List<String> lines(Http.Answer answer) {
    assertEquals(200, answer.status(), answer.toString());
    return Arrays.asList(answer.response().body().split("\r\n"));
  }

  @Test
  void whenCsvIsRequested_eachGroupIsALineBelowTheFieldNames() {
    TestTenant tenant = spent();

    Http.Answer answer = csv(tenant, "/budget/attribution?group_by=user");

    List<String> lines = lines(answer);
    assertEquals("text/csv;charset=UTF-8", answer.header("Content-Type"));
    assertTrue(
        lines.getFirst().startsWith("day,run_id,user_id,key_id,team_id,feature_id,provider,model,"),
        lines.getFirst());
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(lines.get(1).startsWith(",,ada,"), lines.get(1));
    assertTrue(lines.get(1).contains("0.0015"), lines.get(1));
    assertTrue(lines.get(2).startsWith(",,\"o,\"\"neil\","), lines.get(2));
  }

  @Test
  void whenACsvFileHasAnotherPart_itLinksToIt() {
    TestTenant tenant = spent();

    Http.Answer first = csv(tenant, "/budget/attribution?group_by=user&limit=1");

    assertEquals(2, lines(first).size());
    String link = String.valueOf(first.header("Link"));
    assertTrue(link.endsWith(">; rel=\"next\""), link);
    URI next = URI.create(link.substring(1, link.indexOf('>')));
    Http.Answer second = csv(tenant, next.getRawPath() + "?" + next.getRawQuery());
    assertEquals(2, lines(second).size());
    assertTrue(lines(second).get(1).contains("neil"));
    assertEquals(null, second.header("Link"));
  }

  @Test
  void whenNothingWasSpent_aCsvFileHasItsFieldNames() {
    TestTenant tenant = new TestTenant(base);

    assertEquals(1, lines(csv(tenant, "/budget/attribution?group_by=user")).size());
    assertTrue(
        lines(csv(tenant, "/budget/attribution?group_by=day&format=focus"))
            .getFirst()
            .startsWith("BilledCost,"));
    assertTrue(
        lines(csv(tenant, "/budget/reconciliation")).getFirst().startsWith("day,provider,model,"));
  }

  @Test
  void whenFocusIsRequested_aLineHasTheMonthAndFocusColumns() {
    TestTenant tenant = spent();
    LocalDate today = LocalDate.now(ZoneOffset.UTC);

    JsonNode answer =
        tenant
            .gateway
            .get(
                "/budget/attribution?group_by=provider,model,run&format=focus&user_id=ada&from="
                    + today.minusDays(60))
            .json();

    assertEquals(1, answer.path("items").size(), answer.toString());
    JsonNode line = answer.path("items").path(0);
    YearMonth month = YearMonth.from(today);
    assertEquals("0.0015", line.path("BilledCost").asText());
    assertEquals("USD", line.path("BillingCurrency").asText());
    assertEquals(tenant.id, line.path("BillingAccountId").asText());
    assertEquals(month.atDay(1) + "T00:00:00Z", line.path("BillingPeriodStart").asText());
    assertEquals(
        month.plusMonths(1).atDay(1) + "T00:00:00Z", line.path("BillingPeriodEnd").asText());
    assertEquals(month.atDay(1) + "T00:00:00Z", line.path("ChargePeriodStart").asText());
    assertEquals(today.plusDays(1) + "T00:00:00Z", line.path("ChargePeriodEnd").asText());
    assertEquals("anthropic", line.path("ProviderName").asText());
    assertEquals("claude-haiku-4-5", line.path("ServiceName").asText());
    assertEquals(tenant.run + "-a", line.path("ResourceId").asText());
    assertEquals(300, line.path("ConsumedQuantity").asLong());
    assertEquals(2, line.path("x_calls").asLong());
    assertTrue(line.path("Tags").asText().contains(tenant.run));
  }

  @Test
  void whenUsageHasNoDecision_itAndItsOrphansAreReported() {
    TestTenant tenant = new TestTenant(base);
    tenant.ceiling("user/bob/total", "{\"limit_usd\": \"1.00\"}");
    charge(tenant, "ada");
    charge(tenant, "bob");
    Http.Answer report = tenant.awaitSpend("/budget/reconciliation", "/total/unreserved", "2");

    JsonNode total = report.json().path("total");
    assertEquals(1, total.path("orphans").asLong(), total.toString());
    assertEquals("0.001", total.path("orphans_usd").asText());
    assertEquals("0.002", total.path("committed_usd").asText());
    assertEquals("0.001", tenant.run().text("committed_usd"));
    assertEquals(
        "0.001",
        tenant
            .gateway
            .get("/budget/balances?user_id=bob")
            .json()
            .at("/accounts/0/committed_usd")
            .asText());
  }

  /// 200 output tokens in the tenant's run.
  private static void charge(TestTenant tenant, String userId) {
    Http.Answer charged =
        tenant.gateway.post(
            "/budget/usage",
            "{\"run_id\": \"%s\", \"user_id\": \"%s\", \"model\": \"claude-haiku-4-5\", \"usage\": {\"input_tokens\": 0, \"output_tokens\": 200}}"
                .formatted(tenant.run, userId),
            "Idempotency-Key",
            UUID.randomUUID().toString());
    assertEquals(201, charged.status(), charged.toString());
  }

  @Test
  void whenARunsDecisionsAreListed_theirStateIsCurrent() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer first = tenant.ask(100, 200, "\"user_id\": \"ada\"");
    tenant.ask(150_000, 64_000, "\"choices\": 64, \"user_id\": \"ada\"");
    tenant.commit(first, 0, 150);
    tenant.awaitSpend("/budget/attribution?group_by=run", "/total/decisions", "2");

    Http.Answer listed = tenant.gateway.get("/budget/runs/" + tenant.run + "/decisions");

    assertEquals(2, listed.json().path("items").size(), listed.toString());
    JsonNode oldest = listed.json().path("items").path(1);
    assertEquals(first.text("decision_id"), oldest.path("decision_id").asText());
    assertEquals("committed", oldest.path("state").asText());
    assertEquals("0.00075", oldest.path("actual_usd").asText());
  }

  @Test
  void whenACallIsBlocked_theLocalBuildShowsItsEvent() {
    TestTenant tenant = new TestTenant(base);
    tenant.ask(100, 200, "\"run_limit_usd\": \"0.0001\"");
    Http open = new Http(base, null);
    String path = "/local/events?type=budget.blocked&tenant_id=" + tenant.id;
    for (int i = 0; i < 100 && open.get(path).json().path("items").isEmpty(); i++) {
      pause();
    }

    JsonNode event = open.get(path).json().path("items").path(0);
    assertEquals("run_ceiling_reached", event.path("code").asText(), event.toString());
    assertEquals(tenant.run, event.path("run_id").asText());
    assertEquals(404, open.get("/local/events/last?type=run.closed&tenant_id=x").status());
    Http.Answer page = open.send("GET", "/local/events", null, "Accept", "text/html");
    assertTrue(page.response().body().contains("<title>Budget events</title>"));
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
