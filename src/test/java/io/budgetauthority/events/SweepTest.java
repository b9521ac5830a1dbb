package io.budgetauthority.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.Faults;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.LedgerUnavailable;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.settlement.Sweeper;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SweepTest {

  private static final Duration LIFE_AND_SKEW = Duration.ofSeconds(606);
  private static final Invocation A_MINUTE = new Invocation(Duration.ofSeconds(60));

  private final Map<String, Object> tick = Example.named("sweep").asMap();

  private static Sweep sweep(Desk desk) {
    return new Sweep(
        new Sweeper(desk.ledger, desk.runs, desk.tenants, desk.clock), desk.publications);
  }

  private static ReservationState stateOf(Desk desk, String key) {
    return desk.ledger
        .find(desk.tenantId, desk.idOf(key), Deadline.in(Duration.ofSeconds(5)))
        .orElseThrow()
        .state();
  }

  @Test
  void aTickExpiresWhatIsPastItsTimeAndTheNextPresumesIt() {
    Desk desk = new Desk();
    var unused = desk.ask("a", "run", 0, 100, null);
    desk.clock.advance(LIFE_AND_SKEW);

    Sweeper.Swept first = sweep(desk).handleRequest(tick, A_MINUTE);
    assertTrue(first.expired() >= 1 && first.finished(), first.toString());
    assertEquals(ReservationState.EXPIRED, stateOf(desk, "a"));

    Sweeper.Swept second = sweep(desk).handleRequest(tick, A_MINUTE);
    assertTrue(second.presumed() >= 1, second.toString());
    assertEquals(ReservationState.RECONCILED, stateOf(desk, "a"));
  }

  @Test
  void anInvocationWithoutTimeLeftLooksAtNothingAndSaysSo() {
    Desk desk = new Desk();
    var unused = desk.ask("a", "run", 0, 100, null);
    desk.clock.advance(LIFE_AND_SKEW);

    assertFalse(sweep(desk).handleRequest(tick, new Invocation(Duration.ofSeconds(9))).finished());
    assertEquals(ReservationState.RESERVED, stateOf(desk, "a"));
  }

  @Test
  void aLedgerThatDoesNotAnswerIsTheFunctionsError() {
    Sweep sweep = sweep(new Desk(new Faults(1, 100, 0)));
    assertThrows(LedgerUnavailable.class, () -> sweep.handleRequest(tick, A_MINUTE));
  }
}
