package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Away;
import io.budgetauthority.Desk;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.LedgerUnavailable;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy.OnLedgerOutage;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What is answered while the ledger is away, and what becomes of it (protocol section 8).
class OutageTest {

  private final Away ledger = new Away();
  private final Desk desk = Desk.watchedBy(ledger);

  private void tenant(Mode mode, OnLedgerOutage rule) {
    desk.policy(Desk.policyInOutage(mode, rule));
    desk.publications.catchUp();
  }

  private Answer.Decided allowed(String key, String runId) {
    Answer.Decided decided =
        assertInstanceOf(Answer.Decided.class, desk.ask(key, runId, 0, 100, null));
    assertFalse(decided.facts().blocked());
    return decided;
  }

  private Answer.Decided degraded(String key, String runId) {
    ledger.set(true);
    Answer.Decided decided = allowed(key, runId);
    assertEquals("ledger_unavailable", decided.facts().degraded());
    assertEquals("allow", decided.facts().decision());
    ledger.set(false);
    return decided;
  }

  private void backAgain() {
    ledger.set(false);
    while (desk.queue.deliverTo(desk.usageQueue) > 0) {
      // Until the queue is empty.
    }
    assertEquals(List.of(), desk.queue.reasonsOfTheDead());
  }

  private Reservation read(ReservationId id) {
    return desk.ledger.find(desk.tenantId, id, Deadline.in(Duration.ofSeconds(5))).orElseThrow();
  }

