package io.budgetauthority.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Settled;
import io.budgetauthority.ledger.UsageQuality;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// What becomes of reservations and runs that nobody came back for (protocol section 5, "Expiry").
class SweeperTest {

  private static final Duration A_SWEEP = Duration.ofSeconds(30);
  private static final Duration LIFE = Duration.ofSeconds(600);
  private static final Duration SKEW = Duration.ofSeconds(5);
  private static final MicroUsd HELD = MicroUsd.of(500);

  private final Desk desk = new Desk();
  private final Sweeper sweeper = new Sweeper(desk.ledger, desk.runs, desk.tenants, desk.clock);

  private ReservationId reserved(String key) {
    assertInstanceOf(Answer.Decided.class, desk.ask(key, "run", 0, 100, null));
    return desk.idOf(key);
  }

  private Reservation read(ReservationId id) {
    return desk.ledger.find(desk.tenantId, id, Deadline.in(A_SWEEP)).orElseThrow();
  }

  @Test
  void nothingExpiresBeforeItsTimeAndTheSkewAllowanceHavePassed() {
    ReservationId id = reserved("a");
    desk.clock.advance(LIFE.plus(SKEW));
    var unused = sweeper.sweep(A_SWEEP);
    assertEquals(ReservationState.RESERVED, read(id).state());
    desk.clock.advance(Duration.ofMillis(1));
    unused = sweeper.sweep(A_SWEEP);
    assertEquals(ReservationState.EXPIRED, read(id).state());
    assertEquals(HELD, desk.run("run").account().reserved(), "the money stays held");
  }

  @Test
  void whatExpiredIsPresumedByTheNextSweepAndCorrectedByLateUsage() {
    ReservationId id = reserved("a");
    desk.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    var unused = sweeper.sweep(A_SWEEP);
    unused = sweeper.sweep(A_SWEEP);
    Reservation presumed = read(id);
    Settled word = presumed.settled();
    assertEquals(ReservationState.RECONCILED, presumed.state());
    assertEquals(UsageQuality.PRESUMED, word == null ? null : word.quality());
    assertEquals(HELD, desk.run("run").account().committed());
    assertEquals(MicroUsd.ZERO, desk.run("run").account().reserved());

    unused = sweeper.sweep(A_SWEEP);
    assertEquals(presumed, read(id), "a further sweep changes nothing");

    assertInstanceOf(Settlement.Result.Done.class, desk.commit(id, 0, 10));
    assertEquals(MicroUsd.of(50), desk.run("run").account().committed());
  }

  @Test
  void anExtendedReservationLivesOn() {
    ReservationId id = reserved("a");
    assertInstanceOf(
        Settlement.Result.Done.class,
        desk.settlement.extend(
            desk.gateway, id, desk.clock.instant().plus(LIFE).plusSeconds(60), null));
    desk.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    var unused = sweeper.sweep(A_SWEEP);
    assertEquals(ReservationState.RESERVED, read(id).state());
  }

  @Test
  void twoSweepsAtOnceChargeOnce() throws Exception {
    desk.ceiling(Scope.USER, "ada", MicroUsd.of(1_000_000_000));
    for (int i = 0; i < 40; i++) {
      var unused = desk.ask("k" + i, "run", 0, 100, null);
    }
    desk.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    Callable<Sweeper.Swept> sweep = () -> sweeper.sweep(A_SWEEP);
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 4; round++) {
        for (var done : both.invokeAll(List.of(sweep, sweep))) {
          assertTrue(done.get().finished());
        }
      }
    }
    assertEquals(MicroUsd.of(40 * 500), desk.run("run").account().committed());
    assertEquals(MicroUsd.of(40 * 500), desk.account(Scope.USER, "ada").committed());
    assertEquals(MicroUsd.ZERO, desk.account(Scope.USER, "ada").reserved());
  }

  @Test
  void aSweepThatRunsOutOfTimeSaysSoAndTheNextGoesOn() {
    for (int i = 0; i < 20; i++) {
      var unused = reserved("k" + i);
    }
    desk.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    assertTrue(!sweeper.sweep(Duration.ZERO).finished());
    assertEquals(ReservationState.RESERVED, read(desk.idOf("k0")).state());
    assertTrue(sweeper.sweep(A_SWEEP).finished());
    for (int i = 0; i < 20; i++) {
      assertEquals(ReservationState.EXPIRED, read(desk.idOf("k" + i)).state());
    }
  }

  @Test
  void aRunEndsWithItsLifeAndARenewedOneDoesNot() {
    var unused = reserved("a");
    Duration life = desk.tenants.policy(desk.tenantId).policy().runTtl();
    desk.clock.advance(life.minusSeconds(1));
    assertInstanceOf(Answer.Decided.class, desk.ask("b", "run", 0, 100, null));
    desk.clock.advance(life.minusSeconds(1));
    var swept = sweeper.sweep(A_SWEEP);
    assertTrue(swept.finished());
    assertNull(desk.run("run").ended(), "its last decision is not that old");
    desk.clock.advance(SKEW.plusSeconds(2));
    swept = sweeper.sweep(A_SWEEP);
    assertTrue(swept.finished());
    assertEquals(Run.State.EXPIRED, desk.run("run").ended());
    assertInstanceOf(Answer.RunClosed.class, desk.ask("c", "run", 0, 100, null));
  }
}
