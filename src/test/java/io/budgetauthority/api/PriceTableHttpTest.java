package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(draft).hasStatus(201);
    assertThat(draft.text("previous_version")).isEqualTo(before);
    assertThat(draft.json().at("/review/added/0/provider").asText()).isEqualTo("house");
    assertThat(draft.json().path("in_force").asBoolean()).isFalse();
    assertThat(gateway.ask(ask(), "before")).hasText("code", "price_unknown");

    Http.Answer unread = publish(draft, "{}");
    assertThat(unread).isProblem(422, "price_table_invalid");
    assertThat(unread.json().path("review")).isEqualTo(draft.json().path("review"));

    Http.Answer published = publish(draft, "{\"accept_review\": true}");
    assertThat(published).hasStatus(200);
    assertThat(published.json().path("in_force").asBoolean()).isTrue();
    assertThat(published).hasText("published_by", "operator");
    Http.Answer asked = gateway.ask(ask(), "after");
    assertThat(asked)
        .hasStatus(200)
        .hasHeader("X-Budget-Price-Table-Version", draft.text("version"));
    assertThat(publish(draft, "{\"accept_review\": true}").json()).isEqualTo(published.json());

    Http.Answer read = operator().get("/budget/price-tables/" + draft.text("version"));
    assertThat(read.json().path("review")).isEqualTo(draft.json().path("review"));
    JsonNode listed = operator().get("/budget/price-tables?limit=200").json().path("items");
    assertThat(listed.findValuesAsText("version")).as(listed.toString()).contains(before);
    assertThat(listed.findValuesAsText("version")).contains(draft.text("version"));
  }

  @Test
  void whenARowIsAllZeros_itIsUsedOnlyIfApprovedByName() {
    Http gateway = new TestTenant(base).gateway;
    Http.Answer draft = operator().post("/budget/price-tables", source("0"));
    assertThat(draft.json().at("/review/all_zero/0/model").asText()).isEqualTo(model);

    String name = "{\"provider\": \"%s\", \"model\": \"%s\"}";
    Http.Answer wrong =
        publish(
            draft,
            "{\"accept_review\": true, \"approve_zero\": [%s, %s]}"
                .formatted(name.formatted("house", model), name.formatted("other", model)));
    assertThat(wrong).hasStatus(400);
    assertThat(wrong.json().at("/errors/0/pointer").asText()).isEqualTo("/approve_zero/1");
    assertThat(publish(draft, "{\"accept_review\": true}")).hasStatus(200);
    assertThat(gateway.ask(ask(), "zeros")).hasText("code", "price_unknown");
    String approval =
        "{\"accept_review\": true, \"approve_zero\": [%s]}"
            .formatted(name.formatted("house", model));
    assertThat(publish(draft, approval)).as("what is published never changes").hasStatus(412);

    Http.Answer again = operator().post("/budget/price-tables", source("0"));
    assertThat(publish(again, approval)).hasStatus(200);
    Http.Answer free = gateway.ask(ask(), "free");
    assertThat(free).hasText("estimate_usd", "0.00");
  }

  @Test
  void whenAnotherTableWasPublished_theDraftIsNotPublished() {
    Http.Answer early = operator().post("/budget/price-tables", source("1e-6"));
    Http.Answer late = operator().post("/budget/price-tables", source("2e-6"));
    assertThat(publish(early, "{\"accept_review\": true}")).hasStatus(200);

    Http.Answer refused = publish(late, "{\"accept_review\": true}");
    assertThat(refused).isProblem(412, "precondition_failed");
    assertThat(refused.text("detail")).as(refused.toString()).contains(early.text("version"));
  }

  @Test
  void whenASourceIsUnreadable_itsRowAndFieldAreNamed() {
    Http.Answer refused = operator().post("/budget/price-tables", source("\"cheap\""));
    assertThat(refused).hasStatus(422);
    JsonNode problem = refused.json().at("/review/problems/0");
    assertThat(problem.path("model").asText()).isEqualTo(model);
    assertThat(problem.path("field").asText()).isEqualTo("input_cost_per_token");
    assertThat(operator().post("/budget/price-tables", "")).hasStatus(422);
    assertThat(operator().post("/budget/price-tables", "[]")).hasStatus(422);
  }

  @Test
  void whenASourceIsLargerThanFourMebibytes_itIsRefused() {
    int most = 4 * 1024 * 1024;
    String full = source("1e-6");
    Http.Answer taken =
        operator().post("/budget/price-tables", full + " ".repeat(most - full.length()));
    assertThat(taken).hasStatus(201);
    Http.Answer refused =
        operator().post("/budget/price-tables", full + " ".repeat(most + 1 - full.length()));
    assertThat(refused).isProblem(413, "body_too_large");
  }

  @Test
  void whenTheCallerIsNoOperator_priceTablesAreForbidden() {
    TestTenant tenant = new TestTenant(base);
    for (Http other : new Http[] {tenant.admin, tenant.gateway}) {
      assertThat(other.get("/budget/price-tables")).hasStatus(403);
      assertThat(other.get("/budget/price-tables/" + before)).hasStatus(403);
      assertThat(other.post("/budget/price-tables", source("1e-6"))).hasStatus(403);
      assertThat(other.post("/budget/price-tables/" + before + "/publish", "{}")).hasStatus(403);
    }
    assertThat(operator().get("/budget/price-tables/..%2Frecords%2F" + before)).hasStatus(404);
  }
}
