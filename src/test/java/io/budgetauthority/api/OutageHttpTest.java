package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What callers see while one of the services that this one needs is unavailable
/// (protocol.md#outage).
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class OutageHttpTest {

  private static final String OPEN = "{\"on_ledger_outage\": \"fail_open\"}";

  @TestHTTPResource URI base = URI.create("http://unset");

  private void service(String name, String state) {
    Http.Answer set =
        new Http(base, null).send("PUT", "/local/faults/" + name, "{\"state\": \"" + state + "\"}");
    assertThat(set).hasStatus(200);
  }

  @AfterEach
  void everythingIsGivenBack() {
    service("ledger", "up");
    service("bucket", "up");
    service("queue", "up");
    awaitLedger();
  }

  /// After an outage, calls fail at once until a call that tries again has succeeded.
  private void awaitLedger() {
    Http operator = new Http(base, "bak_demo_operator");
    for (int attempt = 0; operator.get("/budget/tenants").status() != 200; attempt++) {
      assertThat(attempt).as("the ledger is available again").isLessThan(50);
      pause();
    }
  }

  private static void assertProblem(int status, String code, Http.Answer answer) {
    assertThat(answer).hasStatus(status);
    assertThat(answer.text("code")).isEqualTo(code);
  }

  private static void assertCommitted(TestTenant tenant, Http.Answer asked) {
    Http.Answer committed = tenant.commit(asked, 1_000, 100);
    for (int attempt = 0; committed.status() != 200 && attempt < 100; attempt++) {
      pause();
      committed = tenant.commit(asked, 1_000, 100);
    }
    assertThat(committed).hasStatus(200).hasText("actual_usd", "0.0015");
    assertThat(tenant.run()).hasText("committed_usd", "0.0015");
    assertThat(tenant.run()).hasText("reserved_usd", "0.00");
  }

  private static void pause() {
    try {
      Thread.sleep(200);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"down", "slow"})
  void whenTheLedgerIsUnavailable_onlyFailOpenTenantsAreAllowed(String state) {
    TestTenant closed = new TestTenant(base);
    TestTenant open = new TestTenant(base);
    open.policy(OPEN);
    service("ledger", state);
    Http.Answer refused = closed.ask(1_000, 100, null);
    assertProblem(503, "ledger_unavailable", refused);
    assertThat(refused).hasHeader("Retry-After", "2");

    Http.Answer degraded = open.ask(1_000, 100, null);
    assertThat(degraded)
        .hasStatus(200)
        .hasHeader("X-Budget-Degraded", "ledger_unavailable")
        .hasHeader("X-Budget-Decision", "allow");
    assertThat(degraded.header("X-Budget-Remaining-USD")).isNull();
    assertThat(degraded.json().path("accounts")).isEmpty();
    assertProblem(503, "ledger_unavailable", open.commit(degraded, 1_000, 100));
    service("ledger", "up");
    assertCommitted(open, degraded);
  }

  @ParameterizedTest
  @ValueSource(strings = {"busy", "throttled"})
  void whenTheLedgerIsBusy_aFailOpenTenantGetsContention(String state) {
    TestTenant open = new TestTenant(base);
    open.policy(OPEN);
    service("ledger", state);
    Http.Answer refused = open.ask(1_000, 100, null);
    assertProblem(503, "contention", refused);
    assertThat(Integer.parseInt(refused.header("Retry-After"))).isGreaterThanOrEqualTo(1);
  }

  @Test
  void whenASecretMayBeLost_theProblemSaysWhatToDo() {
    TestTenant tenant = new TestTenant(base);
    Http operator = new Http(base, "bak_demo_operator");
    String name = "tenant-" + UUID.randomUUID();
    service("ledger", "busy");

    Http.Answer made =
        operator.send("POST", "/budget/tenants", "{\"tenant_id\": \"" + name + "\"}");
    Http.Answer issued = tenant.admin.send("POST", "/budget/keys", "{\"role\": \"gateway\"}");
    Http.Answer rotated = tenant.admin.send("POST", "/budget/keys/admin/rotate", "{}");

    assertAdvice("bin/budget keys issue", made);
    assertAdvice("delete it where GET /budget/keys lists it", issued);
    assertAdvice("by another admin key where this one is refused", rotated);
  }

  private static void assertAdvice(String advice, Http.Answer answer) {
    assertProblem(503, "contention", answer);
    assertThat(answer).hasHeader("Retry-After", "2");
    assertThat(answer.text("detail")).contains(advice);
  }

  @Test
  void whenTheLedgerIsUnavailable_anUnknownKeyIsRefused() {
    service("ledger", "down");
    assertProblem(401, "unauthenticated", new Http(base, "bak_nobody").get("/budget/policy"));
  }

  @Test
  void whenTheLedgerIsUnavailable_aRevokedKeyIsRefused() {
    TestTenant open = new TestTenant(base);
    open.policy(OPEN);
    Http.Answer made = open.admin.post("/budget/keys", "{\"role\": \"gateway\"}");
    Http.Answer revoked = open.admin.send("DELETE", "/budget/keys/" + made.text("id"), null);
    assertThat(revoked).hasStatus(204);
    service("ledger", "down");
    Http.Answer asked =
        new Http(base, made.text("secret"))
            .ask("{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}", "k", "run");
    assertProblem(401, "unauthenticated", asked);
  }

  @Test
  void whenTheBucketIsUnavailable_asksAndCommitsSucceed() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer warm = tenant.ask(1, 1, null);
    assertThat(warm).hasStatus(200);
    assertThat(tenant.step(warm, "release", null)).hasStatus(200);
    service("bucket", "down");
    Http.Answer asked = tenant.ask(1_000, 100, null);
    assertThat(asked).hasStatus(200);
    assertCommitted(tenant, asked);
  }

  @Test
  void whenTheBucketIsAvailableAgain_theSnapshotIsPublished() {
    TestTenant tenant = new TestTenant(base);
    service("bucket", "down");
    tenant.policy(OPEN);
    service("bucket", "up");
    // A copy that was read is believed for a while, so nothing is asked before the next sweep.
    for (int i = 0; i < 15; i++) {
      pause();
    }
    service("ledger", "down");
    Http.Answer asked = tenant.ask(1_000, 100, null);
    assertThat(asked).hasHeader("X-Budget-Degraded", "ledger_unavailable");
  }

  @Test
  void whenOnlyTheQueueIsUnavailable_asksAndCommitsSucceed() {
    TestTenant tenant = new TestTenant(base);
    service("queue", "down");
    Http.Answer asked = tenant.ask(1_000, 100, null);
    assertThat(asked).hasStatus(200);
    assertCommitted(tenant, asked);
  }

  @Test
  void whenLedgerAndQueueAreUnavailable_onlyAdvisoryIsAllowed() {
    TestTenant open = new TestTenant(base);
    open.policy(OPEN);
    TestTenant advisory = new TestTenant(base);
    advisory.policy("{\"mode\": \"advisory_estimate\"}");
    service("queue", "down");
    service("ledger", "down");
    assertProblem(503, "ledger_unavailable", open.ask(1_000, 100, null));
    Http.Answer allowed = advisory.ask(1_000, 100, null);
    assertThat(allowed).hasStatus(200).hasHeader("X-Budget-Enforcement-Mode", "advisory_estimate");
  }

  @Test
  void whenLedgerAndBucketAreUnavailable_theAskIsRefused() {
    TestTenant open = new TestTenant(base);
    open.policy(OPEN);
    service("bucket", "down");
    service("ledger", "down");
    assertProblem(503, "ledger_unavailable", open.ask(1_000, 100, null));
  }

  /// It may become a call that was let through in an outage, so its caller is to send that again.
  @Test
  void whenABlockIsCommitted_itIsNotFoundUntilCancelled() {
    TestTenant tenant = new TestTenant(base);
    String body =
        "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1000, \"run_limit_usd\": \"0.00\"}";
    Http.Answer block = tenant.gateway.ask(body, "k", tenant.run);
    assertThat(block).hasStatus(402);
    String reservation =
        String.valueOf(block.header("X-Budget-Decision-Id")).replace("bdgdec_", "rsv_");
    String commit = "/budget/reservations/" + reservation + "/commit";
    String usage = "{\"usage\": {\"input_tokens\": 1, \"output_tokens\": 1}}";
    assertProblem(404, "not_found", tenant.gateway.post(commit, usage));
    Http.Answer cancelled =
        tenant.gateway.post("/budget/decisions/cancel", null, "Idempotency-Key", "k");
    assertThat(cancelled).hasStatus(200);
    assertProblem(409, "reservation_settled", tenant.gateway.post(commit, usage));
  }

  @Test
  void whenTheLedgerFailsUnexpectedly_theProblemIsInternal() {
    TestTenant tenant = new TestTenant(base);
    service("ledger", "broken");
    Http.Answer answer =
        tenant.gateway.ask(
            "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}",
            UUID.randomUUID().toString(),
            "run");
    assertProblem(500, "internal", answer);
  }
}
