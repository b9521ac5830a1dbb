package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertEquals(201, made.status(), made.toString());
    assertEquals("1.00", made.text("remaining_usd"));
    assertEquals(200, tenant.gateway.post("/budget/runs", body).status());
    Http.Answer other = tenant.gateway.post("/budget/runs", body.replace("\"ada\"", "\"bob\""));
    assertEquals(409, other.status());
    assertEquals("run_conflict", other.text("code"));
    assertEquals(403, tenant.ask(1, 1, "\"user_id\": \"bob\"").status());
    Http.Answer ask = tenant.ask(1, 1, "\"key_id\": \"ci\"");
    assertEquals(200, ask.status());
    assertEquals("ada", ask.text("user_id"), "left out, it is the run's own");
    assertEquals("ci", tenant.run().text("key_id"), "a part left open is bound by who states it");
    Http.Answer issued = tenant.gateway.post("/budget/runs", "{}");
    assertTrue(issued.text("run_id").startsWith("run_"));
    assertEquals("5.00", issued.text("limit_usd"));
  }

  @Test
  void whenARunIsClosed_asksAreRefusedAndCallsAreSettled() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer ask = tenant.ask(1_000, 100, null);
    String run = "/budget/runs/" + tenant.run;

    Http.Answer closed = tenant.gateway.send("PATCH", run, "{\"state\": \"closed\"}");
    assertEquals(200, closed.status(), closed.toString());
    assertEquals("closed", closed.text("state"));
    Http.Answer refused = tenant.ask(1, 1, null);
    assertEquals(409, refused.status());
    assertEquals("run_closed", refused.text("code"));
    assertEquals(200, tenant.step(ask, "extend", "{\"ttl_seconds\": 900}").status());
    assertEquals("committed", tenant.commit(ask, 1_000, 50).text("state"));

    assertEquals(400, tenant.gateway.send("PATCH", run, "{\"state\": \"active\"}").status());
    assertEquals(400, tenant.gateway.send("PATCH", run, "{}").status());
    Http.Answer raised = tenant.admin.send("PATCH", run, "{\"limit_usd\": \"7.00\"}");
    assertEquals("7.00", raised.text("limit_usd"));
    assertEquals(
        404, tenant.admin.send("PATCH", "/budget/runs/none", "{\"state\": \"closed\"}").status());
  }

  @Test
  void whenAUsersRunsAreListed_theNewestIsFirst() {
    TestTenant tenant = new TestTenant(base);
    for (int i = 0; i < 5; i++) {
      tenant.askIn(tenant.run + "-" + i, 1, 1, "\"user_id\": \"ada\"");
    }
    Http.Answer first = tenant.gateway.get("/budget/runs?user_id=ada&limit=3");
    assertEquals(3, first.json().path("items").size());
    assertEquals(tenant.run + "-4", first.json().path("items").path(0).path("run_id").asText());
    Http.Answer second =
        tenant.gateway.get("/budget/runs?user_id=ada&limit=3&after=" + first.text("next"));
    assertEquals(2, second.json().path("items").size());
    assertTrue(second.json().path("next").isNull());
    assertEquals(
        0, tenant.gateway.get("/budget/runs?user_id=ada&state=closed").json().path("items").size());
    assertEquals(400, tenant.gateway.get("/budget/runs?user_id=ada&limit=201").status());
  }

  @Test
  void whenBalancesAreRead_everyAccountThatAppliesIsShown() {
    TestTenant tenant = new TestTenant(base);
    tenant.ceiling("user/ada/total", "{\"limit_usd\": \"2.00\"}");
    tenant.ceiling("team/red/month", "{\"limit_usd\": \"3.00\", \"mode\": \"soft_gate\"}");
    tenant.ask(100_000, 1_000, "\"user_id\": \"ada\", \"team_id\": \"red\"");

    JsonNode accounts =
        tenant.gateway.get("/budget/balances?run_id=" + tenant.run).json().path("accounts");

    assertEquals(3, accounts.size(), accounts.toString());
    assertEquals("4.895", accounts.path(0).path("remaining_usd").asText());
    assertEquals("1.895", accounts.path(1).path("remaining_usd").asText());
    assertEquals("soft_gate", accounts.path(2).path("mode").asText());
    assertEquals(
        1, tenant.gateway.get("/budget/balances?user_id=ada").json().path("accounts").size());
    assertEquals(404, tenant.gateway.get("/budget/balances?run_id=none").status());
  }
}
