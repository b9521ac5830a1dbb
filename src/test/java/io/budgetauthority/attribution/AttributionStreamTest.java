package io.budgetauthority.attribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/// How the stream is added up, one rule at a time.
class AttributionStreamTest {

  private static final MicroUsd LIMIT = MicroUsd.of(5_000_000);

  @Test
  void whenUsageIsCommitted_theCallIsNoLongerOpen() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 1_000, 1_000, LIMIT);
      it.catchUp();
      assertEquals(1, it.total().of(Measure.CALLS));
      assertEquals(1, it.total().of(Measure.OPEN));
      assertEquals(0, it.total().of(Measure.COMMITTED_USD));

      it.service.commit(it.service.idOf("one"), 1_000, 200);
      it.catchUp();

      assertEquals(1, it.total().of(Measure.CALLS));
      assertEquals(0, it.total().of(Measure.OPEN));
      assertEquals(2_000, it.total().of(Measure.COMMITTED_USD));
      assertEquals(1_000, it.total().of(Measure.INPUT_TOKENS));
      assertEquals(200, it.total().of(Measure.OUTPUT_TOKENS));
    }
  }

  @Test
  void whenARecordIsNotNewer_nothingIsAdded() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.service.commit(it.service.idOf("one"), 0, 100, UsageQuality.ESTIMATED);
      it.service.commit(it.service.idOf("one"), 0, 300, UsageQuality.EXACT);
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
  void whenCorrectionsComeInAnyOrder_eachIsCountedOnce() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.service.commit(it.service.idOf("one"), 0, 0, UsageQuality.MISSING);
      it.service.commit(it.service.idOf("one"), 0, 100, UsageQuality.ESTIMATED);
      it.service.commit(it.service.idOf("one"), 0, 300, UsageQuality.EXACT);
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
  void whenADecisionsRetentionEnds_nothingIsSubtracted() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.service.commit(it.service.idOf("one"), 0, 300);
      List<StreamRecord> records = it.tail.read();
      it.add(records);
      Amounts before = it.total();

      StreamRecord last = records.getLast();
      it.add(List.of(new StreamRecord("9", last.at(), last.after(), Attributes.NONE)));

      assertEquals(before, it.total());
      assertEquals(1_500, before.of(Measure.COMMITTED_USD));
    }
  }

  @Test
  void whenACallIsRetargeted_itsAmountsMoveToTheNewModel() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertEquals(List.of(TestAuthority.MODEL), models(it));

      it.service.settlement.retarget(
          it.service.gateway, it.service.idOf("one"), null, TestAuthority.CHEAP_MODEL);
      it.catchUp();

      assertEquals(List.of(TestAuthority.CHEAP_MODEL), models(it));
      assertEquals(1, it.total().of(Measure.CALLS));
    }
  }

  private static List<String> models(TestAttribution it) {
    return it.groups(Dimension.MODEL).stream()
        .map(group -> String.valueOf(group.values().getFirst()))
        .toList();
  }

  @Test
  void whenACallIsReleasedOrBlocked_itIsNotCountedAsACall() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(5_000));
      it.service.ask("two", "run", 0, 1_000, MicroUsd.of(5_000));
      it.service.settlement.release(it.service.gateway, it.service.idOf("one"), null);
      it.catchUp();

      assertEquals(0, it.total().of(Measure.CALLS));
      assertEquals(1, it.total().of(Measure.RELEASED));
      assertEquals(1, it.total().of(Measure.BLOCKED));
      assertEquals(2, it.total().of(Measure.DECISIONS));
    }
  }

  @Test
  void whenUsageIsReportedLate_thePresumedChargeIsReplaced() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.service.clock.advance(Duration.ofHours(2));
      take(it, reservation(it).expire(it.service.clock.instant(), Duration.ZERO));
      take(it, reservation(it).reconcile(it.service.clock.instant()));
      it.catchUp();
      assertEquals(5_000, it.total().of(Measure.PRESUMED_USD));
      assertEquals(5_000, it.total().of(Measure.COMMITTED_USD));

      it.service.commit(it.service.idOf("one"), 0, 100);
      it.catchUp();

      assertEquals(0, it.total().of(Measure.PRESUMED_USD));
      assertEquals(500, it.total().of(Measure.COMMITTED_USD));
      assertEquals(-4_500, it.total().of(Measure.CORRECTED_USD));
    }
  }

  static Reservation reservation(TestAttribution it) {
    return it.service.settlement.find(it.service.gateway, it.service.idOf("one")).orElseThrow();
  }

  static void take(TestAttribution it, Reservation.Step step) {
    it.service.ledger.settle((Reservation.Step.Move) step, Deadline.in(Duration.ofSeconds(5)));
  }

  @Test
  void whenUsageIsUnpricedAndAboveTheEstimate_bothAreCounted() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 100, LIMIT);
      it.service.settlement.commit(
          it.service.gateway,
          it.service.idOf("one"),
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
  void whenAnUnseenKeyIsCancelled_noDecisionIsCounted() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.settlement.cancel(
          it.service.gateway, "one", Policy.DEFAULT.mode(), "none", Duration.ofDays(30));
      List<StreamRecord> records = it.tail.read();
      assertEquals(1, records.size());

      it.add(records);

      assertEquals(List.of(), it.groups(Dimension.RUN));
    }
  }

  @Test
  void whenATenantsZoneChanges_aDecisionKeepsItsDay() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.policy(Policy.DEFAULT.in(ZoneId.of("Pacific/Kiritimati")));
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertEquals(LocalDate.parse("2026-11-25").toString(), day(it));

      assertTrue(
          it.service.configuration.replace(
              it.service.tenantId, Policy.DEFAULT.in(ZoneId.of("UTC"))));
      it.service.clock.advance(Duration.ofDays(3));
      it.service.commit(it.service.idOf("one"), 0, 100);
      it.catchUp();

      assertEquals(LocalDate.parse("2026-11-25").toString(), day(it));
      assertEquals(500, it.total().of(Measure.COMMITTED_USD));
    }
  }

  private static String day(TestAttribution it) {
    List<Attribution.Group> days = it.groups(Dimension.DAY);
    assertEquals(1, days.size());
    return String.valueOf(days.getFirst().values().getFirst());
  }

  @Test
  void whenDecisionsShareARow_theyShareItsWrites() {
    try (TestAttribution it = new TestAttribution()) {
      for (int i = 0; i < 250; i++) {
        it.service.ask("key-" + i, "run", 0, 1, LIMIT);
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
      it.table.rowsOf(it.service.tenantId, TestAttribution.DAY, "", true, rows::add);
      assertEquals(List.of(3L), rows.stream().map(AttributionTable.Row::changes).toList());
    }
  }

  @Test
  void whenADecisionIsSettled_itsMarkerOutlivesItsRetention() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertEquals(null, marker(it).keptUntil());

      it.service.commit(it.service.idOf("one"), 0, 0, UsageQuality.MISSING);
      it.catchUp();

      assertEquals(
          it.service.clock.instant().plus(Duration.ofDays(30)).plus(AttributionStream.MAX_AGE),
          marker(it).keptUntil());
    }
  }

  private static Marker marker(TestAttribution it) {
    return it.table.markers(List.of(it.service.idOf("one").hash())).values().iterator().next();
  }

  @Test
  void whenARunsDecisionsAreListed_theNewestIsFirst() {
    try (TestAttribution it = new TestAttribution()) {
      for (int i = 0; i < 5; i++) {
        it.service.ask("key-" + i, "run", 0, 10, LIMIT);
        it.service.ask("other-" + i, "another", 0, 10, LIMIT);
        it.service.clock.advance(Duration.ofMillis(5));
      }
      it.catchUp();

      Attribution.Listed first = it.attribution.decisionsOfRun(it.service.tenantId, "run", 3, null);
      assertEquals(
          List.of(it.service.idOf("key-4"), it.service.idOf("key-3"), it.service.idOf("key-2")),
          first.ids());
      Attribution.Cursor next =
          Attribution.Cursor.parse(String.valueOf(first.next())).orElseThrow();
      Attribution.Listed second =
          it.attribution.decisionsOfRun(it.service.tenantId, "run", 3, next);
      assertEquals(List.of(it.service.idOf("key-1"), it.service.idOf("key-0")), second.ids());
      assertEquals(null, second.next());
      assertFalse(Attribution.Cursor.parse("yesterday").isPresent());
    }
  }
}
