package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

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
      assertThat(asked).hasStatus(200);
      tenant.commit(asked, 0, 150);
    }
    tenant.awaitSpend("/budget/attribution?group_by=run", "/total/committed_usd", "0.00225");
    return tenant;
  }

  private static Http.Answer csv(TestTenant tenant, String path) {
    return tenant.gateway.send("GET", path, null, "Accept", "text/csv");
  }

  private static List<String> lines(Http.Answer answer) {
    assertThat(answer).hasStatus(200);
    return Arrays.asList(answer.response().body().split("\r\n"));
  }

  @Test
  void whenCsvIsRequested_eachGroupIsALineBelowTheFieldNames() {
    TestTenant tenant = spent();

    Http.Answer answer = csv(tenant, "/budget/attribution?group_by=user");

    List<String> lines = lines(answer);
    assertThat(answer).hasHeader("Content-Type", "text/csv;charset=UTF-8");
    assertThat(lines.getFirst())
        .startsWith("day,run_id,user_id,key_id,team_id,feature_id,provider,model,");
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1)).startsWith(",,ada,");
    assertThat(lines.get(1)).contains("0.0015");
    assertThat(lines.get(2)).startsWith(",,\"o,\"\"neil\",");
  }

  @Test
  void whenACsvFileHasAnotherPart_itLinksToIt() {
    TestTenant tenant = spent();

    Http.Answer first = csv(tenant, "/budget/attribution?group_by=user&limit=1");

    assertThat(lines(first)).hasSize(2);
    String link = String.valueOf(first.header("Link"));
    assertThat(link).endsWith(">; rel=\"next\"");
    URI next = URI.create(link.substring(1, link.indexOf('>')));
    Http.Answer second = csv(tenant, next.getRawPath() + "?" + next.getRawQuery());
    assertThat(lines(second)).hasSize(2);
    assertThat(lines(second).get(1)).contains("neil");
    assertThat(second.header("Link")).isNull();
  }

  @Test
  void whenNothingWasSpent_aCsvFileHasItsFieldNames() {
    TestTenant tenant = new TestTenant(base);

    assertThat(lines(csv(tenant, "/budget/attribution?group_by=user"))).hasSize(1);
    assertThat(lines(csv(tenant, "/budget/attribution?group_by=day&format=focus")).getFirst())
        .startsWith("BilledCost,");
    assertThat(lines(csv(tenant, "/budget/reconciliation")).getFirst())
        .startsWith("day,provider,model,");
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

    assertThat(answer.path("items").size()).as(answer.toString()).isEqualTo(1);
    JsonNode line = answer.path("items").path(0);
    YearMonth month = YearMonth.from(today);
    assertThat(line.path("BilledCost").asText()).isEqualTo("0.0015");
    assertThat(line.path("BillingCurrency").asText()).isEqualTo("USD");
    assertThat(line.path("BillingAccountId").asText()).isEqualTo(tenant.id);
    assertThat(line.path("BillingPeriodStart").asText()).isEqualTo(month.atDay(1) + "T00:00:00Z");
    assertThat(line.path("BillingPeriodEnd").asText())
        .isEqualTo(month.plusMonths(1).atDay(1) + "T00:00:00Z");
    assertThat(line.path("ChargePeriodStart").asText()).isEqualTo(month.atDay(1) + "T00:00:00Z");
    assertThat(line.path("ChargePeriodEnd").asText()).isEqualTo(today.plusDays(1) + "T00:00:00Z");
    assertThat(line.path("ProviderName").asText()).isEqualTo("anthropic");
    assertThat(line.path("ServiceName").asText()).isEqualTo("claude-haiku-4-5");
    assertThat(line.path("ResourceId").asText()).isEqualTo(tenant.run + "-a");
    assertThat(line.path("ConsumedQuantity").asLong()).isEqualTo(300);
    assertThat(line.path("x_calls").asLong()).isEqualTo(2);
    assertThat(line.path("Tags").asText()).contains(tenant.run);
  }

  @Test
  void whenUsageHasNoDecision_itAndItsOrphansAreReported() {
    TestTenant tenant = new TestTenant(base);
    tenant.ceiling("user/bob/total", "{\"limit_usd\": \"1.00\"}");
    charge(tenant, "ada");
    charge(tenant, "bob");
    Http.Answer report = tenant.awaitSpend("/budget/reconciliation", "/total/unreserved", "2");

    JsonNode total = report.json().path("total");
    assertThat(total.path("orphans").asLong()).as(total.toString()).isEqualTo(1);
    assertThat(total.path("orphans_usd").asText()).isEqualTo("0.001");
    assertThat(total.path("committed_usd").asText()).isEqualTo("0.002");
    assertThat(tenant.run()).hasText("committed_usd", "0.001");
    assertThat(
            tenant
                .gateway
                .get("/budget/balances?user_id=bob")
                .json()
                .at("/accounts/0/committed_usd")
                .asText())
        .isEqualTo("0.001");
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
    assertThat(charged).hasStatus(201);
  }

  @Test
  void whenARunsDecisionsAreListed_theirStateIsCurrent() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer first = tenant.ask(100, 200, "\"user_id\": \"ada\"");
    tenant.ask(150_000, 64_000, "\"choices\": 64, \"user_id\": \"ada\"");
    tenant.commit(first, 0, 150);
    tenant.awaitSpend("/budget/attribution?group_by=run", "/total/decisions", "2");

    Http.Answer listed = tenant.gateway.get("/budget/runs/" + tenant.run + "/decisions");

    assertThat(listed.json().path("items").size()).as(listed.toString()).isEqualTo(2);
    JsonNode oldest = listed.json().path("items").path(1);
    assertThat(oldest.path("decision_id").asText()).isEqualTo(first.text("decision_id"));
    assertThat(oldest.path("state").asText()).isEqualTo("committed");
    assertThat(oldest.path("actual_usd").asText()).isEqualTo("0.00075");
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
    assertThat(event.path("code").asText()).as(event.toString()).isEqualTo("run_ceiling_reached");
    assertThat(event.path("run_id").asText()).isEqualTo(tenant.run);
    assertThat(open.get("/local/events/last?type=run.closed&tenant_id=x")).hasStatus(404);
    Http.Answer page = open.send("GET", "/local/events", null, "Accept", "text/html");
    assertThat(page.response().body()).contains("<title>Budget events</title>");
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
