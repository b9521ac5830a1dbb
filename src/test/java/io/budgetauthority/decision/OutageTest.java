package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.InjectedOutage;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy.OnLedgerOutage;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What is answered during an outage, and what becomes of it (protocol.md#outage).
class OutageTest {

  private final InjectedOutage ledger = new InjectedOutage();
  private final TestAuthority service = TestAuthority.watchedBy(ledger);

  private void tenant(Mode mode, OnLedgerOutage rule) {
    service.policy(TestAuthority.policyInOutage(mode, rule));
  }

  private Answer.Decided allowed(String key, String runId) {
    Answer.Decided decided =
        assertInstanceOf(Answer.Decided.class, service.ask(key, runId, 0, 100, null));
    assertFalse(decided.decision().isBlocked());
    return decided;
  }

  private Answer.Decided degraded(String key, String runId) {
    ledger.set(true);
    Answer.Decided decided = allowed(key, runId);
    assertEquals("ledger_unavailable", decided.decision().degraded());
    assertEquals("allow", decided.decision().verdict().wireName());
    ledger.set(false);
    return decided;
  }

  private void backAgain() {
    ledger.set(false);
    while (service.queue.deliverTo(service.usageQueue) > 0) {
      // Until the queue is empty.
    }
    assertEquals(List.of(), service.queue.reasonsOfTheDead());
  }

  private Reservation read(ReservationId id) {
    return service
        .ledger
        .find(service.tenantId, id, Deadline.in(Duration.ofSeconds(5)))
        .orElseThrow();
  }

  @Test
  void whenThePolicyFailsClosed_anAskInAnOutageFails() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_CLOSED);
    ledger.set(true);
    assertThrows(StorageUnavailable.class, () -> service.ask("a", "run", 0, 100, null));
  }

  @Test
  void whenNoSnapshotIsPublished_anAskInAnOutageFails() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    LocalCloud cloud = LocalCloudForTests.shared();
    LocalCloudForTests.s3(cloud)
        .deleteObject(
            it ->
                it.bucket(cloud.definitions().pricesBucket().name())
                    .key("tenants/policies/" + service.tenantId + ".json"));
    ledger.set(true);
    assertThrows(StorageUnavailable.class, () -> service.ask("a", "run", 0, 100, null));
  }

  @Test
  void whenAnAdvisoryTenantHasNoStricterCeiling_itFailsOpen() {
    tenant(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_CLOSED);
    assertEquals(Mode.ADVISORY_ESTIMATE, degraded("a", "run").decision().mode());

    TestAuthority strict = TestAuthority.watchedBy(ledger);
    strict.policy(TestAuthority.policyInOutage(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_CLOSED));
    strict.ceiling(Scope.TEAM, "infra", MicroUsd.of(1_000), Mode.HARD_GATE);
    ledger.set(true);
    assertThrows(StorageUnavailable.class, () -> strict.ask("a", "run", 0, 100, null));
  }

  @Test
  void whenATenantFailsOpen_itsCallIsChargedAfterTheOutage() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    Answer.Decided decided = degraded("a", "run");
    assertEquals(service.idOf("a"), decided.reservation().id());
    assertInstanceOf(Settlement.Result.NotFound.class, service.commit(service.idOf("a"), 0, 10));

    backAgain();
    Reservation entered = read(service.idOf("a"));
    assertEquals(ReservationState.RESERVED, entered.state());
    assertEquals(decided.decision().createdAt(), entered.createdAt());
    assertEquals(MicroUsd.ZERO, service.run("run").account().reserved());
    assertInstanceOf(Settlement.Result.Done.class, service.commit(service.idOf("a"), 0, 10));
    assertEquals(MicroUsd.of(50), service.run("run").account().committed());
    assertEquals(MicroUsd.of(50), service.account(Scope.USER, "ada").committed());
  }

  @Test
  void whenADegradedAskIsRetried_oneReservationIsMade() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    degraded("a", "run");
    backAgain();
    Answer.Decided replayed = allowed("a", "run");
    assertTrue(replayed.replayed());
    assertEquals("ledger_unavailable", replayed.decision().degraded());
    assertEquals(1, read(service.idOf("a")).revision());
  }

  @Test
  void whenNobodyReportsADegradedCall_itsEstimateIsCharged() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    backAgain();
    service.clock.advance(Duration.ofSeconds(606));
    Sweeper sweeper =
        new Sweeper(service.ledger, service.runs, service.configuration.policies, service.clock);
    var unused = sweeper.sweep(Duration.ofSeconds(30));
    unused = sweeper.sweep(Duration.ofSeconds(30));
    assertEquals(MicroUsd.of(500), service.run("run").account().committed());
  }

  @Test
  void whenADegradedAllowFollowsALostBlock_itReplacesTheBlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(1));
    Answer.Decided block =
        assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    assertTrue(block.decision().isBlocked());
    degraded("a", "run");
    backAgain();
    Reservation entered = read(service.idOf("a"));
    assertEquals(ReservationState.RESERVED, entered.state());
    assertEquals(2, entered.revision());
    assertInstanceOf(Settlement.Result.Done.class, service.commit(service.idOf("a"), 0, 10));
    assertEquals(MicroUsd.of(50), service.account(Scope.USER, "ada").committed());
  }

  @Test
  void whenAKeyIsCancelledAfterADegradedAllow_itIsABlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    var unused =
        service.settlement.cancel(
            service.gateway, "a", Mode.HARD_GATE, "service-1", Duration.ofDays(30));
    backAgain();
    assertEquals(ReservationState.NONE, read(service.idOf("a")).state());
  }

  @Test
  void whenAKeyWasCancelledBefore_theCallIsPresumed() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    var unused =
        service.settlement.cancel(
            service.gateway, "a", Mode.HARD_GATE, "none", Duration.ofDays(30));
    service.clock.advance(Duration.ofSeconds(30));

    degraded("a", "run");
    backAgain();

    assertEquals(ReservationState.NONE, read(service.idOf("a")).state());
    assertEquals(MicroUsd.of(500), service.account(Scope.USER, "ada").committed());
  }

  @Test
  void whenABlockIsCancelledByItsKey_itStaysABlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(1));
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    degraded("a", "run");
    assertTrue(
        service
            .settlement
            .cancel(service.gateway, "a", Mode.HARD_GATE, "service-1", Duration.ofDays(30))
            .isPresent());
    backAgain();
    assertEquals(ReservationState.NONE, read(service.idOf("a")).state());
  }

  @Test
  void whenTheAnswerOfAHoldWasLost_theHoldStays() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    degraded("a", "run");
    backAgain();
    assertEquals(MicroUsd.of(500), service.run("run").account().reserved());
    assertEquals(1, read(service.idOf("a")).revision());
  }

  @Test
  void whenADegradedCallIsOfAClosedRun_itIsChargedNotRenewed() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    assertTrue(service.close("run"));
    Run closed = service.run("run");
    degraded("b", "run");
    backAgain();
    assertInstanceOf(Settlement.Result.Done.class, service.commit(service.idOf("b"), 0, 10));
    assertEquals(MicroUsd.of(50), service.run("run").account().committed());
    assertEquals(closed.expiresAt(), service.run("run").expiresAt());
    assertEquals(Run.State.CLOSED, service.run("run").ended());
  }

  @Test
  void whenADegradedCallIsRecorded_itsRunIsRenewedFromItsTime() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    Run before = service.run("run");
    service.clock.advance(Duration.ofMinutes(10));
    degraded("b", "run");
    service.clock.advance(Duration.ofMinutes(10));
    backAgain();
    assertEquals(before.expiresAt().plus(Duration.ofMinutes(10)), service.run("run").expiresAt());
  }

  @Test
  void whenTheRunIsAnotherUsers_itIsNotCharged() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    assertInstanceOf(Answer.Decided.class, service.askAs("bob", "x", "run", 0, 100));
    degraded("a", "run");
    backAgain();
    Decision decision = read(service.idOf("a")).decision();
    assertNull(decision.subject().runId());
    assertEquals("run", decision.subject().orphanOf());
    assertInstanceOf(Settlement.Result.Done.class, service.commit(service.idOf("a"), 0, 10));
    assertEquals(MicroUsd.ZERO, service.run("run").account().committed());
    assertEquals(MicroUsd.of(50), service.account(Scope.USER, "ada").committed());
  }

  @Test
  void whenAChildAndItsParentStartInAnOutage_bothAreCharged() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertInstanceOf(Answer.Decided.class, service.askAsChild("b", "child", "parent", 0, 100));
    backAgain();
    degraded("a", "parent");
    backAgain();
    assertInstanceOf(Settlement.Result.Done.class, service.commit(service.idOf("b"), 0, 10));
    assertInstanceOf(Settlement.Result.Done.class, service.commit(service.idOf("a"), 0, 20));
    assertEquals(MicroUsd.of(50), service.run("child").account().committed());
    assertEquals(MicroUsd.of(150), service.run("parent").account().committed());
    assertEquals(new Tuple("ada", "ci", null, null), service.run("parent").tuple());
  }

  @Test
  void whenACallIsUnpricedOrInvalid_anOutageDoesNotAllowIt() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertThrows(
        StorageUnavailable.class, () -> service.askFor("nobody-knows-it", "a", "run", 0, 100));
    assertInstanceOf(Answer.Refused.class, service.ask("a", "run", 300_000, 100, null));
  }

  @Test
  void whenTheQueueIsUnavailableToo_onlyAnAdvisoryTenantIsOpen() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    service.queueOutage.set(true);
    assertThrows(StorageUnavailable.class, () -> service.ask("a", "run", 0, 100, null));

    TestAuthority advisory = TestAuthority.watchedBy(ledger);
    ledger.set(false);
    advisory.policy(
        TestAuthority.policyInOutage(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_CLOSED));
    ledger.set(true);
    advisory.queueOutage.set(true);
    assertInstanceOf(Answer.Decided.class, advisory.ask("a", "run", 0, 100, null));
  }

  @Test
  void whenTheLedgerIsUnavailable_aDryRunIsNotAnswered() {
    tenant(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertThrows(
        StorageUnavailable.class,
        () ->
            service.authority.decide(
                Ask.of(service.gateway, TestAuthority.request(0, 100L), null, "run")));
  }
}
