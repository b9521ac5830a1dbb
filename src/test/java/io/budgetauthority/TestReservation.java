package io.budgetauthority;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// A reservation of tenant `t` in run `r`, for tests of the state machine alone.
public final class TestReservation {

  public static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

  private TestReservation() {}

  /// A decision that holds an amount on the run.
  public static Decision holding(MicroUsd amount) {
    return new Decision(
        new Verdict.Granted(Verdict.Kind.ALLOW, null, null),
        Mode.HARD_GATE,
        new Decision.Subject("r", null, null, Tuple.UNBOUND),
        new Decision.Model("test", "model", "model", null, null),
        new Decision.Tokens(0L, null, 10L, 10L, false),
        Decision.Service.USUAL,
        amount,
        List.of(
            new AccountShare(
                Scope.RUN,
                "r",
                Window.TOTAL,
                null,
                0,
                Mode.HARD_GATE,
                null,
                MicroUsd.of(1_000_000),
                amount,
                MicroUsd.ZERO,
                amount,
                null,
                false,
                null,
                null,
                null)),
        List.of(),
        List.of(),
        "table-1",
        NOW,
        null,
        null);
  }

  /// An open reservation of 100 micro-USD that expires in ten minutes.
  public static Reservation reserved(boolean explicit) {
    return new Reservation(
        new ReservationId("0".repeat(32)),
        "t",
        "p",
        "hash",
        "nonce",
        1,
        ReservationState.RESERVED,
        explicit,
        false,
        holding(MicroUsd.of(100)),
        null,
        null,
        null,
        NOW.plusSeconds(600),
        null,
        Duration.ofDays(30));
  }

  /// The charge of a gateway's report.
  public static Charge charge(long micros, UsageQuality quality) {
    return new Charge(
        MicroUsd.of(micros), quality, ChargedUsage.UNKNOWN, NOW, Charge.Reporter.GATEWAY);
  }
}
