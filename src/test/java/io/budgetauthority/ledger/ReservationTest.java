package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestReservation;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/// The state machine of protocol.md#states, without a ledger.
class ReservationTest {

  private static final Instant NOW = TestReservation.NOW;
  private static final Caller CALLER = new Caller("t", "p", Role.GATEWAY, null, null);
  private static final AccountKey RUN = AccountKey.total("t", Scope.RUN, "r");

  private static Charge word(long charge, UsageQuality quality) {
    return TestReservation.charge(charge, quality);
  }

  private static Reservation after(Reservation reservation, Reservation.Step step) {
    return step instanceof Reservation.Step.Move move ? move.next() : reservation;
  }

  private static List<Posting> postings(Reservation.Step step) {
    return assertInstanceOf(Reservation.Step.Move.class, step).postings();
  }

  private static Posting posting(long reserved, long committed) {
    return new Posting(RUN, MicroUsd.of(reserved), MicroUsd.of(committed));
  }

  @Test
  void whenACallIsCommitted_theHoldIsFreedAndUsageCharged() {
    Reservation.Step step = TestReservation.reserved(false).commit(word(30, UsageQuality.EXACT));

    assertEquals(List.of(posting(-100, 30)), postings(step));
    assertEquals(MicroUsd.of(70), postings(step).getFirst().availableChange());
    assertEquals(ReservationState.COMMITTED, after(TestReservation.reserved(false), step).state());
  }

