package io.budgetauthority.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a tenant's policy and ceilings change about a decision, each test under a tenant of its
/// own.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class PolicyHttpTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  private TestTenant tenant() {
    return new TestTenant(base);
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::asText).toList();
  }

  @Test
  void whenTheDefaultPolicyIsReplaced_itsTagMustMatch() {
    TestTenant tenant = tenant();
    Http.Answer first = tenant.admin.get("/budget/policy");
    JsonNode policy = first.json();
    assertEquals("hard_gate", policy.path("mode").asText());
    assertEquals(402, policy.path("block_status").asInt());
    assertEquals("5.00", policy.path("default_run_limit_usd").asText());
    assertEquals(4096, policy.path("output_cap").path("default_tokens").asInt());
    assertEquals(256, policy.path("output_cap").path("min_clamped_output_tokens").asInt());
    assertEquals(600, policy.path("reservation_ttl_seconds").asInt());
    assertEquals(30, policy.path("retention_days").asInt());
    assertEquals(86400, policy.path("run_ttl_seconds").asInt());
    assertEquals("fail_closed", policy.path("on_ledger_outage").asText());
    assertEquals("UTC", policy.path("time_zone").asText());
    String tag = first.header("ETag");
    assertNotNull(tag);

    String body = "{\"block_status\": 429}";
    assertEquals(
        412, tenant.admin.send("PUT", "/budget/policy", body, "If-Match", "\"77\"").status());
    Http.Answer changed = tenant.admin.send("PUT", "/budget/policy", body, "If-Match", tag);
    assertEquals(200, changed.status(), changed.toString());
    assertEquals(429, changed.json().path("block_status").asInt());
    assertEquals(412, tenant.admin.send("PUT", "/budget/policy", body, "If-Match", tag).status());

    Http.Answer audit = tenant.admin.get("/budget/audit?limit=1");
    JsonNode entry = audit.json().path("items").path(0);
    assertEquals("policy", entry.path("subject").asText());
    assertEquals("admin", entry.path("principal_id").asText());
    assertEquals(402, entry.path("from").path("block_status").asInt());
    assertEquals(429, entry.path("to").path("block_status").asInt());
    assertFalse(audit.json().path("next").isNull());
    assertEquals(403, tenant.gateway.get("/budget/audit").status());
    assertEquals(429, tenant.ask(100_000, 1, "\"run_limit_usd\": \"0.01\"").status());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"mode\": \"gate\"} | /mode",
        "{\"block_status\": 404} | /block_status",
        "{\"retention_days\": 14} | /retention_days",
        "{\"time_zone\": \"Mars\"} | /time_zone",
        "{\"soft_gate\": {\"expected_output_percent\": 0}} | /soft_gate/expected_output_percent",
        "{\"output_cap\": {\"max\": 5}} | /output_cap/max",
        "{\"downgrade\": [{\"models\": []}]} | /downgrade/0/models",
        "{\"downgrade\": [5]} | /downgrade/0",
        "{\"allowed_models\": [5]} | /allowed_models/0",
        "{\"default_ceilings\": {\"team\": {}}} | /default_ceilings/team",
        "{\"colour\": 5} | /colour"
      })
  void whenAPolicyIsInvalid_theErrorNamesTheMember(String body, String pointer) {
    TestTenant tenant = tenant();
    Http.Answer answer = tenant.admin.send("PUT", "/budget/policy", body);
    assertEquals(400, answer.status());
    assertTrue(
        answer
            .json()
            .path("errors")
            .valueStream()
            .anyMatch(error -> error.path("pointer").asText().equals(pointer)),
        answer.toString());
    assertEquals("hard_gate", tenant.admin.get("/budget/policy").text("mode"));
  }

  @Test
  void whenAnAdvisoryCallHasNoPrice_itIsWarnedAndNotBlocked() {
    TestTenant tenant = tenant();
    tenant.policy("{\"mode\": \"advisory_estimate\"}");
    tenant.ceiling("user/ada/total", "{\"limit_usd\": \"0.00\", \"mode\": \"actuals_only\"}");
    for (String key : List.of("makes-the-account", "finds-it-spent")) {
      Http.Answer unpriced =
          tenant.gateway.ask(
              "{\"model\": \"nothing\", \"input_tokens\": 5, \"user_id\": \"ada\"}",
              key,
              tenant.run);
      assertEquals("price_unknown", unpriced.text("code"), unpriced.toString());
      assertEquals(200, unpriced.status());
    }
  }

  @Test
  void whenAnAdvisoryTenantExceedsALimit_itIsWarnedAndCounted() {
    TestTenant tenant = tenant();
    tenant.policy("{\"mode\": \"advisory_estimate\", \"default_run_limit_usd\": \"0.10\"}");

    Http.Answer within = tenant.ask(80_000, 1_000, null);
    assertEquals("allow", within.header("X-Budget-Decision"));
    Http.Answer over = tenant.ask(80_000, 1_000, null);
    assertEquals(200, over.status());
    assertEquals("advisory_warn", over.header("X-Budget-Decision"));
    assertEquals("run_ceiling_reached", over.text("code"));
    assertEquals("run", over.header("X-Budget-Blocking-Scope"));
    assertEquals("-0.07", over.header("X-Budget-Remaining-USD"));
    Http.Answer unpriced =
        tenant.gateway.ask("{\"model\": \"nothing\", \"input_tokens\": 5}", "unpriced", tenant.run);
    assertEquals("price_unknown", unpriced.text("code"));
    Http.Answer committed = tenant.commit(unpriced, 5, 5);
    assertEquals("0.00", committed.text("actual_usd"));
    assertEquals(List.of("model"), strings(committed.json().path("unpriced_usage")));

    tenant.policy("{\"mode\": \"hard_gate\", \"default_run_limit_usd\": \"0.10\"}");
    assertEquals(
        402,
        tenant.ask(1, 1, null).status(),
        "what was held under advisory counts when it is raised");
    assertEquals("0.17", tenant.run().text("reserved_usd"));
  }

  @Test
  void whenTheModeIsSoftGate_lessIsHeldAndTheMarginIsAllowed() {
    TestTenant tenant = tenant();
    tenant.policy(
        """
        {"mode": "soft_gate", "default_run_limit_usd": "0.10",
         "soft_gate": {"margin_usd": "0.05", "expected_output_percent": 10}}
        """);

    Http.Answer first = tenant.ask(60_000, 10_000, null);
    assertEquals("0.11", first.text("estimate_usd"));
    assertEquals("0.065", first.json().path("accounts").path(0).path("hold_usd").asText());
    assertEquals(
        200, tenant.ask(60_000, 10_000, null).status(), "0.13 is within 0.10 and its margin");
    Http.Answer third = tenant.ask(60_000, 10_000, null);
    assertEquals(402, third.status());
    assertEquals("soft_gate", third.header("X-Budget-Enforcement-Mode"));
  }

  @Test
  void whenTheModeIsActualsOnly_onlyChargesBlock() {
    TestTenant tenant = tenant();
    tenant.policy("{\"mode\": \"actuals_only\", \"default_run_limit_usd\": \"0.10\"}");

    Http.Answer first = tenant.ask(90_000, 1_000, null);
    Http.Answer second = tenant.ask(90_000, 1_000, null);
    assertEquals(200, second.status());
    assertEquals("0.00", tenant.run().text("reserved_usd"));
    tenant.commit(first, 90_000, 1_000);
    assertEquals(200, tenant.ask(90_000, 1_000, null).status());
    tenant.commit(second, 90_000, 1_000);
    Http.Answer spent = tenant.ask(1, 1, null);
    assertEquals(402, spent.status());
    assertEquals(List.of("raise_limit"), strings(spent.json().path("remedies")));
  }

  @Test
  void whenCeilingsHaveSeveralModes_theStrictestOutcomeCounts() {
    TestTenant tenant = tenant();
    tenant.ceiling("team/red/total", "{\"limit_usd\": \"0.01\", \"mode\": \"advisory_estimate\"}");
    tenant.ceiling("feature/chat/month", "{\"limit_usd\": \"0.20\"}");
    tenant.ceiling("tenant/-/day", "{\"limit_usd\": \"0.25\", \"mode\": \"actuals_only\"}");
    String tuple = "\"team_id\": \"red\", \"feature_id\": \"chat\"";

    Http.Answer warned = tenant.ask(100_000, 1_000, tuple);
    assertEquals("advisory_warn", warned.header("X-Budget-Decision"));
    assertEquals("team_ceiling_reached", warned.text("code"));
    assertEquals("hard_gate", warned.header("X-Budget-Enforcement-Mode"));
    JsonNode accounts = warned.json().path("accounts");
    assertEquals(4, accounts.size());
    assertEquals("0.105", accounts.path(2).path("hold_usd").asText());
    assertEquals("0.00", accounts.path(3).path("hold_usd").asText(), "actuals_only holds nothing");

    Http.Answer blocked = tenant.ask(100_000, 1_000, tuple);
    assertEquals(402, blocked.status());
    assertEquals("feature_ceiling_reached", blocked.text("code"));
    assertEquals("month", blocked.json().path("budget").path("window").asText());
    assertEquals(
        List.of("wait", "after_reset"),
        strings(blocked.json().path("remedies")).stream()
            .filter(remedy -> !remedy.equals("reduce_output"))
            .toList());
  }

  @Test
  void whenADayCeilingIsSpent_theBlockNamesItsReset() {
    TestTenant tenant = tenant();
    tenant.ceiling("user/ada/day", "{\"limit_usd\": \"0.10\"}");

    Http.Answer allowed = tenant.ask(90_000, 1_000, "\"user_id\": \"ada\"");
    LocalDate today =
        LocalDate.ofInstant(Instant.parse(allowed.text("created_at")), ZoneOffset.UTC);
    JsonNode account = allowed.json().path("accounts").path(1);
    assertEquals(today.toString(), account.path("period").asText());
    assertEquals(
        today.plusDays(1).atStartOfDay().toInstant(ZoneOffset.UTC).toString(),
        account.path("resets_at").asText());
    tenant.commit(allowed, 90_000, 1_000);
    Http.Answer blocked = tenant.ask(90_000, 1_000, "\"user_id\": \"ada\"");
    assertEquals(List.of("after_reset"), strings(blocked.json().path("remedies")));
    assertEquals(
        account.path("resets_at").asText(),
        blocked.json().path("budget").path("resets_at").asText());
  }

  @Test
  void whenAUserHasNoCeilingOfItsOwn_theDefaultApplies() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_ceilings\": {\"user\": {\"total\": {\"limit_usd\": \"0.10\"}}}}");

    assertEquals(402, tenant.ask(100_000, 1_000, "\"user_id\": \"ada\"").status());
    assertEquals(200, tenant.ask(10_000, 1_000, "\"user_id\": \"ada\"").status());
    tenant.ceiling("user/ada/total", "{\"limit_usd\": \"1.00\"}");
    assertEquals(200, tenant.ask(100_000, 1_000, "\"user_id\": \"ada\"").status());
  }

  @Test
  void whenThePolicyLimitsOutput_theCapIsClampedOrRefused() {
    TestTenant tenant = tenant();
    tenant.policy("{\"output_cap\": {\"require\": true, \"max_tokens\": 1000}}");
    Http.Answer missing =
        tenant.gateway.ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 5}", "missing");
    assertEquals(400, missing.status());
    assertEquals("output_cap_required", missing.text("code"));
    Http.Answer clamped = tenant.ask(5, 5_000, null);
    assertEquals("true", clamped.header("X-Budget-Output-Clamped"));
    assertEquals(1000, clamped.json().path("effective_max_output_tokens").asInt());

    tenant.policy(
        """
        {"output_cap": {"max_tokens_by_model": {"claude-haiku-4-5": 50}, "above_max": "reject"}}
        """);
    Http.Answer rejected = tenant.ask(5, 51, null);
    assertEquals(400, rejected.status());
    assertEquals("output_cap_above_policy", rejected.text("code"));
    assertEquals(200, tenant.ask(5, 50, null).status());
  }

  @Test
  void whenBudgetClampingIsOn_theOutputCapShrinksToFit() {
    TestTenant tenant = tenant();
    tenant.policy(
        """
        {"default_run_limit_usd": "0.05",
         "output_cap": {"budget_clamping": true, "min_clamped_output_tokens": 2000}}
        """);

    Http.Answer shrunk = tenant.ask(30_000, 60_000, null);
    assertEquals(200, shrunk.status(), shrunk.toString());
    assertEquals(4000, shrunk.json().path("effective_max_output_tokens").asInt());
    assertEquals("true", shrunk.header("X-Budget-Output-Clamped"));
    assertEquals("0.05", shrunk.text("estimate_usd"));
    assertEquals(402, tenant.askIn("another", 45_000, 60_000, null).status());
  }

  private static final String DOWNGRADE =
      """
      {"default_run_limit_usd": "0.20", "downgrade": [
        {"models": ["claude-sonnet-4-5"], %s "alternatives": [
          {"model": "no-such-model"},
          {"model": "claude-haiku-4-5", "downgrade_class": "small", "policy_reason": "cheaper",
           "request_classes": [%s]}]}]}
      """;

  private static Http.Answer sonnet(TestTenant tenant, String more) {
    return tenant.gateway.ask(
        """
        {"model": "claude-sonnet-4-5", "input_tokens": 50000, "cache_write_tokens": 0,
         "max_output_tokens": 4000%s}
        """
            .formatted(more),
        UUID.randomUUID().toString(),
        tenant.run);
  }

  @Test
  void whenACallDoesNotFit_theFirstFittingAlternativeIsChosen() {
    TestTenant tenant = tenant();
    tenant.policy(DOWNGRADE.formatted("", ""));

    Http.Answer downgraded = sonnet(tenant, "");
    assertEquals(200, downgraded.status(), downgraded.toString());
    assertEquals("downgrade", downgraded.header("X-Budget-Decision"));
    assertEquals("claude-sonnet-4-5", downgraded.header("X-Budget-Requested-Model"));
    assertEquals("claude-haiku-4-5", downgraded.header("X-Budget-Selected-Model"));
    assertEquals("run", downgraded.header("X-Budget-Blocking-Scope"));
    assertEquals("0.07", downgraded.text("estimate_usd"));

    Http.Answer never = sonnet(tenant, ", \"downgrade\": \"never\"");
    assertEquals(402, never.status());
    assertEquals("downgrade", strings(never.json().path("remedies")).getFirst());
    JsonNode alternative = never.json().path("alternatives").path(0);
    assertEquals("claude-haiku-4-5", alternative.path("model").asText());
    assertTrue(alternative.path("fits_budget").asBoolean());
    assertEquals("0.07", alternative.path("estimate_usd").asText());
    assertEquals("small", alternative.path("downgrade_class").asText());
    assertTrue(alternative.path("supports_tools").asBoolean());
    assertEquals(200000, alternative.path("context_window_tokens").asInt());
    assertEquals(402, sonnet(tenant, ", \"requires\": {\"audio_input\": true}").status());
  }

  @Test
  void whenADowngradeHasConditions_itHappensOnlyUnderThem() {
    TestTenant tenant = tenant();
    tenant.policy(DOWNGRADE.formatted("", "\"routine\""));
    assertEquals(402, sonnet(tenant, "").status());
    assertEquals(402, sonnet(tenant, ", \"request_class\": \"write_step\"").status());
    assertEquals(200, sonnet(tenant, ", \"request_class\": \"routine\"").status());

    TestTenant stepping = tenant();
    stepping.policy(
        DOWNGRADE.formatted("\"from_percent\": 50,", "").replace("\"0.20\"", "\"1.00\""));
    assertEquals("allow", sonnet(stepping, "").header("X-Budget-Decision"));
    assertEquals("allow", sonnet(stepping, "").header("X-Budget-Decision"));
    assertEquals("allow", sonnet(stepping, "").header("X-Budget-Decision"));
    Http.Answer early = sonnet(stepping, "");
    assertEquals("downgrade", early.header("X-Budget-Decision"), "0.63 of 1.00 is held");
  }

  @Test
  void whenAModelIsNotAllowed_theAskIsBlocked() {
    TestTenant tenant = tenant();
    tenant.policy("{\"allowed_models\": [\"claude-haiku-4-5\"]}");
    assertEquals(200, tenant.ask(1, 1, null).status());
    Http.Answer refused = sonnet(tenant, "");
    assertEquals(402, refused.status());
    assertEquals("model_not_allowed", refused.text("code"));
    assertEquals(List.of(), strings(refused.json().path("remedies")));
  }

  @Test
  void whenAThresholdIsCrossed_theDecisionWarns() {
    TestTenant tenant = tenant();
    tenant.ceiling("key/ci/total", "{\"limit_usd\": \"0.10\", \"warn_at_percent\": [50]}");
    String tuple = "\"key_id\": \"ci\"";
    assertEquals(0, tenant.ask(30_000, 1_000, tuple).json().path("warnings").size());
    JsonNode warnings = tenant.ask(30_000, 1_000, tuple).json().path("warnings");
    assertEquals(1, warnings.size());
    assertTrue(warnings.path(0).asText().contains("50%"), warnings.toString());
  }

  @Test
  void whenARemedyOfABlockIsFollowed_theAskIsAllowed() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_run_limit_usd\": \"0.10\"}");
    Http.Answer inFlight = tenant.ask(40_000, 4_000, null);
    Http.Answer blocked = tenant.ask(40_000, 4_000, null);
    assertEquals(List.of("wait"), strings(blocked.json().path("remedies")));
    tenant.step(inFlight, "release", null);
    Http.Answer passes = tenant.ask(40_000, 4_000, null);
    assertEquals(200, passes.status());
    tenant.commit(passes, 40_000, 4_000);
    Http.Answer tooLarge = tenant.ask(50_000, 1_000, null);
    assertEquals(List.of("raise_limit"), strings(tooLarge.json().path("remedies")));
    tenant.admin.send(
        "PUT", "/budget/ceilings/run/" + tenant.run + "/total", "{\"limit_usd\": \"0.20\"}");
    assertEquals(200, tenant.ask(50_000, 1_000, null).status());
  }

  @Test
  void whenAKeyIsCancelled_itsHoldIsReleasedOrItsAskBlocked() {
    TestTenant tenant = tenant();
    String body = "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1000}";
    tenant.gateway.ask(body, "seen", tenant.run);

    Http.Answer released =
        tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "seen");
    assertEquals(200, released.status(), released.toString());
    assertEquals("released", released.text("state"));
    assertEquals("0.00", tenant.run().text("reserved_usd"));

    assertEquals(
        204,
        tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "new").status());
    assertEquals(
        204,
        tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "new").status());
    Http.Answer late = tenant.gateway.ask(body, "new", tenant.run);
    assertEquals(402, late.status());
    assertEquals("cancelled", late.text("code"));
    assertEquals("0.00", tenant.run().text("reserved_usd"));
  }

  @Test
  void whenAReservationIsExtended_moreIsHeldOrItIsRefused() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_run_limit_usd\": \"0.05\"}");
    Http.Answer ask = tenant.ask(10_000, 2_000, null);
    assertEquals("0.02", tenant.run().text("reserved_usd"));

    Http.Answer more = tenant.step(ask, "extend", "{\"max_output_tokens\": 6000}");
    assertEquals(200, more.status(), more.toString());
    assertEquals("0.04", more.text("estimate_usd"));
    assertEquals(6000, more.json().path("effective_max_output_tokens").asInt());
    assertEquals("0.04", tenant.run().text("reserved_usd"));
    assertEquals(
        200, tenant.step(ask, "extend", "{\"max_output_tokens\": 3000}").status(), "never lowered");
    assertEquals("0.04", tenant.run().text("reserved_usd"));

    Http.Answer stop = tenant.step(ask, "extend", "{\"max_output_tokens\": 9000}");
    assertEquals(402, stop.status(), stop.toString());
    assertEquals("run_ceiling_reached", stop.text("code"));
    assertEquals(8000, stop.json().path("budget").path("fits_max_output_tokens").asInt());
    assertEquals("0.04", tenant.run().text("reserved_usd"), "a refused one leaves it as it was");
    assertEquals(200, tenant.step(ask, "extend", "{\"max_output_tokens\": 8000}").status());

    Http.Answer longer = tenant.step(ask, "extend", "{\"ttl_seconds\": 3000}");
    assertTrue(longer.json().path("expires_in_seconds").asInt() > 2900);
    assertEquals(
        400, tenant.step(ask, "extend", "{\"expires_at\": \"2999-01-01T00:00:00Z\"}").status());
    assertEquals(400, tenant.step(ask, "extend", "{}").status());
    tenant.commit(ask, 10_000, 100);
    assertEquals(409, tenant.step(ask, "extend", "{\"ttl_seconds\": 3000}").status());
    assertEquals("0.00", tenant.run().text("reserved_usd"));
    assertEquals("0.0105", tenant.run().text("committed_usd"));
  }

  @Test
  void whenACallIsRetargeted_theHoldMovesOrStaysUnchanged() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_run_limit_usd\": \"0.10\"}");
    Http.Answer ask = tenant.ask(20_000, 1_000, null);
    assertEquals("0.025", tenant.run().text("reserved_usd"));

    Http.Answer moved = tenant.step(ask, "retarget", "{\"model\": \"claude-sonnet-4-5\"}");
    assertEquals(200, moved.status(), moved.toString());
    assertEquals("claude-sonnet-4-5", moved.text("selected_model"));
    assertEquals("0.075", tenant.run().text("reserved_usd"));
    Http.Answer tooDear = tenant.step(ask, "retarget", "{\"model\": \"claude-opus-4-8\"}");
    assertEquals(402, tooDear.status(), tooDear.toString());
    assertEquals("0.075", tenant.run().text("reserved_usd"));
    Http.Answer unknown = tenant.step(ask, "retarget", "{\"model\": \"no-such-model\"}");
    assertEquals("price_unknown", unknown.text("code"));

    assertEquals(
        "0.063", tenant.commit(ask, 20_000, 200).text("actual_usd"), "by the row held now");
    assertEquals(409, tenant.step(ask, "retarget", "{\"model\": \"claude-haiku-4-5\"}").status());
    assertEquals("0.00", tenant.run().text("reserved_usd"));
  }

  @Test
  void whenAKeyIsRotated_itsSecretsWorkUntilItIsRevoked() {
    TestTenant tenant = tenant();
    Http.Answer made =
        tenant.admin.post(
            "/budget/keys", "{\"role\": \"agent\", \"user_id\": \"ada\", \"key_id\": \"ci\"}");
    Http old = new Http(base, made.text("secret"));
    assertEquals(200, old.get("/budget/policy").status());
    String key = "/budget/keys/" + made.text("id");

    Http.Answer rotated = tenant.admin.post(key + "/rotate", "{\"overlap_seconds\": 3600}");
    assertEquals(200, rotated.status(), rotated.toString());
    assertEquals(made.text("id"), rotated.text("id"));
    Http renewed = new Http(base, rotated.text("secret"));
    assertEquals(200, old.get("/budget/policy").status(), "good for the overlap");
    assertEquals(200, renewed.get("/budget/policy").status());
    Http newest =
        new Http(
            base, tenant.admin.post(key + "/rotate", "{\"overlap_seconds\": 3600}").text("secret"));
    assertEquals(200, newest.get("/budget/policy").status());

    JsonNode listed = tenant.admin.get("/budget/keys").json().path("items");
    assertEquals(3, listed.size());
    assertFalse(listed.toString().contains("secret"));
    assertEquals(204, tenant.admin.send("DELETE", key, null).status());
    assertEquals(401, old.get("/budget/policy").status());
    assertEquals(401, renewed.get("/budget/policy").status());
    assertEquals(401, newest.get("/budget/policy").status());
    assertEquals(404, tenant.admin.send("DELETE", key, null).status());
    assertEquals(400, tenant.admin.post("/budget/keys", "{\"role\": \"operator\"}").status());
    assertEquals(403, tenant.gateway.post("/budget/keys", "{\"role\": \"viewer\"}").status());
  }

  @Test
  void whenTheCallerIsOfAnotherTenant_nothingIsFound() {
    TestTenant one = tenant();
    TestTenant other = tenant();
    Http.Answer ask = one.ask(1_000, 100, null);
    String decision = "/budget/decisions/" + ask.text("decision_id");
    String reservation = "/budget/reservations/" + ask.text("reservation_id");

    assertEquals(404, other.gateway.get(decision).status());
    assertEquals(404, other.gateway.get("/budget/runs/" + one.run).status());
    assertEquals(404, other.gateway.get("/budget/ceilings/run/" + one.run + "/total").status());
    for (String step : List.of("forward", "release")) {
      assertEquals(404, other.gateway.post(reservation + "/" + step, null).status(), step);
    }
    for (String step : List.of("commit", "extend", "retarget")) {
      String body =
          switch (step) {
            case "commit" -> "{\"usage\": {\"input_tokens\": 1, \"output_tokens\": 1}}";
            case "extend" -> "{\"ttl_seconds\": 5}";
            default -> "{\"model\": \"claude-haiku-4-5\"}";
          };
      assertEquals(404, other.gateway.post(reservation + "/" + step, body).status(), step);
    }
    assertEquals(
        404,
        other
            .admin
            .send("PUT", "/budget/ceilings/run/" + one.run + "/total", "{\"limit_usd\": \"1.00\"}")
            .status());
    assertEquals("0.0015", one.run().text("reserved_usd"));
  }

  @Test
  void whenATenantHasAPriceOverride_itIsUsedForEstimateAndCharge() {
    TestTenant tenant = tenant();
    String path = "/budget/price-overrides?provider=house&model=house-llm";
    String own = "{\"prices\": {\"input\": \"0.000002\", \"output\": \"0.00001\"}}";
    String ask = "{\"model\": \"house-llm\", \"input_tokens\": 1000, \"max_output_tokens\": 100}";
    assertEquals("price_unknown", tenant.gateway.ask(ask, "before", tenant.run).text("code"));

    Http.Answer made = tenant.admin.send("PUT", path, own);
    assertEquals(201, made.status(), made.toString());
    assertEquals("0.000002", made.json().path("prices").path("input").asText());
    assertEquals(200, tenant.admin.send("PUT", path, own).status());
    Http.Answer priced = tenant.gateway.ask(ask, "after", tenant.run);
    assertEquals("0.003", priced.text("estimate_usd"));
    assertEquals("0.0021", tenant.commit(priced, 1_000, 10).text("actual_usd"));

    String haiku = "/budget/price-overrides?provider=anthropic&model=claude-haiku-4-5";
    String zero = "{\"inherit\": false, \"prices\": {\"input\": \"0\", \"output\": \"0.000001\"}}";
    assertEquals(201, tenant.admin.send("PUT", haiku, zero).status());
    assertEquals("0.0001", tenant.ask(100_000, 100, null).text("estimate_usd"));
    assertEquals(2, tenant.gateway.get("/budget/price-overrides").json().path("items").size());
    assertEquals(204, tenant.admin.send("DELETE", haiku, null).status());
    assertEquals(404, tenant.admin.send("DELETE", haiku, null).status());
    assertEquals("0.1005", tenant.ask(100_000, 100, null).text("estimate_usd"));
    Http.Answer wrong =
        tenant.admin.send("PUT", path, "{\"prices\": {\"inputs\": \"0.1\", \"output\": 5}}");
    assertEquals(400, wrong.status());
    assertEquals(2, wrong.json().path("errors").size(), wrong.toString());
    assertEquals(403, tenant.gateway.send("PUT", path, own).status());
  }
}
