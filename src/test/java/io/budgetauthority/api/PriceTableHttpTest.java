package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/// Price tables over HTTP, as an operator brings them in.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class PriceTableHttpTest {

  @TestHTTPResource URI base = URI.create("http://unset");
  @Inject PriceStore store;
  @Inject PriceBook book;
  @Inject S3Client s3;

  private final String model = "house-" + UUID.randomUUID();
  private String before = "";

  @BeforeEach
  void rememberTheTable() {
    before = store.current().orElseThrow().version();
  }

  /// Other tests decide by the table that was in force.
  @AfterEach
  void bringTheTableBack() {
    s3.putObject(
        put -> put.bucket("budget-authority-prices-000000000000-us-east-1").key("prices/current"),
        RequestBody.fromString(before));
    book.refresh();
  }

  private Http operator() {
    return new Http(base, "bak_demo_operator");
  }

  private String source(String price) {
    return """
    {"%s": {"litellm_provider": "house", "mode": "chat", "max_input_tokens": 1000,
            "input_cost_per_token": %s, "output_cost_per_token": %s}}\
    """
        .formatted(model, price, price);
  }

  private Http.Answer publish(Http.Answer draft, String body) {
    return operator().post("/budget/price-tables/" + draft.text("version") + "/publish", body);
  }

  private String ask() {
    return "{\"model\": \"%s\", \"input_tokens\": 1, \"max_output_tokens\": 1}".formatted(model);
  }

  @Test
  void whenATableIsPublished_itsModelCanBeCalled() {
    Http gateway = new TestTenant(base).gateway;
    Http.Answer draft = operator().post("/budget/price-tables", source("1e-6"));
    assertEquals(201, draft.status(), draft.toString());
    assertEquals(before, draft.text("previous_version"));
    assertEquals("house", draft.json().at("/review/added/0/provider").asText());
    assertFalse(draft.json().path("in_force").asBoolean());
    assertEquals("price_unknown", gateway.ask(ask(), "before").text("code"));

    Http.Answer unread = publish(draft, "{}");
    assertEquals(422, unread.status());
    assertEquals("price_table_invalid", unread.text("code"));
    assertEquals(draft.json().path("review"), unread.json().path("review"));

    Http.Answer published = publish(draft, "{\"accept_review\": true}");
    assertEquals(200, published.status(), published.toString());
    assertTrue(published.json().path("in_force").asBoolean());
    assertEquals("operator", published.text("published_by"));
    Http.Answer asked = gateway.ask(ask(), "after");
    assertEquals(200, asked.status(), asked.toString());
    assertEquals(draft.text("version"), asked.header("X-Budget-Price-Table-Version"));
    assertEquals(published.json(), publish(draft, "{\"accept_review\": true}").json());

    Http.Answer read = operator().get("/budget/price-tables/" + draft.text("version"));
    assertEquals(draft.json().path("review"), read.json().path("review"));
    JsonNode listed = operator().get("/budget/price-tables?limit=200").json().path("items");
    assertTrue(listed.findValuesAsText("version").contains(before), listed.toString());
    assertTrue(listed.findValuesAsText("version").contains(draft.text("version")));
  }

  @Test
  void whenARowIsAllZeros_itIsUsedOnlyIfApprovedByName() {
    Http gateway = new TestTenant(base).gateway;
    Http.Answer draft = operator().post("/budget/price-tables", source("0"));
    assertEquals(model, draft.json().at("/review/all_zero/0/model").asText());

    String name = "{\"provider\": \"%s\", \"model\": \"%s\"}";
    Http.Answer wrong =
        publish(
            draft,
            "{\"accept_review\": true, \"approve_zero\": [%s, %s]}"
                .formatted(name.formatted("house", model), name.formatted("other", model)));
    assertEquals(400, wrong.status());
    assertEquals("/approve_zero/1", wrong.json().at("/errors/0/pointer").asText());
    assertEquals(200, publish(draft, "{\"accept_review\": true}").status());
    assertEquals("price_unknown", gateway.ask(ask(), "zeros").text("code"));
    String approval =
        "{\"accept_review\": true, \"approve_zero\": [%s]}"
            .formatted(name.formatted("house", model));
    assertEquals(412, publish(draft, approval).status(), "what is published never changes");

    Http.Answer again = operator().post("/budget/price-tables", source("0"));
    assertEquals(200, publish(again, approval).status());
    Http.Answer free = gateway.ask(ask(), "free");
    assertEquals("0.00", free.text("estimate_usd"), free.toString());
  }

  @Test
  void whenAnotherTableWasPublished_theDraftIsNotPublished() {
    Http.Answer early = operator().post("/budget/price-tables", source("1e-6"));
    Http.Answer late = operator().post("/budget/price-tables", source("2e-6"));
    assertEquals(200, publish(early, "{\"accept_review\": true}").status());

    Http.Answer refused = publish(late, "{\"accept_review\": true}");
    assertEquals(412, refused.status());
    assertEquals("precondition_failed", refused.text("code"));
    assertTrue(refused.text("detail").contains(early.text("version")), refused.toString());
  }

  @Test
  void whenASourceIsUnreadable_itsRowAndFieldAreNamed() {
    Http.Answer refused = operator().post("/budget/price-tables", source("\"cheap\""));
    assertEquals(422, refused.status());
    JsonNode problem = refused.json().at("/review/problems/0");
    assertEquals(model, problem.path("model").asText());
    assertEquals("input_cost_per_token", problem.path("field").asText());
    assertEquals(422, operator().post("/budget/price-tables", "").status());
    assertEquals(422, operator().post("/budget/price-tables", "[]").status());
  }

  @Test
  void whenASourceIsLargerThanFourMebibytes_itIsRefused() {
    int most = 4 * 1024 * 1024;
    String full = source("1e-6");
    Http.Answer taken =
        operator().post("/budget/price-tables", full + " ".repeat(most - full.length()));
    assertEquals(201, taken.status(), taken.toString());
    Http.Answer refused =
        operator().post("/budget/price-tables", full + " ".repeat(most + 1 - full.length()));
    assertEquals(413, refused.status());
    assertEquals("body_too_large", refused.text("code"));
  }

  @Test
  void whenTheCallerIsNoOperator_priceTablesAreForbidden() {
    TestTenant tenant = new TestTenant(base);
    for (Http other : new Http[] {tenant.admin, tenant.gateway}) {
      assertEquals(403, other.get("/budget/price-tables").status());
      assertEquals(403, other.get("/budget/price-tables/" + before).status());
      assertEquals(403, other.post("/budget/price-tables", source("1e-6")).status());
      assertEquals(403, other.post("/budget/price-tables/" + before + "/publish", "{}").status());
    }
    assertEquals(404, operator().get("/budget/price-tables/..%2Frecords%2F" + before).status());
  }
}