  @Test
  void whenTimeIsExtended_noMoneyMovesAndNoTimeIsLost() {
    Reservation later =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).extend(NOW.plusSeconds(900)));

    assertEquals(NOW.plusSeconds(900), later.expiresAt());
    assertEquals(
        List.of(posting(0, 0)),
        postings(TestReservation.reserved(false).extend(NOW.plusSeconds(900))));
    assertInstanceOf(Reservation.Step.Unchanged.class, later.extend(NOW.plusSeconds(700)));
    Reservation over = after(later, later.release(null, NOW));
    assertInstanceOf(Reservation.Step.Refused.class, over.extend(NOW.plusSeconds(1_000)));
  }

  @Test
  void whenAUsageReportIsNotBetter_nothingChanges() {
    Reservation committed =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).commit(word(30, UsageQuality.ESTIMATED)));

    assertInstanceOf(
        Reservation.Step.Unchanged.class, committed.commit(word(50, UsageQuality.ESTIMATED)));
    assertInstanceOf(
        Reservation.Step.Unchanged.class, committed.commit(word(50, UsageQuality.MISSING)));
    assertInstanceOf(Reservation.Step.Unchanged.class, committed.release("not called", NOW));
  }

  @Test
  void whenABetterUsageReportComes_theDifferenceIsCharged() {
    Reservation committed =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).commit(word(100, UsageQuality.MISSING)));

    assertEquals(
        List.of(posting(0, -70)), postings(committed.commit(word(30, UsageQuality.EXACT))));
  }

  @Test
  void whenUsageComesAfterARelease_itIsChargedAndNothingFreed() {
    Reservation released =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).release("not called", NOW));

    assertEquals("not called", released.releaseReason());
    assertEquals(List.of(posting(0, 30)), postings(released.commit(word(30, UsageQuality.EXACT))));
    assertInstanceOf(Reservation.Step.Unchanged.class, released.release("not called", NOW));
  }

  @Test
  void whenAReservationExpires_itsHoldStaysUntilReconciled() {
    Reservation reservation = TestReservation.reserved(false);
    Duration skew = Duration.ofSeconds(5);

    assertInstanceOf(
        Reservation.Step.Unchanged.class, reservation.expire(NOW.plusSeconds(605), skew));
    Reservation.Step expiry = reservation.expire(NOW.plusSeconds(606), skew);
    assertEquals(List.of(), postings(expiry));
    Reservation expired = after(reservation, expiry);
    assertEquals(ReservationState.EXPIRED, expired.state());
    Reservation.Step reconciliation = expired.reconcile(NOW);
    assertEquals(List.of(posting(-100, 100)), postings(reconciliation));
    Reservation reconciled = after(expired, reconciliation);
    assertEquals(ReservationState.RECONCILED, reconciled.state());
    assertEquals(List.of(posting(0, -100)), postings(reconciled.release("not called", NOW)));
    assertEquals(
        List.of(posting(0, -60)), postings(reconciled.commit(word(40, UsageQuality.MISSING))));
  }

  @Test
  void whenACallWasNeverForwarded_reconciliationReleasesIt() {
    Reservation reservation = TestReservation.reserved(true);
    Reservation expired =
        after(reservation, reservation.expire(NOW.plusSeconds(700), Duration.ZERO));
    assertEquals(ReservationState.RELEASED, after(expired, expired.reconcile(NOW)).state());

    Reservation forwarded = after(reservation, reservation.forward());
    assertEquals(ReservationState.FORWARDED, forwarded.state());
    Reservation forwardedAndExpired =
        after(forwarded, forwarded.expire(NOW.plusSeconds(700), Duration.ZERO));
    assertEquals(
        ReservationState.RECONCILED,
        after(forwardedAndExpired, forwardedAndExpired.reconcile(NOW)).state());
  }

  @Test
  void whenACallIsForwarded_itIsTakenOnceAndOnlyWhileOpen() {
    Reservation implicit = TestReservation.reserved(false);
    assertInstanceOf(Reservation.Step.Unchanged.class, implicit.forward());
    Reservation forwarded =
        after(TestReservation.reserved(true), TestReservation.reserved(true).forward());
    assertInstanceOf(Reservation.Step.Unchanged.class, forwarded.forward());
    Reservation released = after(forwarded, forwarded.release("not called", NOW));
    assertInstanceOf(Reservation.Step.Refused.class, released.forward());
  }

  @Test
  void whenACallIsBlocked_itHoldsNoAccountThatItNames() {
    Reservation open = TestReservation.reserved(false);
    Decision blocked =
        open.decision().with(Verdict.Block.of(ProblemCode.RUN_CEILING_REACHED, "too dear"));
    Reservation block = Reservation.cancelled(open.id(), CALLER, open.retention(), blocked);

    assertEquals(1, open.shares().size());
    assertEquals(1, block.decision().accounts().size());
    assertEquals(List.of(), block.shares());
    assertEquals(MicroUsd.ZERO, block.estimate());
  }

  private static Reservation.Rehold rehold(long amount, Instant until) {
    Decision decision = TestReservation.holding(MicroUsd.of(amount));
    AccountName run = decision.accounts().getFirst().name();
    return new Reservation.Rehold(decision, null, Map.of(run, MicroUsd.of(amount - 100)), until);
  }

  @Test
  void whenAHoldChanges_theDifferenceIsPostedAndNoTimeLost() {
    Reservation reservation = TestReservation.reserved(false);
    assertInstanceOf(
        Reservation.Step.Unchanged.class, reservation.rehold(rehold(100, NOW.plusSeconds(600))));
    Reservation.Step more = reservation.rehold(rehold(130, NOW.plusSeconds(1)));
    assertEquals(
        List.of(new Posting(RUN, MicroUsd.of(30), MicroUsd.ZERO, MicroUsd.of(30))), postings(more));
    assertEquals(NOW.plusSeconds(600), after(reservation, more).expiresAt());
    assertEquals(MicroUsd.of(130), after(reservation, more).estimate());
    Reservation.Step less = reservation.rehold(rehold(40, NOW.plusSeconds(900)));
    assertEquals(List.of(posting(-60, 0)), postings(less), "freeing needs no condition");
    assertEquals(NOW.plusSeconds(900), after(reservation, less).expiresAt());
    Reservation committed = after(reservation, reservation.commit(word(1, UsageQuality.EXACT)));
    assertInstanceOf(
        Reservation.Step.Refused.class, committed.rehold(rehold(130, NOW.plusSeconds(900))));
  }

  @Test
  void whenStepsComeInAnyOrder_theEndIsTheSame() {
    for (long seed = 0; seed < 3_000; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
      List<Charge> words =
          new ArrayList<>(
              List.of(
                  word(random.nextInt(200), UsageQuality.EXACT),
                  word(random.nextInt(200), UsageQuality.ESTIMATED),
                  word(100, UsageQuality.MISSING)));
      List<Function<Reservation, Reservation.Step>> steps = new ArrayList<>();
      for (Charge word : words) {
        for (int copy = 0; copy <= random.nextInt(3); copy++) {
          steps.add(reservation -> reservation.commit(word));
        }
      }
      steps.add(reservation -> reservation.release("not called", NOW));
      steps.add(reservation -> reservation.expire(NOW.plusSeconds(700), Duration.ZERO));
      steps.add(reservation -> reservation.reconcile(NOW));
      Collections.shuffle(steps, new Random(seed));

      Reservation reservation = TestReservation.reserved(false);
      long reserved = 100;
      long committed = 0;
      for (Function<Reservation, Reservation.Step> step : steps) {
        Reservation.Step taken = step.apply(reservation);
        if (taken instanceof Reservation.Step.Move move) {
          for (Posting posting : move.postings()) {
            reserved += posting.reservedChange().micros();
            committed += posting.committedChange().micros();
          }
          assertEquals(reservation.revision() + 1, move.next().revision(), "seed " + seed);
          reservation = move.next();
        }
      }

      assertEquals(ReservationState.COMMITTED, reservation.state(), "seed " + seed);
      assertEquals(0, reserved, "seed " + seed);
      assertEquals(words.getFirst().amount().micros(), committed, "seed " + seed);
    }
  }
}
