package io.budgetauthority.settlement;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(service.ask(key, "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
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
    assertThat(read(id).state()).isEqualTo(ReservationState.RESERVED);
    service.clock.advance(Duration.ofMillis(1));
    unused = sweeper.sweep(A_SWEEP);
    assertThat(read(id).state()).isEqualTo(ReservationState.EXPIRED);
    assertThat(service.run("run").account().reserved()).as("the money stays held").isEqualTo(HELD);
  }

  @Test
  void whenAReservationHasExpired_theNextSweepPresumesIt() {
    ReservationId id = reserved("a");
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    var unused = sweeper.sweep(A_SWEEP);
    unused = sweeper.sweep(A_SWEEP);
    Reservation presumed = read(id);
    Charge word = presumed.charge();
    assertThat(presumed.state()).isEqualTo(ReservationState.RECONCILED);
    assertThat(word == null ? null : word.quality()).isEqualTo(UsageQuality.PRESUMED);
    assertThat(service.run("run").account().committed()).isEqualTo(HELD);
    assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.ZERO);

    unused = sweeper.sweep(A_SWEEP);
    assertThat(read(id)).as("a further sweep changes nothing").isEqualTo(presumed);

    assertThat(service.commit(id, 0, 10)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(50));
  }

  @Test
  void whenAReservationIsExtended_itExpiresLater() {
    ReservationId id = reserved("a");
    assertThat(
            service.settlement.extend(
                service.gateway, id, service.clock.instant().plus(LIFE).plusSeconds(60), null))
        .isInstanceOf(Settlement.Result.Done.class);
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    var unused = sweeper.sweep(A_SWEEP);
    assertThat(read(id).state()).isEqualTo(ReservationState.RESERVED);
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
          assertThat(done.get().finished()).isTrue();
        }
      }
    }
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(40 * 500));
    assertThat(service.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(40 * 500));
    assertThat(service.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenASweepRunsOutOfTime_theNextGoesOn() {
    for (int i = 0; i < 20; i++) {
      var unused = reserved("k" + i);
    }
    service.clock.advance(LIFE.plus(SKEW).plusMillis(1));
    assertThat(sweeper.sweep(Duration.ZERO).finished()).isFalse();
    assertThat(read(service.idOf("k0")).state()).isEqualTo(ReservationState.RESERVED);
    assertThat(sweeper.sweep(A_SWEEP).finished()).isTrue();
    for (int i = 0; i < 20; i++) {
      assertThat(read(service.idOf("k" + i)).state()).isEqualTo(ReservationState.EXPIRED);
    }
  }

  @Test
  void whenARunsLifeIsOver_itEndsUnlessRenewed() {
    var unused = reserved("a");
    Duration life = service.configuration.policies.of(service.tenantId).policy().runTtl();
    service.clock.advance(life.minusSeconds(1));
    assertThat(service.ask("b", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    service.clock.advance(life.minusSeconds(1));
    var swept = sweeper.sweep(A_SWEEP);
    assertThat(swept.finished()).isTrue();
    assertThat(service.run("run").ended()).as("its last decision is not that old").isNull();
    service.clock.advance(SKEW.plusSeconds(2));
    swept = sweeper.sweep(A_SWEEP);
    assertThat(swept.finished()).isTrue();
    assertThat(service.run("run").ended()).isEqualTo(Run.State.EXPIRED);
    assertThat(service.ask("c", "run", 0, 100, null)).isInstanceOf(Answer.RunClosed.class);
  }
}