  @Test
  void aTenantFailsClosedUnlessItsPolicySaysOtherwise() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_CLOSED);
    ledger.set(true);
    assertThrows(LedgerUnavailable.class, () -> desk.ask("a", "run", 0, 100, null));
  }

  @Test
  void aTenantOfWhichNothingWasPublishedFailsClosed() {
    desk.policy(Desk.policyInOutage(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN));
    ledger.set(true);
    assertThrows(LedgerUnavailable.class, () -> desk.ask("a", "run", 0, 100, null));
  }

  @Test
  void anAdvisoryTenantFailsOpenUnlessACeilingIsStricter() {
    tenant(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_CLOSED);
    assertEquals(Mode.ADVISORY_ESTIMATE, degraded("a", "run").facts().enforcementMode());

    Desk strict = Desk.watchedBy(ledger);
    strict.policy(Desk.policyInOutage(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_CLOSED));
    strict.ceiling(Scope.TEAM, "infra", MicroUsd.of(1_000), Mode.HARD_GATE);
    strict.publications.catchUp();
    ledger.set(true);
    assertThrows(LedgerUnavailable.class, () -> strict.ask("a", "run", 0, 100, null));
  }

  @Test
  void anOpenTenantIsAllowedWithTheSameIdsAndTheCallIsAccountedOnceTheLedgerIsBack() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    desk.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    Answer.Decided decided = degraded("a", "run");
    assertEquals(desk.idOf("a"), decided.reservation().id());
    assertInstanceOf(Settlement.Result.NotFound.class, desk.commit(desk.idOf("a"), 0, 10));

    backAgain();
    Reservation entered = read(desk.idOf("a"));
    assertEquals(ReservationState.RESERVED, entered.state());
    assertEquals(decided.facts().createdAt(), entered.createdAt());
    assertEquals(MicroUsd.ZERO, desk.run("run").account().reserved());
    assertInstanceOf(Settlement.Result.Done.class, desk.commit(desk.idOf("a"), 0, 10));
    assertEquals(MicroUsd.of(50), desk.run("run").account().committed());
    assertEquals(MicroUsd.of(50), desk.account(Scope.USER, "ada").committed());
  }

  @Test
  void aDegradedAllowThatIsAskedForAgainIsOneReservation() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    degraded("a", "run");
    backAgain();
    Answer.Decided replayed = allowed("a", "run");
    assertTrue(replayed.replayed());
    assertEquals("ledger_unavailable", replayed.facts().degraded());
    assertEquals(1, read(desk.idOf("a")).revision());
  }

  @Test
  void whatNobodyReportedIsPresumedAtItsEstimate() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    backAgain();
    desk.clock.advance(Duration.ofSeconds(606));
    Sweeper sweeper = new Sweeper(desk.ledger, desk.runs, desk.tenants, desk.clock);
    var unused = sweeper.sweep(Duration.ofSeconds(30));
    unused = sweeper.sweep(Duration.ofSeconds(30));
    assertEquals(MicroUsd.of(500), desk.run("run").account().committed());
  }

  @Test
  void aBlockWhoseAnswerWasLostBecomesTheDegradedAllowThatWasGivenAfterIt() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    desk.ceiling(Scope.USER, "ada", MicroUsd.of(1));
    Answer.Decided block =
        assertInstanceOf(Answer.Decided.class, desk.ask("a", "run", 0, 100, null));
    assertTrue(block.facts().blocked());
    degraded("a", "run");
    backAgain();
    Reservation entered = read(desk.idOf("a"));
    assertEquals(ReservationState.RESERVED, entered.state());
    assertEquals(2, entered.revision());
    assertInstanceOf(Settlement.Result.Done.class, desk.commit(desk.idOf("a"), 0, 10));
    assertEquals(MicroUsd.of(50), desk.account(Scope.USER, "ada").committed());
  }

  @Test
  void aKeyThatWasCancelledStaysABlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    degraded("a", "run");
    var unused =
        desk.settlement.cancel(desk.gateway, "a", Mode.HARD_GATE, "desk-1", Duration.ofDays(30));
    backAgain();
    assertEquals(ReservationState.NONE, read(desk.idOf("a")).state());
  }

  @Test
  void aBlockThatWasCancelledByItsKeyStaysABlock() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    desk.ceiling(Scope.USER, "ada", MicroUsd.of(1));
    assertInstanceOf(Answer.Decided.class, desk.ask("a", "run", 0, 100, null));
    degraded("a", "run");
    assertTrue(
        desk.settlement
            .cancel(desk.gateway, "a", Mode.HARD_GATE, "desk-1", Duration.ofDays(30))
            .isPresent());
    backAgain();
    assertEquals(ReservationState.NONE, read(desk.idOf("a")).state());
  }

  @Test
  void aHoldWhoseAnswerWasLostStays() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    degraded("a", "run");
    backAgain();
    assertEquals(MicroUsd.of(500), desk.run("run").account().reserved());
    assertEquals(1, read(desk.idOf("a")).revision());
  }

  @Test
  void aClosedRunIsChargedWithoutBeingRenewed() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    assertTrue(desk.close("run"));
    Run closed = desk.run("run");
    degraded("b", "run");
    backAgain();
    assertInstanceOf(Settlement.Result.Done.class, desk.commit(desk.idOf("b"), 0, 10));
    assertEquals(MicroUsd.of(50), desk.run("run").account().committed());
    assertEquals(closed.expiresAt(), desk.run("run").expiresAt());
    assertEquals(Run.State.CLOSED, desk.run("run").ended());
  }

  @Test
  void anActiveRunIsRenewedByTheDecisionsTime() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    allowed("a", "run");
    Run before = desk.run("run");
    desk.clock.advance(Duration.ofMinutes(10));
    degraded("b", "run");
    desk.clock.advance(Duration.ofMinutes(10));
    backAgain();
    assertEquals(before.expiresAt().plus(Duration.ofMinutes(10)), desk.run("run").expiresAt());
  }

  @Test
  void aRunOfSomebodyElseIsNotCharged() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    desk.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    assertInstanceOf(Answer.Decided.class, desk.askAs("bob", "x", "run", 0, 100));
    degraded("a", "run");
    backAgain();
    DecisionFacts facts = DecisionJson.readFacts(read(desk.idOf("a")).facts());
    assertNull(facts.runId());
    assertEquals("run", facts.orphanOf());
    assertInstanceOf(Settlement.Result.Done.class, desk.commit(desk.idOf("a"), 0, 10));
    assertEquals(MicroUsd.ZERO, desk.run("run").account().committed());
    assertEquals(MicroUsd.of(50), desk.account(Scope.USER, "ada").committed());
  }

  @Test
  void aChildWhoseParentWasStartedInTheOutageTooIsChargedToBothInWhateverOrderTheyAreHeardOf() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertInstanceOf(Answer.Decided.class, desk.askAsChild("b", "child", "parent", 0, 100));
    backAgain();
    degraded("a", "parent");
    backAgain();
    assertInstanceOf(Settlement.Result.Done.class, desk.commit(desk.idOf("b"), 0, 10));
    assertInstanceOf(Settlement.Result.Done.class, desk.commit(desk.idOf("a"), 0, 20));
    assertEquals(MicroUsd.of(50), desk.run("child").account().committed());
    assertEquals(MicroUsd.of(150), desk.run("parent").account().committed());
    assertEquals(new Run.Tuple("ada", "ci", null, null), desk.run("parent").tuple());
  }

  @Test
  void whatCannotBePricedOrIsNoRequestIsNotLetThrough() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertThrows(LedgerUnavailable.class, () -> desk.askFor("nobody-knows-it", "a", "run", 0, 100));
    assertInstanceOf(Answer.Refused.class, desk.ask("a", "run", 300_000, 100, null));
  }

  @Test
  void whereTheQueueIsAwayTooABlockingModeIsClosedAndAnAdvisoryTenantIsNot() {
    tenant(Mode.HARD_GATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    desk.queueAway.set(true);
    assertThrows(LedgerUnavailable.class, () -> desk.ask("a", "run", 0, 100, null));

    Desk advisory = Desk.watchedBy(ledger);
    ledger.set(false);
    advisory.policy(Desk.policyInOutage(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_CLOSED));
    advisory.publications.catchUp();
    ledger.set(true);
    advisory.queueAway.set(true);
    assertInstanceOf(Answer.Decided.class, advisory.ask("a", "run", 0, 100, null));
  }

  @Test
  void aDryRunIsNotAnsweredWithoutTheLedger() {
    tenant(Mode.ADVISORY_ESTIMATE, OnLedgerOutage.FAIL_OPEN);
    ledger.set(true);
    assertThrows(
        LedgerUnavailable.class,
        () ->
            desk.authority.decide(
                new Authority.Ask(desk.gateway, Desk.request(0, 100L), null, "run")));
  }
}
