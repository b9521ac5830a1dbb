package io.budgetauthority.attribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.StreamRecord;
import io.budgetauthority.ledger.UsageQuality;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Tenants;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// How the stream is added up, one rule at a time.
class AttributionStreamTest {

  private static final MicroUsd LIMIT = MicroUsd.of(5_000_000);

  @Test
  void aDecisionIsACallThatIsOpenUntilItsUsageIsHeard() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 1_000, 1_000, LIMIT);
      it.catchUp();
      assertEquals(1, it.total().of(Measure.CALLS));
      assertEquals(1, it.total().of(Measure.OPEN));
      assertEquals(0, it.total().of(Measure.COMMITTED_USD));

      it.desk.commit(it.desk.idOf("one"), 1_000, 200);
      it.catchUp();

      assertEquals(1, it.total().of(Measure.CALLS));
      assertEquals(0, it.total().of(Measure.OPEN));
      assertEquals(2_000, it.total().of(Measure.COMMITTED_USD));
      assertEquals(1_000, it.total().of(Measure.INPUT_TOKENS));
      assertEquals(200, it.total().of(Measure.OUTPUT_TOKENS));
    }
  }

  @Test
  void aRecordThatIsNotNewerAddsNothing() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.desk.commit(it.desk.idOf("one"), 0, 100, UsageQuality.ESTIMATED);
      it.desk.commit(it.desk.idOf("one"), 0, 300, UsageQuality.EXACT);
      List<StreamRecord> records = it.tail.read();
      assertEquals(3, records.size());

      it.add(List.of(records.get(2)));
      Amounts newest = it.total();
      it.add(List.of(records.getFirst()));
      it.add(records);
      it.add(List.of(records.get(1)));

      assertEquals(1_500, newest.of(Measure.COMMITTED_USD));
      assertEquals(newest, it.total());
      assertEquals(1, newest.of(Measure.CORRECTIONS));
      assertEquals(1_000, newest.of(Measure.CORRECTED_USD));
    }
  }

  @Test
  void everyCorrectionCountsOnceInWhateverOrderItComes() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.desk.commit(it.desk.idOf("one"), 0, 0, UsageQuality.MISSING);
      it.desk.commit(it.desk.idOf("one"), 0, 100, UsageQuality.ESTIMATED);
      it.desk.commit(it.desk.idOf("one"), 0, 300, UsageQuality.EXACT);
      List<StreamRecord> backwards = new ArrayList<>(it.tail.read());
      Collections.reverse(backwards);

      backwards.forEach(record -> it.add(List.of(record)));
      it.add(backwards);

      assertEquals(2, it.total().of(Measure.CORRECTIONS));
      assertEquals(-5_000 + 500 + 1_000, it.total().of(Measure.CORRECTED_USD));
      assertEquals(1_500, it.total().of(Measure.COMMITTED_USD));
    }
  }

  @Test
  void theEndOfADecisionsRetentionTakesNothingAway() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.desk.commit(it.desk.idOf("one"), 0, 300);
      List<StreamRecord> records = it.tail.read();
      it.add(records);
      Amounts before = it.total();

      StreamRecord last = records.getLast();
      it.add(List.of(new StreamRecord("9", last.at(), last.after(), Map.of())));

      assertEquals(before, it.total());
      assertEquals(1_500, before.of(Measure.COMMITTED_USD));
    }
  }

  @Test
  void aCallThatIsRetargetedTakesItsAmountsAlong() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertEquals(List.of(Desk.MODEL), models(it));

      it.desk.settlement.retarget(it.desk.gateway, it.desk.idOf("one"), null, Desk.CHEAP_MODEL);
      it.catchUp();

      assertEquals(List.of(Desk.CHEAP_MODEL), models(it));
      assertEquals(1, it.total().of(Measure.CALLS));
    }
  }

  private static List<String> models(AttributionDesk it) {
    return it.groups(Dimension.MODEL).stream()
        .map(group -> String.valueOf(group.values().getFirst()))
        .toList();
  }

  @Test
  void aReleasedCallIsNoneAndABlockIsNone() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, MicroUsd.of(5_000));
      it.desk.ask("two", "run", 0, 1_000, MicroUsd.of(5_000));
      it.desk.settlement.release(it.desk.gateway, it.desk.idOf("one"), null);
      it.catchUp();

      assertEquals(0, it.total().of(Measure.CALLS));
      assertEquals(1, it.total().of(Measure.RELEASED));
      assertEquals(1, it.total().of(Measure.BLOCKED));
      assertEquals(2, it.total().of(Measure.DECISIONS));
    }
  }

  @Test
  void aPresumedChargeIsTakenBackWhenTheCallerSpeaks() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.desk.clock.advance(Duration.ofHours(2));
      take(it, reservation(it).expire(it.desk.clock.instant(), Duration.ZERO));
      take(it, reservation(it).reconcile(it.desk.clock.instant()));
      it.catchUp();
      assertEquals(5_000, it.total().of(Measure.PRESUMED_USD));
      assertEquals(5_000, it.total().of(Measure.COMMITTED_USD));

      it.desk.commit(it.desk.idOf("one"), 0, 100);
      it.catchUp();

      assertEquals(0, it.total().of(Measure.PRESUMED_USD));
      assertEquals(500, it.total().of(Measure.COMMITTED_USD));
      assertEquals(-4_500, it.total().of(Measure.CORRECTED_USD));
    }
  }

  static Reservation reservation(AttributionDesk it) {
    return it.desk.settlement.find(it.desk.gateway, it.desk.idOf("one")).orElseThrow();
  }

  static void take(AttributionDesk it, Reservation.Step step) {
    it.desk.ledger.settle((Reservation.Step.Move) step, Deadline.in(Duration.ofSeconds(5)));
  }

  @Test
  void usageWithoutAPriceOfItsOwnIsCountedAndSoIsWhatPassesTheEstimate() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 100, LIMIT);
      it.desk.settlement.commit(
          it.desk.gateway,
          it.desk.idOf("one"),
          new UsageReport(
              Usage.ofTokens(0, 1_000), null, "a model that nobody knows", UsageQuality.EXACT));
      it.catchUp();

      assertEquals(1, it.total().of(Measure.UNPRICED));
      assertEquals(5_000, it.total().of(Measure.UNPRICED_USD));
      assertEquals(1, it.total().of(Measure.OVERRUNS));
      assertEquals(4_500, it.total().of(Measure.OVERRUN_USD));
      assertEquals(List.of("a model that nobody knows"), models(it));
    }
  }

  @Test
  void aKeyThatWasCancelledUnseenIsNoDecision() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.settlement.cancel(
          it.desk.gateway, "one", Policy.DEFAULT.mode(), "none", Duration.ofDays(30));
      List<StreamRecord> records = it.tail.read();
      assertEquals(1, records.size());

      it.add(records);

      assertEquals(List.of(), it.groups(Dimension.RUN));
    }
  }

  @Test
  void theDayIsTheDecisionsInTheTenantsZoneAndStaysWhereTheTenantMoves() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.policy(Policy.DEFAULT.in(ZoneId.of("Pacific/Kiritimati")));
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertEquals(LocalDate.parse("2026-11-25").toString(), day(it));

      Tenants.Versioned seen = it.desk.tenants.policyNow(it.desk.tenantId);
      assertTrue(
          it.desk.tenants.replacePolicy(
              it.desk.tenantId,
              seen,
              seen.policy().in(ZoneId.of("UTC")),
              AuditEntry.of(it.desk.gateway, it.desk.clock.instant(), "policy", null, null)));
      it.desk.clock.advance(Duration.ofDays(3));
      it.desk.commit(it.desk.idOf("one"), 0, 100);
      it.catchUp();

      assertEquals(LocalDate.parse("2026-11-25").toString(), day(it));
      assertEquals(500, it.total().of(Measure.COMMITTED_USD));
    }
  }

  private static String day(AttributionDesk it) {
    List<Attribution.Group> days = it.groups(Dimension.DAY);
    assertEquals(1, days.size());
    return String.valueOf(days.getFirst().values().getFirst());
  }

  @Test
  void decisionsOfOneRowShareOneWriteOfIt() {
    try (AttributionDesk it = new AttributionDesk()) {
      for (int i = 0; i < 250; i++) {
        it.desk.ask("key-" + i, "run", 0, 1, LIMIT);
      }
      List<StreamRecord> records = it.tail.read();
      List<AttributionStream.Move> moves =
          records.stream()
              .map(Change::read)
              .map(Change.Stepped.class::cast)
              .map(
                  step ->
                      new AttributionStream.Move(
                          null, Marker.next(null, List.of(step), ZoneId.of("UTC"))))
              .toList();

      List<List<AttributionStream.Move>> groups = AttributionStream.inTransactions(moves);
      assertEquals(List.of(99, 99, 52), groups.stream().map(List::size).toList());

      it.add(records);
      assertEquals(250, it.total().of(Measure.CALLS));
      List<AttributionTable.Row> rows = new ArrayList<>();
      it.table.rowsOf(it.desk.tenantId, AttributionDesk.DAY, "", true, rows::add);
      assertEquals(List.of(3L), rows.stream().map(AttributionTable.Row::changes).toList());
    }
  }

  @Test
  void aMarkerOutlivesItsDecisionByAsMuchAsARecordMayBeOld() {
    try (AttributionDesk it = new AttributionDesk()) {
      it.desk.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertEquals(null, marker(it).keptUntil());

      it.desk.commit(it.desk.idOf("one"), 0, 0, UsageQuality.MISSING);
      it.catchUp();

      assertEquals(
          it.desk.clock.instant().plus(Duration.ofDays(30)).plus(AttributionStream.MOST_AGE),
          marker(it).keptUntil());
    }
  }

  private static Marker marker(AttributionDesk it) {
    return it.table.markers(List.of(it.desk.idOf("one").hash())).values().iterator().next();
  }

  @Test
  void theDecisionsOfARunAreListedNewestFirstByPages() {
    try (AttributionDesk it = new AttributionDesk()) {
      for (int i = 0; i < 5; i++) {
        it.desk.ask("key-" + i, "run", 0, 10, LIMIT);
        it.desk.ask("other-" + i, "another", 0, 10, LIMIT);
        it.desk.clock.advance(Duration.ofMillis(5));
      }
      it.catchUp();

      Attribution.Listed first = it.attribution.decisionsOfRun(it.desk.tenantId, "run", 3, null);
      assertEquals(
          List.of(it.desk.idOf("key-4"), it.desk.idOf("key-3"), it.desk.idOf("key-2")),
          first.ids());
      Attribution.Place next = Attribution.Place.parse(String.valueOf(first.next())).orElseThrow();
      Attribution.Listed second = it.attribution.decisionsOfRun(it.desk.tenantId, "run", 3, next);
      assertEquals(List.of(it.desk.idOf("key-1"), it.desk.idOf("key-0")), second.ids());
      assertEquals(null, second.next());
      assertFalse(Attribution.Place.parse("yesterday").isPresent());
    }
  }
}
