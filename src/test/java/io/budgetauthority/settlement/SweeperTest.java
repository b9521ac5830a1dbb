package io.budgetauthority.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// What becomes of reservations and runs that nobody came back for (protocol.md#expiry).
class SweeperTest {

  private static final Duration A_SWEEP = Duration.ofSeconds(30);
  private static final Duration LIFE = Duration.ofSeconds(600);
  private static final Duration SKEW = Duration.ofSeconds(5);
  private static final MicroUsd HELD = MicroUsd.of(500);

  private final TestAuthority service = new TestAuthority();
  private final Sweeper sweeper =
      new Sweeper(service.ledger, service.runs, service.configuration.policies, service.clock);

  private ReservationId reserved(String key) {
    assertInstanceOf(Answer.Decided.class, service.ask(key, "run", 0, 100, null));
    return service.idOf(key);
  }

  private Reservation read(ReservationId id) {
    return service.ledger.find(service.tenantId, id, Deadline.in(A_SWEEP)).orElseThrow();
  }

  @Test
  void whenTheSkewAllowanceHasNotPassed_nothingExpires() {
    ReservationId id = reserved("a");
    service.clock.advance(LIFE.plus(SKEW));
    var unused = sweeper.sweep(A_SWEEP);
    assertEquals(ReservationState.RESERVED, read(id).state());
    service.clock.advance(Duration.ofMillis(1));
    unused = sweeper.sweep(A_SWEEP);
    assertEquals(ReservationState.EXPIRED, read(id).state());
    assertEquals(HELD, service.run("run").account().reserved(), "the money stays held");
  }

  @Test
  void whenAReservationHasExpired_theNextSweepPresumesIt() {
    ReservationId id = reserved("a");
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    var unused = sweeper.sweep(A_SWEEP);
    unused = sweeper.sweep(A_SWEEP);
    Reservation presumed = read(id);
    Charge word = presumed.charge();
    assertEquals(ReservationState.RECONCILED, presumed.state());
    assertEquals(UsageQuality.PRESUMED, word == null ? null : word.quality());
    assertEquals(HELD, service.run("run").account().committed());
    assertEquals(MicroUsd.ZERO, service.run("run").account().reserved());

    unused = sweeper.sweep(A_SWEEP);
    assertEquals(presumed, read(id), "a further sweep changes nothing");

    assertInstanceOf(Settlement.Result.Done.class, service.commit(id, 0, 10));
    assertEquals(MicroUsd.of(50), service.run("run").account().committed());
  }

  @Test
  void whenAReservationIsExtended_itExpiresLater() {
    ReservationId id = reserved("a");
    assertInstanceOf(
        Settlement.Result.Done.class,
        service.settlement.extend(
            service.gateway, id, service.clock.instant().plus(LIFE).plusSeconds(60), null));
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    var unused = sweeper.sweep(A_SWEEP);
    assertEquals(ReservationState.RESERVED, read(id).state());
  }

  @Test
  void whenTwoSweepsRunAtOnce_eachCallIsChargedOnce() throws Exception {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(1_000_000_000));
    for (int i = 0; i < 40; i++) {
      var unused = service.ask("k" + i, "run", 0, 100, null);
    }
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    Callable<Sweeper.Swept> sweep = () -> sweeper.sweep(A_SWEEP);
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 4; round++) {
        for (var done : both.invokeAll(List.of(sweep, sweep))) {
          assertTrue(done.get().finished());
        }
      }
    }
    assertEquals(MicroUsd.of(40 * 500), service.run("run").account().committed());
    assertEquals(MicroUsd.of(40 * 500), service.account(Scope.USER, "ada").committed());
    assertEquals(MicroUsd.ZERO, service.account(Scope.USER, "ada").reserved());
  }

  @Test
  void whenASweepRunsOutOfTime_theNextGoesOn() {
    for (int i = 0; i < 20; i++) {
      var unused = reserved("k" + i);
    }
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    assertTrue(!sweeper.sweep(Duration.ZERO).finished());
    assertEquals(ReservationState.RESERVED, read(service.idOf("k0")).state());
    assertTrue(sweeper.sweep(A_SWEEP).finished());
    for (int i = 0; i < 20; i++) {
      assertEquals(ReservationState.EXPIRED, read(service.idOf("k" + i)).state());
    }
  }

  @Test
  void whenARunsLifeIsOver_itEndsUnlessRenewed() {
    var unused = reserved("a");
    Duration life = service.configuration.policies.of(service.tenantId).policy().runTtl();
    service.clock.advance(life.minusSeconds(1));
    assertInstanceOf(Answer.Decided.class, service.ask("b", "run", 0, 100, null));
    service.clock.advance(life.minusSeconds(1));
    var swept = sweeper.sweep(A_SWEEP);
    assertTrue(swept.finished());
    assertNull(service.run("run").ended(), "its last decision is not that old");
    service.clock.advance(SKEW.plusSeconds(2));
    swept = sweeper.sweep(A_SWEEP);
    assertTrue(swept.finished());
    assertEquals(Run.State.EXPIRED, service.run("run").ended());
    assertInstanceOf(Answer.RunClosed.class, service.ask("c", "run", 0, 100, null));
  }
}
