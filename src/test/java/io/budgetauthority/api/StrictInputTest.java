package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What no caller should send is refused by name, and never reaches the ledger.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class StrictInputTest {

  private static final String LONG = "a".repeat(2_100);

  @TestHTTPResource URI base = URI.create("http://unset");

  private Http gateway() {
    return new Http(base, "bak_demo_gateway");
  }

  private Http admin() {
    return new Http(base, "bak_demo_admin");
  }

  @ParameterizedTest
  @CsvSource({
    "/budget/keys?after=%C3%A9, 400",
    "/budget/keys?after=~~, 200",
    "/budget/audit?after=LONG, 400",
    "/budget/balances?run_id=LONG, 400",
    "/budget/balances?user_id=LONG, 400",
    "/budget/runs?user_id=ada&state=bogus, 400",
    "/budget/runs?user_id=ada&after=LONG, 400",
    "/budget/runs/LONG, 404",
    "/budget/runs/a%20b, 404",
  })
  void whenAParameterIsInvalid_itIsRefusedOrNotFound(String path, int status) {
    Http.Answer answer = admin().get(path.replace("LONG", LONG));
    assertThat(answer).hasStatus(status);
  }

  @Test
  void whenARunIdIsTooLong_itsChangeIsNotFound() {
    Http.Answer answer = admin().send("PATCH", "/budget/runs/" + LONG, "{\"limit_usd\": \"1.00\"}");
    assertThat(answer).hasStatus(404);
  }

  @Test
  void whenTextHasHalfASurrogatePair_itIsRefused() {
    for (String body :
        new String[] {
          "{\"model\": \"a\\ud800\", \"input_tokens\": 1}",
          "{\"model\": \"a\", \"input_tokens\": 1, \"billed_tools\": {\"\\udc00\": 1}}"
        }) {
      Http.Answer answer = gateway().ask(body, "surrogate");
      assertThat(answer).hasStatus(400);
    }
    Http.Answer whole =
        gateway().ask("{\"model\": \"a\\ud83d\\ude00\", \"input_tokens\": 1}", "whole pair");
    assertThat(whole).as("a space in the key").hasStatus(400);
    assertThat(gateway().ask("{\"model\": \"a\\ud83d\\ude00\", \"input_tokens\": 1}", "pair"))
        .hasStatus(402);
  }

  @Test
  void whenANameIsLongerThan256Characters_itIsRefused() {
    String ask = "{\"model\": \"%s\", \"input_tokens\": 1}";
    assertThat(gateway().ask(ask.formatted("😀".repeat(256)), "wide")).hasStatus(402);
    assertThat(gateway().ask(ask.formatted("😀".repeat(257)), "wider")).hasStatus(400);
    String tools = "{\"model\": \"a\", \"input_tokens\": 1, \"billed_tools\": {\"%s\": 1}}";
    assertThat(gateway().ask(tools.formatted("t".repeat(257)), "tool")).hasStatus(400);
  }

  @Test
  void whenAnOverridesNameExceeds256Characters_itIsRefused() {
    String path = "/budget/price-overrides?provider=acme&model=";
    String wide = "%F0%9F%98%80";
    String price = "{\"prices\": {\"input\": \"0.01\"}}";
    assertThat(admin().send("PUT", path + wide.repeat(257), price)).hasStatus(400);
    assertThat(admin().send("PUT", path + wide.repeat(256), price)).hasStatus(201);
    assertThat(admin().send("DELETE", path + wide.repeat(256), null)).hasStatus(204);
  }

  @Test
  void whenAPolicyIsTooLargeForTheAuditTrail_itIsRefused() {
    TestTenant tenant = new TestTenant(base);
    String models = String.join(",", Collections.nCopies(800, '"' + "m".repeat(230) + '"'));
    String policy = "{\"allowed_models\": [" + models + "]}";
    tenant.policy(policy);
    tenant.policy(policy.replaceFirst("mm", "nn"));
    Http.Answer larger =
        tenant.admin.send("PUT", "/budget/policy", policy.replaceFirst("\\[", "[" + models + ","));
    assertThat(larger).as("a body of 370 KB").hasStatus(413);
    String alternatives = String.join(",", Collections.nCopies(3_000, "{\"model\":\"a\"}"));
    Http.Answer expanded =
        tenant.admin.send(
            "PUT",
            "/budget/policy",
            "{\"downgrade\":[{\"models\":[\"m\"],\"alternatives\":[" + alternatives + "]}]}");
    assertThat(expanded).as(expanded.toString().substring(0, 100)).hasStatus(400);
    assertThat(expanded.text("detail")).contains("bytes");
  }
}
