package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(policy.path("mode").asText()).isEqualTo("hard_gate");
    assertThat(policy.path("block_status").asInt()).isEqualTo(402);
    assertThat(policy.path("default_run_limit_usd").asText()).isEqualTo("5.00");
    assertThat(policy.path("output_cap").path("default_tokens").asInt()).isEqualTo(4096);
    assertThat(policy.path("output_cap").path("min_clamped_output_tokens").asInt()).isEqualTo(256);
    assertThat(policy.path("reservation_ttl_seconds").asInt()).isEqualTo(600);
    assertThat(policy.path("retention_days").asInt()).isEqualTo(30);
    assertThat(policy.path("run_ttl_seconds").asInt()).isEqualTo(86400);
    assertThat(policy.path("on_ledger_outage").asText()).isEqualTo("fail_closed");
    assertThat(policy.path("time_zone").asText()).isEqualTo("UTC");
    String tag = first.header("ETag");
    assertThat(tag).isNotNull();

    String body = "{\"block_status\": 429}";
    assertThat(tenant.admin.send("PUT", "/budget/policy", body, "If-Match", "\"77\""))
        .hasStatus(412);
    Http.Answer changed = tenant.admin.send("PUT", "/budget/policy", body, "If-Match", tag);
    assertThat(changed).hasStatus(200);
    assertThat(changed.json().path("block_status").asInt()).isEqualTo(429);
    assertThat(tenant.admin.send("PUT", "/budget/policy", body, "If-Match", tag)).hasStatus(412);

    Http.Answer audit = tenant.admin.get("/budget/audit?limit=1");
    JsonNode entry = audit.json().path("items").path(0);
    assertThat(entry.path("subject").asText()).isEqualTo("policy");
    assertThat(entry.path("principal_id").asText()).isEqualTo("admin");
    assertThat(entry.path("from").path("block_status").asInt()).isEqualTo(402);
    assertThat(entry.path("to").path("block_status").asInt()).isEqualTo(429);
    assertThat(audit.json().path("next").isNull()).isFalse();
    assertThat(tenant.gateway.get("/budget/audit")).hasStatus(403);
    assertThat(tenant.ask(100_000, 1, "\"run_limit_usd\": \"0.01\"")).hasStatus(429);
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
    assertThat(answer).hasStatus(400);
    assertThat(
            answer
                .json()
                .path("errors")
                .valueStream()
                .anyMatch(error -> error.path("pointer").asText().equals(pointer)))
        .as(answer.toString())
        .isTrue();
    assertThat(tenant.admin.get("/budget/policy")).hasText("mode", "hard_gate");
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
      assertThat(unpriced).hasText("code", "price_unknown").hasStatus(200);
    }
  }

  @Test
  void whenAnAdvisoryTenantExceedsALimit_itIsWarnedAndCounted() {
    TestTenant tenant = tenant();
    tenant.policy("{\"mode\": \"advisory_estimate\", \"default_run_limit_usd\": \"0.10\"}");

    Http.Answer within = tenant.ask(80_000, 1_000, null);
    assertThat(within).hasHeader("X-Budget-Decision", "allow");
    Http.Answer over = tenant.ask(80_000, 1_000, null);
    assertThat(over)
        .hasStatus(200)
        .hasHeader("X-Budget-Decision", "advisory_warn")
        .hasText("code", "run_ceiling_reached")
        .hasHeader("X-Budget-Blocking-Scope", "run")
        .hasHeader("X-Budget-Remaining-USD", "-0.07");
    Http.Answer unpriced =
        tenant.gateway.ask("{\"model\": \"nothing\", \"input_tokens\": 5}", "unpriced", tenant.run);
    assertThat(unpriced).hasText("code", "price_unknown");
    Http.Answer committed = tenant.commit(unpriced, 5, 5);
    assertThat(committed).hasText("actual_usd", "0.00");
    assertThat(strings(committed.json().path("unpriced_usage"))).isEqualTo(List.of("model"));

    tenant.policy("{\"mode\": \"hard_gate\", \"default_run_limit_usd\": \"0.10\"}");
    assertThat(tenant.ask(1, 1, null))
        .as("what was held under advisory counts when it is raised")
        .hasStatus(402);
    assertThat(tenant.run()).hasText("reserved_usd", "0.17");
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
    assertThat(first).hasText("estimate_usd", "0.11");
    assertThat(first.json().path("accounts").path(0).path("hold_usd").asText()).isEqualTo("0.065");
    assertThat(tenant.ask(60_000, 10_000, null))
        .as("0.13 is within 0.10 and its margin")
        .hasStatus(200);
    Http.Answer third = tenant.ask(60_000, 10_000, null);
    assertThat(third).hasStatus(402).hasHeader("X-Budget-Enforcement-Mode", "soft_gate");
  }

  @Test
  void whenTheModeIsActualsOnly_onlyChargesBlock() {
    TestTenant tenant = tenant();
    tenant.policy("{\"mode\": \"actuals_only\", \"default_run_limit_usd\": \"0.10\"}");

    Http.Answer first = tenant.ask(90_000, 1_000, null);
    Http.Answer second = tenant.ask(90_000, 1_000, null);
    assertThat(second).hasStatus(200);
    assertThat(tenant.run()).hasText("reserved_usd", "0.00");
    tenant.commit(first, 90_000, 1_000);
    assertThat(tenant.ask(90_000, 1_000, null)).hasStatus(200);
    tenant.commit(second, 90_000, 1_000);
    Http.Answer spent = tenant.ask(1, 1, null);
    assertThat(spent).hasStatus(402);
    assertThat(strings(spent.json().path("remedies"))).isEqualTo(List.of("raise_limit"));
  }

  @Test
  void whenCeilingsHaveSeveralModes_theStrictestOutcomeCounts() {
    TestTenant tenant = tenant();
    tenant.ceiling("team/red/total", "{\"limit_usd\": \"0.01\", \"mode\": \"advisory_estimate\"}");
    tenant.ceiling("feature/chat/month", "{\"limit_usd\": \"0.20\"}");
    tenant.ceiling("tenant/-/day", "{\"limit_usd\": \"0.25\", \"mode\": \"actuals_only\"}");
    String tuple = "\"team_id\": \"red\", \"feature_id\": \"chat\"";

    Http.Answer warned = tenant.ask(100_000, 1_000, tuple);
    assertThat(warned)
        .hasHeader("X-Budget-Decision", "advisory_warn")
        .hasText("code", "team_ceiling_reached")
        .hasHeader("X-Budget-Enforcement-Mode", "hard_gate");
    JsonNode accounts = warned.json().path("accounts");
    assertThat(accounts).hasSize(4);
    assertThat(accounts.path(2).path("hold_usd").asText()).isEqualTo("0.105");
    assertThat(accounts.path(3).path("hold_usd").asText())
        .as("actuals_only holds nothing")
        .isEqualTo("0.00");

    Http.Answer blocked = tenant.ask(100_000, 1_000, tuple);
    assertThat(blocked).isProblem(402, "feature_ceiling_reached");
    assertThat(blocked.json().path("budget").path("window").asText()).isEqualTo("month");
    assertThat(
            strings(blocked.json().path("remedies")).stream()
                .filter(remedy -> !remedy.equals("reduce_output"))
                .toList())
        .isEqualTo(List.of("wait", "after_reset"));
  }

  @Test
  void whenADayCeilingIsSpent_theBlockNamesItsReset() {
    TestTenant tenant = tenant();
    tenant.ceiling("user/ada/day", "{\"limit_usd\": \"0.10\"}");

    Http.Answer allowed = tenant.ask(90_000, 1_000, "\"user_id\": \"ada\"");
    LocalDate today =
        LocalDate.ofInstant(Instant.parse(allowed.text("created_at")), ZoneOffset.UTC);
    JsonNode account = allowed.json().path("accounts").path(1);
    assertThat(account.path("period").asText()).isEqualTo(today.toString());
    assertThat(account.path("resets_at").asText())
        .isEqualTo(today.plusDays(1).atStartOfDay().toInstant(ZoneOffset.UTC).toString());
    tenant.commit(allowed, 90_000, 1_000);
    Http.Answer blocked = tenant.ask(90_000, 1_000, "\"user_id\": \"ada\"");
    assertThat(strings(blocked.json().path("remedies"))).isEqualTo(List.of("after_reset"));
    assertThat(blocked.json().path("budget").path("resets_at").asText())
        .isEqualTo(account.path("resets_at").asText());
  }

  @Test
  void whenAUserHasNoCeilingOfItsOwn_theDefaultApplies() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_ceilings\": {\"user\": {\"total\": {\"limit_usd\": \"0.10\"}}}}");

    assertThat(tenant.ask(100_000, 1_000, "\"user_id\": \"ada\"")).hasStatus(402);
    assertThat(tenant.ask(10_000, 1_000, "\"user_id\": \"ada\"")).hasStatus(200);
    tenant.ceiling("user/ada/total", "{\"limit_usd\": \"1.00\"}");
    assertThat(tenant.ask(100_000, 1_000, "\"user_id\": \"ada\"")).hasStatus(200);
  }

  @Test
  void whenThePolicyLimitsOutput_theCapIsClampedOrRefused() {
    TestTenant tenant = tenant();
    tenant.policy("{\"output_cap\": {\"require\": true, \"max_tokens\": 1000}}");
    Http.Answer missing =
        tenant.gateway.ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 5}", "missing");
    assertThat(missing).isProblem(400, "output_cap_required");
    Http.Answer clamped = tenant.ask(5, 5_000, null);
    assertThat(clamped).hasHeader("X-Budget-Output-Clamped", "true");
    assertThat(clamped.json().path("effective_max_output_tokens").asInt()).isEqualTo(1000);

    tenant.policy(
        """
        {"output_cap": {"max_tokens_by_model": {"claude-haiku-4-5": 50}, "above_max": "reject"}}
        """);
    Http.Answer rejected = tenant.ask(5, 51, null);
    assertThat(rejected).isProblem(400, "output_cap_above_policy");
    assertThat(tenant.ask(5, 50, null)).hasStatus(200);
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
    assertThat(shrunk).hasStatus(200);
    assertThat(shrunk.json().path("effective_max_output_tokens").asInt()).isEqualTo(4000);
    assertThat(shrunk).hasHeader("X-Budget-Output-Clamped", "true").hasText("estimate_usd", "0.05");
    assertThat(tenant.askIn("another", 45_000, 60_000, null)).hasStatus(402);
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
    assertThat(downgraded)
        .hasStatus(200)
        .hasHeader("X-Budget-Decision", "downgrade")
        .hasHeader("X-Budget-Requested-Model", "claude-sonnet-4-5")
        .hasHeader("X-Budget-Selected-Model", "claude-haiku-4-5")
        .hasHeader("X-Budget-Blocking-Scope", "run")
        .hasText("estimate_usd", "0.07");

    Http.Answer never = sonnet(tenant, ", \"downgrade\": \"never\"");
    assertThat(never).hasStatus(402);
    assertThat(strings(never.json().path("remedies")).getFirst()).isEqualTo("downgrade");
    JsonNode alternative = never.json().path("alternatives").path(0);
    assertThat(alternative.path("model").asText()).isEqualTo("claude-haiku-4-5");
    assertThat(alternative.path("fits_budget").asBoolean()).isTrue();
    assertThat(alternative.path("estimate_usd").asText()).isEqualTo("0.07");
    assertThat(alternative.path("downgrade_class").asText()).isEqualTo("small");
    assertThat(alternative.path("supports_tools").asBoolean()).isTrue();
    assertThat(alternative.path("context_window_tokens").asInt()).isEqualTo(200000);
    assertThat(sonnet(tenant, ", \"requires\": {\"audio_input\": true}")).hasStatus(402);
  }

  @Test
  void whenADowngradeHasConditions_itHappensOnlyUnderThem() {
    TestTenant tenant = tenant();
    tenant.policy(DOWNGRADE.formatted("", "\"routine\""));
    assertThat(sonnet(tenant, "")).hasStatus(402);
    assertThat(sonnet(tenant, ", \"request_class\": \"write_step\"")).hasStatus(402);
    assertThat(sonnet(tenant, ", \"request_class\": \"routine\"")).hasStatus(200);

    TestTenant stepping = tenant();
    stepping.policy(
        DOWNGRADE.formatted("\"from_percent\": 50,", "").replace("\"0.20\"", "\"1.00\""));
    assertThat(sonnet(stepping, "")).hasHeader("X-Budget-Decision", "allow");
    assertThat(sonnet(stepping, "")).hasHeader("X-Budget-Decision", "allow");
    assertThat(sonnet(stepping, "")).hasHeader("X-Budget-Decision", "allow");
    Http.Answer early = sonnet(stepping, "");
    assertThat(early).as("0.63 of 1.00 is held").hasHeader("X-Budget-Decision", "downgrade");
  }

  @Test
  void whenAModelIsNotAllowed_theAskIsBlocked() {
    TestTenant tenant = tenant();
    tenant.policy("{\"allowed_models\": [\"claude-haiku-4-5\"]}");
    assertThat(tenant.ask(1, 1, null)).hasStatus(200);
    Http.Answer refused = sonnet(tenant, "");
    assertThat(refused).isProblem(402, "model_not_allowed");
    assertThat(strings(refused.json().path("remedies"))).isEmpty();
  }

  @Test
  void whenAThresholdIsCrossed_theDecisionWarns() {
    TestTenant tenant = tenant();
    tenant.ceiling("key/ci/total", "{\"limit_usd\": \"0.10\", \"warn_at_percent\": [50]}");
    String tuple = "\"key_id\": \"ci\"";
    assertThat(tenant.ask(30_000, 1_000, tuple).json().path("warnings")).isEmpty();
    JsonNode warnings = tenant.ask(30_000, 1_000, tuple).json().path("warnings");
    assertThat(warnings).hasSize(1);
    assertThat(warnings.path(0).asText()).as(warnings.toString()).contains("50%");
  }

  @Test
  void whenARemedyOfABlockIsFollowed_theAskIsAllowed() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_run_limit_usd\": \"0.10\"}");
    Http.Answer inFlight = tenant.ask(40_000, 4_000, null);
    Http.Answer blocked = tenant.ask(40_000, 4_000, null);
    assertThat(strings(blocked.json().path("remedies"))).isEqualTo(List.of("wait"));
    tenant.step(inFlight, "release", null);
    Http.Answer passes = tenant.ask(40_000, 4_000, null);
    assertThat(passes).hasStatus(200);
    tenant.commit(passes, 40_000, 4_000);
    Http.Answer tooLarge = tenant.ask(50_000, 1_000, null);
    assertThat(strings(tooLarge.json().path("remedies"))).isEqualTo(List.of("raise_limit"));
    tenant.admin.send(
        "PUT", "/budget/ceilings/run/" + tenant.run + "/total", "{\"limit_usd\": \"0.20\"}");
    assertThat(tenant.ask(50_000, 1_000, null)).hasStatus(200);
  }

  @Test
  void whenAKeyIsCancelled_itsHoldIsReleasedOrItsAskBlocked() {
    TestTenant tenant = tenant();
    String body = "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1000}";
    tenant.gateway.ask(body, "seen", tenant.run);

    Http.Answer released =
        tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "seen");
    assertThat(released).hasStatus(200).hasText("state", "released");
    assertThat(tenant.run()).hasText("reserved_usd", "0.00");

    assertThat(tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "new"))
        .hasStatus(204);
    assertThat(tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "new"))
        .hasStatus(204);
    Http.Answer late = tenant.gateway.ask(body, "new", tenant.run);
    assertThat(late).isProblem(402, "cancelled");
    assertThat(tenant.run()).hasText("reserved_usd", "0.00");
  }

  @Test
  void whenAReservationIsExtended_moreIsHeldOrItIsRefused() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_run_limit_usd\": \"0.05\"}");
    Http.Answer ask = tenant.ask(10_000, 2_000, null);
    assertThat(tenant.run()).hasText("reserved_usd", "0.02");

    Http.Answer more = tenant.step(ask, "extend", "{\"max_output_tokens\": 6000}");
    assertThat(more).hasStatus(200).hasText("estimate_usd", "0.04");
    assertThat(more.json().path("effective_max_output_tokens").asInt()).isEqualTo(6000);
    assertThat(tenant.run()).hasText("reserved_usd", "0.04");
    assertThat(tenant.step(ask, "extend", "{\"max_output_tokens\": 3000}"))
        .as("never lowered")
        .hasStatus(200);
    assertThat(tenant.run()).hasText("reserved_usd", "0.04");

    Http.Answer stop = tenant.step(ask, "extend", "{\"max_output_tokens\": 9000}");
    assertThat(stop).isProblem(402, "run_ceiling_reached");
    assertThat(stop.json().path("budget").path("fits_max_output_tokens").asInt()).isEqualTo(8000);
    assertThat(tenant.run())
        .as("a refused one leaves it as it was")
        .hasText("reserved_usd", "0.04");
    assertThat(tenant.step(ask, "extend", "{\"max_output_tokens\": 8000}")).hasStatus(200);

    Http.Answer longer = tenant.step(ask, "extend", "{\"ttl_seconds\": 3000}");
    assertThat(longer.json().path("expires_in_seconds").asInt()).isGreaterThan(2900);
    assertThat(tenant.step(ask, "extend", "{\"expires_at\": \"2999-01-01T00:00:00Z\"}"))
        .hasStatus(400);
    assertThat(tenant.step(ask, "extend", "{}")).hasStatus(400);
    tenant.commit(ask, 10_000, 100);
    assertThat(tenant.step(ask, "extend", "{\"ttl_seconds\": 3000}")).hasStatus(409);
    assertThat(tenant.run()).hasText("reserved_usd", "0.00");
    assertThat(tenant.run()).hasText("committed_usd", "0.0105");
  }

  @Test
  void whenACallIsRetargeted_theHoldMovesOrStaysUnchanged() {
    TestTenant tenant = tenant();
    tenant.policy("{\"default_run_limit_usd\": \"0.10\"}");
    Http.Answer ask = tenant.ask(20_000, 1_000, null);
    assertThat(tenant.run()).hasText("reserved_usd", "0.025");

    Http.Answer moved = tenant.step(ask, "retarget", "{\"model\": \"claude-sonnet-4-5\"}");
    assertThat(moved).hasStatus(200).hasText("selected_model", "claude-sonnet-4-5");
    assertThat(tenant.run()).hasText("reserved_usd", "0.075");
    Http.Answer tooDear = tenant.step(ask, "retarget", "{\"model\": \"claude-opus-4-8\"}");
    assertThat(tooDear).hasStatus(402);
    assertThat(tenant.run()).hasText("reserved_usd", "0.075");
    Http.Answer unknown = tenant.step(ask, "retarget", "{\"model\": \"no-such-model\"}");
    assertThat(unknown).hasText("code", "price_unknown");

    assertThat(tenant.commit(ask, 20_000, 200))
        .as("by the row held now")
        .hasText("actual_usd", "0.063");
    assertThat(tenant.step(ask, "retarget", "{\"model\": \"claude-haiku-4-5\"}")).hasStatus(409);
    assertThat(tenant.run()).hasText("reserved_usd", "0.00");
  }

  @Test
  void whenAKeyIsRotated_itsSecretsWorkUntilItIsRevoked() {
    TestTenant tenant = tenant();
    Http.Answer made =
        tenant.admin.post(
            "/budget/keys", "{\"role\": \"agent\", \"user_id\": \"ada\", \"key_id\": \"ci\"}");
    Http old = new Http(base, made.text("secret"));
    assertThat(old.get("/budget/policy")).hasStatus(200);
    String key = "/budget/keys/" + made.text("id");

    Http.Answer rotated = tenant.admin.post(key + "/rotate", "{\"overlap_seconds\": 3600}");
    assertThat(rotated).hasStatus(200);
    assertThat(rotated.text("id")).isEqualTo(made.text("id"));
    Http renewed = new Http(base, rotated.text("secret"));
    assertThat(old.get("/budget/policy")).as("good for the overlap").hasStatus(200);
    assertThat(renewed.get("/budget/policy")).hasStatus(200);
    Http newest =
        new Http(
            base, tenant.admin.post(key + "/rotate", "{\"overlap_seconds\": 3600}").text("secret"));
    assertThat(newest.get("/budget/policy")).hasStatus(200);

    JsonNode listed = tenant.admin.get("/budget/keys").json().path("items");
    assertThat(listed).hasSize(3);
    assertThat(listed.toString()).doesNotContain("secret");
    assertThat(tenant.admin.send("DELETE", key, null)).hasStatus(204);
    assertThat(old.get("/budget/policy")).hasStatus(401);
    assertThat(renewed.get("/budget/policy")).hasStatus(401);
    assertThat(newest.get("/budget/policy")).hasStatus(401);
    assertThat(tenant.admin.send("DELETE", key, null)).hasStatus(404);
    assertThat(tenant.admin.post("/budget/keys", "{\"role\": \"operator\"}")).hasStatus(400);
    assertThat(tenant.gateway.post("/budget/keys", "{\"role\": \"viewer\"}")).hasStatus(403);
  }

  @Test
  void whenTheCallerIsOfAnotherTenant_nothingIsFound() {
    TestTenant one = tenant();
    TestTenant other = tenant();
    Http.Answer ask = one.ask(1_000, 100, null);
    String decision = "/budget/decisions/" + ask.text("decision_id");
    String reservation = "/budget/reservations/" + ask.text("reservation_id");

    assertThat(other.gateway.get(decision)).hasStatus(404);
    assertThat(other.gateway.get("/budget/runs/" + one.run)).hasStatus(404);
    assertThat(other.gateway.get("/budget/ceilings/run/" + one.run + "/total")).hasStatus(404);
    for (String step : List.of("forward", "release")) {
      assertThat(other.gateway.post(reservation + "/" + step, null)).as(step).hasStatus(404);
    }
    for (String step : List.of("commit", "extend", "retarget")) {
      String body =
          switch (step) {
            case "commit" -> "{\"usage\": {\"input_tokens\": 1, \"output_tokens\": 1}}";
            case "extend" -> "{\"ttl_seconds\": 5}";
            default -> "{\"model\": \"claude-haiku-4-5\"}";
          };
      assertThat(other.gateway.post(reservation + "/" + step, body)).as(step).hasStatus(404);
    }
    assertThat(
            other.admin.send(
                "PUT", "/budget/ceilings/run/" + one.run + "/total", "{\"limit_usd\": \"1.00\"}"))
        .hasStatus(404);
    assertThat(one.run()).hasText("reserved_usd", "0.0015");
  }

  @Test
  void whenATenantHasAPriceOverride_itIsUsedForEstimateAndCharge() {
    TestTenant tenant = tenant();
    String path = "/budget/price-overrides?provider=house&model=house-llm";
    String own = "{\"prices\": {\"input\": \"0.000002\", \"output\": \"0.00001\"}}";
    String ask = "{\"model\": \"house-llm\", \"input_tokens\": 1000, \"max_output_tokens\": 100}";
    assertThat(tenant.gateway.ask(ask, "before", tenant.run)).hasText("code", "price_unknown");

    Http.Answer made = tenant.admin.send("PUT", path, own);
    assertThat(made).hasStatus(201);
    assertThat(made.json().path("prices").path("input").asText()).isEqualTo("0.000002");
    assertThat(tenant.admin.send("PUT", path, own)).hasStatus(200);
    Http.Answer priced = tenant.gateway.ask(ask, "after", tenant.run);
    assertThat(priced).hasText("estimate_usd", "0.003");
    assertThat(tenant.commit(priced, 1_000, 10)).hasText("actual_usd", "0.0021");

    String haiku = "/budget/price-overrides?provider=anthropic&model=claude-haiku-4-5";
    String zero = "{\"inherit\": false, \"prices\": {\"input\": \"0\", \"output\": \"0.000001\"}}";
    assertThat(tenant.admin.send("PUT", haiku, zero)).hasStatus(201);
    assertThat(tenant.ask(100_000, 100, null)).hasText("estimate_usd", "0.0001");
    assertThat(tenant.gateway.get("/budget/price-overrides").json().path("items").size())
        .isEqualTo(2);
    assertThat(tenant.admin.send("DELETE", haiku, null)).hasStatus(204);
    assertThat(tenant.admin.send("DELETE", haiku, null)).hasStatus(404);
    assertThat(tenant.ask(100_000, 100, null)).hasText("estimate_usd", "0.1005");
    Http.Answer wrong =
        tenant.admin.send("PUT", path, "{\"prices\": {\"inputs\": \"0.1\", \"output\": 5}}");
    assertThat(wrong).hasStatus(400);
    assertThat(wrong.json().path("errors").size()).as(wrong.toString()).isEqualTo(2);
    assertThat(tenant.gateway.send("PUT", path, own)).hasStatus(403);
  }
}
