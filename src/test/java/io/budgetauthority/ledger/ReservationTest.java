package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;
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
import java.util.Set;
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

    assertThat(postings(step)).isEqualTo(List.of(posting(-100, 30)));
    assertThat(postings(step).getFirst().availableChange()).isEqualTo(MicroUsd.of(70));
    assertThat(after(TestReservation.reserved(false), step).state())
        .isEqualTo(ReservationState.COMMITTED);
  }

  @Test
  void whenTimeIsExtended_noMoneyMovesAndNoTimeIsLost() {
    Reservation later =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).extend(NOW.plusSeconds(900), NOW));

    assertThat(later.expiresAt()).isEqualTo(NOW.plusSeconds(900));
    assertThat(postings(TestReservation.reserved(false).extend(NOW.plusSeconds(900), NOW)))
        .isEqualTo(List.of(posting(0, 0)));
    assertThat(later.extend(NOW.plusSeconds(700), NOW))
        .isInstanceOf(Reservation.Step.Unchanged.class);
    Reservation over = after(later, later.release(null, NOW));
    assertThat(over.extend(NOW.plusSeconds(1_000), NOW))
        .isInstanceOf(Reservation.Step.Refused.class);
  }

  @Test
  void whenAUsageReportIsNotBetter_nothingChanges() {
    Reservation committed =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).commit(word(30, UsageQuality.ESTIMATED)));

    assertThat(committed.commit(word(50, UsageQuality.ESTIMATED)))
        .isInstanceOf(Reservation.Step.Unchanged.class);
    assertThat(committed.commit(word(50, UsageQuality.MISSING)))
        .isInstanceOf(Reservation.Step.Unchanged.class);
    assertThat(committed.release("not called", NOW)).isInstanceOf(Reservation.Step.Unchanged.class);
  }

  @Test
  void whenABetterUsageReportComes_theDifferenceIsCharged() {
    Reservation committed =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).commit(word(100, UsageQuality.MISSING)));

    assertThat(postings(committed.commit(word(30, UsageQuality.EXACT))))
        .isEqualTo(List.of(posting(0, -70)));
  }

  @Test
  void whenUsageComesAfterARelease_itIsChargedAndNothingFreed() {
    Reservation released =
        after(
            TestReservation.reserved(false),
            TestReservation.reserved(false).release("not called", NOW));

    assertThat(released.releaseReason()).isEqualTo("not called");
    assertThat(postings(released.commit(word(30, UsageQuality.EXACT))))
        .isEqualTo(List.of(posting(0, 30)));
    assertThat(released.release("not called", NOW)).isInstanceOf(Reservation.Step.Unchanged.class);
  }

  @Test
  void whenAReservationExpires_itsHoldStaysUntilReconciled() {
    Reservation reservation = TestReservation.reserved(false);
    Duration skew = Duration.ofSeconds(5);

    assertThat(reservation.expire(NOW.plusSeconds(605), skew))
        .isInstanceOf(Reservation.Step.Unchanged.class);
    Reservation.Step expiry = reservation.expire(NOW.plusSeconds(606), skew);
    assertThat(postings(expiry)).isEmpty();
    Reservation expired = after(reservation, expiry);
    assertThat(expired.state()).isEqualTo(ReservationState.EXPIRED);
    Reservation.Step reconciliation = expired.reconcile(NOW);
    assertThat(postings(reconciliation)).isEqualTo(List.of(posting(-100, 100)));
    Reservation reconciled = after(expired, reconciliation);
    assertThat(reconciled.state()).isEqualTo(ReservationState.RECONCILED);
    assertThat(postings(reconciled.release("not called", NOW)))
        .isEqualTo(List.of(posting(0, -100)));
    assertThat(postings(reconciled.commit(word(40, UsageQuality.MISSING))))
        .isEqualTo(List.of(posting(0, -60)));
  }

  @Test
  void whenACallWasNeverForwarded_reconciliationReleasesIt() {
    Reservation reservation = TestReservation.reserved(true);
    Reservation expired =
        after(reservation, reservation.expire(NOW.plusSeconds(700), Duration.ZERO));
    assertThat(after(expired, expired.reconcile(NOW)).state()).isEqualTo(ReservationState.RELEASED);

    Reservation forwarded = after(reservation, reservation.forward());
    assertThat(forwarded.state()).isEqualTo(ReservationState.FORWARDED);
    Reservation forwardedAndExpired =
        after(forwarded, forwarded.expire(NOW.plusSeconds(700), Duration.ZERO));
    assertThat(after(forwardedAndExpired, forwardedAndExpired.reconcile(NOW)).state())
        .isEqualTo(ReservationState.RECONCILED);
  }

  @Test
  void whenACallIsForwarded_itIsTakenOnceAndOnlyWhileOpen() {
    Reservation implicit = TestReservation.reserved(false);
    assertThat(implicit.forward()).isInstanceOf(Reservation.Step.Unchanged.class);
    Reservation forwarded =
        after(TestReservation.reserved(true), TestReservation.reserved(true).forward());
    assertThat(forwarded.forward()).isInstanceOf(Reservation.Step.Unchanged.class);
    Reservation released = after(forwarded, forwarded.release("not called", NOW));
    assertThat(released.forward()).isInstanceOf(Reservation.Step.Refused.class);
  }

  @Test
  void whenACallIsBlocked_itHoldsNoAccountThatItNames() {
    Reservation open = TestReservation.reserved(false);
    Decision blocked =
        open.decision().with(Verdict.Block.of(ProblemCode.RUN_CEILING_REACHED, "too dear"));
    Reservation block = Reservation.cancelled(open.id(), CALLER, open.retention(), blocked);

    assertThat(open.shares()).hasSize(1);
    assertThat(block.decision().accounts()).hasSize(1);
    assertThat(block.shares()).isEmpty();
    assertThat(block.estimate()).isEqualTo(MicroUsd.ZERO);
  }

  private static Reservation.Rehold rehold(long amount, Instant until) {
    Decision decision = TestReservation.holding(MicroUsd.of(amount));
    AccountName run = decision.accounts().getFirst().name();
    return new Reservation.Rehold(
        decision, null, Map.of(run, MicroUsd.of(amount - 100)), Set.of(), until, NOW);
  }

  @Test
  void whenAHoldChanges_theDifferenceIsPostedAndNoTimeLost() {
    Reservation reservation = TestReservation.reserved(false);
    assertThat(reservation.rehold(rehold(100, NOW.plusSeconds(600))))
        .isInstanceOf(Reservation.Step.Unchanged.class);
    Reservation.Step more = reservation.rehold(rehold(130, NOW.plusSeconds(1)));
    assertThat(postings(more))
        .isEqualTo(List.of(new Posting(RUN, MicroUsd.of(30), MicroUsd.ZERO, MicroUsd.of(30))));
    assertThat(after(reservation, more).expiresAt()).isEqualTo(NOW.plusSeconds(600));
    assertThat(after(reservation, more).estimate()).isEqualTo(MicroUsd.of(130));
    Reservation.Step less = reservation.rehold(rehold(40, NOW.plusSeconds(900)));
    assertThat(postings(less)).as("freeing needs no condition").isEqualTo(List.of(posting(-60, 0)));
    assertThat(after(reservation, less).expiresAt()).isEqualTo(NOW.plusSeconds(900));
    Reservation committed = after(reservation, reservation.commit(word(1, UsageQuality.EXACT)));
    assertThat(committed.rehold(rehold(130, NOW.plusSeconds(900))))
        .isInstanceOf(Reservation.Step.Refused.class);
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
          assertThat(move.next().revision())
              .as("seed " + seed)
              .isEqualTo(reservation.revision() + 1);
          reservation = move.next();
        }
      }

      assertThat(reservation.state()).as("seed " + seed).isEqualTo(ReservationState.COMMITTED);
      assertThat(reserved).as("seed " + seed).isEqualTo(0);
      assertThat(committed).as("seed " + seed).isEqualTo(words.getFirst().amount().micros());
    }
  }
}
