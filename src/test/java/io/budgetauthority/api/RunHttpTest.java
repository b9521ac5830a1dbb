package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import org.junit.jupiter.api.Test;

/// Runs as nouns of their own, and what is left for them.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class RunHttpTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  @Test
  void whenARunIsMadeAgain_itsTupleMustBeTheSame() {
    TestTenant tenant = new TestTenant(base);
    String body =
        "{\"run_id\": \"%s\", \"limit_usd\": \"1.00\", \"user_id\": \"ada\"}".formatted(tenant.run);

    Http.Answer made = tenant.gateway.post("/budget/runs", body);
    assertThat(made).hasStatus(201).hasText("remaining_usd", "1.00");
    assertThat(tenant.gateway.post("/budget/runs", body)).hasStatus(200);
    Http.Answer other = tenant.gateway.post("/budget/runs", body.replace("\"ada\"", "\"bob\""));
    assertThat(other).isProblem(409, "run_conflict");
    assertThat(tenant.ask(1, 1, "\"user_id\": \"bob\"")).hasStatus(403);
    Http.Answer ask = tenant.ask(1, 1, "\"key_id\": \"ci\"");
    assertThat(ask).hasStatus(200);
    assertThat(ask).as("left out, it is the run's own").hasText("user_id", "ada");
    assertThat(tenant.run())
        .as("a part left open is bound by who states it")
        .hasText("key_id", "ci");
    Http.Answer issued = tenant.gateway.post("/budget/runs", "{}");
    assertThat(issued.text("run_id")).startsWith("run_");
    assertThat(issued).hasText("limit_usd", "5.00");
  }

  @Test
  void whenARunIsClosed_asksAreRefusedAndCallsAreSettled() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer ask = tenant.ask(1_000, 100, null);
    String run = "/budget/runs/" + tenant.run;

    Http.Answer closed = tenant.gateway.send("PATCH", run, "{\"state\": \"closed\"}");
    assertThat(closed).hasStatus(200).hasText("state", "closed");
    Http.Answer refused = tenant.ask(1, 1, null);
    assertThat(refused).isProblem(409, "run_closed");
    assertThat(tenant.step(ask, "extend", "{\"ttl_seconds\": 900}")).hasStatus(200);
    assertThat(tenant.commit(ask, 1_000, 50)).hasText("state", "committed");

    assertThat(tenant.gateway.send("PATCH", run, "{\"state\": \"active\"}")).hasStatus(400);
    assertThat(tenant.gateway.send("PATCH", run, "{}")).hasStatus(400);
    Http.Answer raised = tenant.admin.send("PATCH", run, "{\"limit_usd\": \"7.00\"}");
    assertThat(raised).hasText("limit_usd", "7.00");
    assertThat(tenant.admin.send("PATCH", "/budget/runs/none", "{\"state\": \"closed\"}"))
        .hasStatus(404);
  }

  @Test
  void whenAUsersRunsAreListed_theNewestIsFirst() {
    TestTenant tenant = new TestTenant(base);
    for (int i = 0; i < 5; i++) {
      tenant.askIn(tenant.run + "-" + i, 1, 1, "\"user_id\": \"ada\"");
    }
    Http.Answer first = tenant.gateway.get("/budget/runs?user_id=ada&limit=3");
    assertThat(first.json().path("items").size()).isEqualTo(3);
    assertThat(first.json().path("items").path(0).path("run_id").asText())
        .isEqualTo(tenant.run + "-4");
    Http.Answer second =
        tenant.gateway.get("/budget/runs?user_id=ada&limit=3&after=" + first.text("next"));
    assertThat(second.json().path("items").size()).isEqualTo(2);
    assertThat(second.json().path("next").isNull()).isTrue();
    assertThat(tenant.gateway.get("/budget/runs?user_id=ada&state=closed").json().path("items"))
        .isEmpty();
    assertThat(tenant.gateway.get("/budget/runs?user_id=ada&limit=201")).hasStatus(400);
  }

  @Test
  void whenBalancesAreRead_everyAccountThatAppliesIsShown() {
    TestTenant tenant = new TestTenant(base);
    tenant.ceiling("user/ada/total", "{\"limit_usd\": \"2.00\"}");
    tenant.ceiling("team/red/month", "{\"limit_usd\": \"3.00\", \"mode\": \"soft_gate\"}");
    tenant.ask(100_000, 1_000, "\"user_id\": \"ada\", \"team_id\": \"red\"");

    JsonNode accounts =
        tenant.gateway.get("/budget/balances?run_id=" + tenant.run).json().path("accounts");

    assertThat(accounts).hasSize(3);
    assertThat(accounts.path(0).path("remaining_usd").asText()).isEqualTo("4.895");
    assertThat(accounts.path(1).path("remaining_usd").asText()).isEqualTo("1.895");
    assertThat(accounts.path(2).path("mode").asText()).isEqualTo("soft_gate");
    assertThat(tenant.gateway.get("/budget/balances?user_id=ada").json().path("accounts").size())
        .isEqualTo(1);
    assertThat(tenant.gateway.get("/budget/balances?run_id=none")).hasStatus(404);
  }
}
