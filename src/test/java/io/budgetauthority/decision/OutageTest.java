package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
    assertThat(decided.decision().isBlocked()).isFalse();
    return decided;
  }

  private Answer.Decided degraded(String key, String runId) {
    ledger.set(true);
    Answer.Decided decided = allowed(key, runId);
    assertThat(decided.decision().degraded()).isEqualTo("ledger_unavailable");
    assertThat(decided.decision().verdict().wireName()).isEqualTo("allow");
    ledger.set(false);
    return decided;
  }

  private void backAgain() {
    ledger.set(false);
    while (service.queue.deliverTo(service.usageQueue) > 0) {
      // Until the queue is empty.
    }
    assertThat(service.queue.reasonsOfTheDead()).isEmpty();
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
    assertThat(degraded("a", "run").decision().mode()).isEqualTo(Mode.ADVISORY_ESTIMATE);

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
    assertThat(decided.reservation().id()).isEqualTo(service.idOf("a"));
    assertThat(service.commit(service.idOf("a"), 0, 10))
        .isInstanceOf(Settlement.Result.NotFound.class);

    backAgain();
    Reservation entered = read(service.idOf("a"));
    assertThat(entered.state()).isEqualTo(ReservationState.RESERVED);
    assertThat(entered.createdAt()).isEqualTo(decided.decision().createdAt());
    assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.ZERO);
    assertThat(service.commit(service.idOf("a"), 0, 10)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(50));
    assertThat(service.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(50));
  }

  @Test
  void whenADegradedAskIsRetried_oneReservationIsMade() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    degraded("a", "run");
    backAgain();
    Answer.Decided replayed = allowed("a", "run");
    assertThat(replayed.replayed()).isTrue();
    assertThat(replayed.decision().degraded()).isEqualTo("ledger_unavailable");
    assertThat(read(service.idOf("a")).revision()).isEqualTo(1);
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
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(500));
  }

  @Test
  void whenADegradedAllowFollowsALostBlock_itReplacesTheBlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(1));
    Answer.Decided block =
        assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    assertThat(block.decision().isBlocked()).isTrue();
    degraded("a", "run");
    backAgain();
    Reservation entered = read(service.idOf("a"));
    assertThat(entered.state()).isEqualTo(ReservationState.RESERVED);
    assertThat(entered.revision()).isEqualTo(2);
    assertThat(service.commit(service.idOf("a"), 0, 10)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(50));
  }

  @Test
  void whenAKeyIsCancelledAfterADegradedAllow_itIsABlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    var unused =
        service.settlement.cancel(
            service.gateway, "a", Mode.HARD_GATE, "service-1", Duration.ofDays(30));
    backAgain();
    assertThat(read(service.idOf("a")).state()).isEqualTo(ReservationState.NONE);
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

    assertThat(read(service.idOf("a")).state()).isEqualTo(ReservationState.NONE);
    assertThat(service.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(500));
  }

  @Test
  void whenABlockIsCancelledByItsKey_itStaysABlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(1));
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    degraded("a", "run");
    assertThat(
            service.settlement.cancel(
                service.gateway, "a", Mode.HARD_GATE, "service-1", Duration.ofDays(30)))
        .isPresent();
    backAgain();
    assertThat(read(service.idOf("a")).state()).isEqualTo(ReservationState.NONE);
  }

  @Test
  void whenTheAnswerOfAHoldWasLost_theHoldStays() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    degraded("a", "run");
    backAgain();
    assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.of(500));
    assertThat(read(service.idOf("a")).revision()).isEqualTo(1);
  }

  @Test
  void whenADegradedCallIsOfAClosedRun_itIsChargedNotRenewed() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    assertThat(service.close("run")).isTrue();
    Run closed = service.run("run");
    degraded("b", "run");
    backAgain();
    assertThat(service.commit(service.idOf("b"), 0, 10)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(50));
    assertThat(service.run("run").expiresAt()).isEqualTo(closed.expiresAt());
    assertThat(service.run("run").ended()).isEqualTo(Run.State.CLOSED);
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
    assertThat(service.run("run").expiresAt())
        .isEqualTo(before.expiresAt().plus(Duration.ofMinutes(10)));
  }

  @Test
  void whenTheRunIsAnotherUsers_itIsNotCharged() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    assertThat(service.askAs("bob", "x", "run", 0, 100)).isInstanceOf(Answer.Decided.class);
    degraded("a", "run");
    backAgain();
    Decision decision = read(service.idOf("a")).decision();
    assertThat(decision.subject().runId()).isNull();
    assertThat(decision.subject().orphanOf()).isEqualTo("run");
    assertThat(service.commit(service.idOf("a"), 0, 10)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.ZERO);
    assertThat(service.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(50));
  }

  @Test
  void whenAChildAndItsParentStartInAnOutage_bothAreCharged() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertThat(service.askAsChild("b", "child", "parent", 0, 100))
        .isInstanceOf(Answer.Decided.class);
    backAgain();
    degraded("a", "parent");
    backAgain();
    assertThat(service.commit(service.idOf("b"), 0, 10)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.commit(service.idOf("a"), 0, 20)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("child").account().committed()).isEqualTo(MicroUsd.of(50));
    assertThat(service.run("parent").account().committed()).isEqualTo(MicroUsd.of(150));
    assertThat(service.run("parent").tuple()).isEqualTo(new Tuple("ada", "ci", null, null));
  }

  @Test
  void whenACallIsUnpricedOrInvalid_anOutageDoesNotAllowIt() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertThrows(
        StorageUnavailable.class, () -> service.askFor("nobody-knows-it", "a", "run", 0, 100));
    assertThat(service.ask("a", "run", 300_000, 100, null)).isInstanceOf(Answer.Refused.class);
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
    assertThat(advisory.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
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
