package io.budgetauthority.attribution;

import static org.assertj.core.api.Assertions.assertThat;

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
      assertThat(it.total().of(Measure.CALLS)).isEqualTo(1);
      assertThat(it.total().of(Measure.OPEN)).isEqualTo(1);
      assertThat(it.total().of(Measure.COMMITTED_USD)).isEqualTo(0);

      it.service.commit(it.service.idOf("one"), 1_000, 200);
      it.catchUp();

      assertThat(it.total().of(Measure.CALLS)).isEqualTo(1);
      assertThat(it.total().of(Measure.OPEN)).isEqualTo(0);
      assertThat(it.total().of(Measure.COMMITTED_USD)).isEqualTo(2_000);
      assertThat(it.total().of(Measure.INPUT_TOKENS)).isEqualTo(1_000);
      assertThat(it.total().of(Measure.OUTPUT_TOKENS)).isEqualTo(200);
    }
  }

  @Test
  void whenARecordIsNotNewer_nothingIsAdded() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.service.commit(it.service.idOf("one"), 0, 100, UsageQuality.ESTIMATED);
      it.service.commit(it.service.idOf("one"), 0, 300, UsageQuality.EXACT);
      List<StreamRecord> records = it.tail.read();
      assertThat(records).hasSize(3);

      it.add(List.of(records.get(2)));
      Amounts newest = it.total();
      it.add(List.of(records.getFirst()));
      it.add(records);
      it.add(List.of(records.get(1)));

      assertThat(newest.of(Measure.COMMITTED_USD)).isEqualTo(1_500);
      assertThat(it.total()).isEqualTo(newest);
      assertThat(newest.of(Measure.CORRECTIONS)).isEqualTo(1);
      assertThat(newest.of(Measure.CORRECTED_USD)).isEqualTo(1_000);
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

      assertThat(it.total().of(Measure.CORRECTIONS)).isEqualTo(2);
      assertThat(it.total().of(Measure.CORRECTED_USD)).isEqualTo(-5_000 + 500 + 1_000);
      assertThat(it.total().of(Measure.COMMITTED_USD)).isEqualTo(1_500);
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

      assertThat(it.total()).isEqualTo(before);
      assertThat(before.of(Measure.COMMITTED_USD)).isEqualTo(1_500);
    }
  }

  @Test
  void whenACallIsRetargeted_itsAmountsMoveToTheNewModel() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertThat(models(it)).isEqualTo(List.of(TestAuthority.MODEL));

      it.service.settlement.retarget(
          it.service.gateway, it.service.idOf("one"), null, TestAuthority.CHEAP_MODEL);
      it.catchUp();

      assertThat(models(it)).isEqualTo(List.of(TestAuthority.CHEAP_MODEL));
      assertThat(it.total().of(Measure.CALLS)).isEqualTo(1);
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

      assertThat(it.total().of(Measure.CALLS)).isEqualTo(0);
      assertThat(it.total().of(Measure.RELEASED)).isEqualTo(1);
      assertThat(it.total().of(Measure.BLOCKED)).isEqualTo(1);
      assertThat(it.total().of(Measure.DECISIONS)).isEqualTo(2);
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
      assertThat(it.total().of(Measure.PRESUMED_USD)).isEqualTo(5_000);
      assertThat(it.total().of(Measure.COMMITTED_USD)).isEqualTo(5_000);

      it.service.commit(it.service.idOf("one"), 0, 100);
      it.catchUp();

      assertThat(it.total().of(Measure.PRESUMED_USD)).isEqualTo(0);
      assertThat(it.total().of(Measure.COMMITTED_USD)).isEqualTo(500);
      assertThat(it.total().of(Measure.CORRECTED_USD)).isEqualTo(-4_500);
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

      assertThat(it.total().of(Measure.UNPRICED)).isEqualTo(1);
      assertThat(it.total().of(Measure.UNPRICED_USD)).isEqualTo(5_000);
      assertThat(it.total().of(Measure.OVERRUNS)).isEqualTo(1);
      assertThat(it.total().of(Measure.OVERRUN_USD)).isEqualTo(4_500);
      assertThat(models(it)).isEqualTo(List.of("a model that nobody knows"));
    }
  }

  @Test
  void whenAnUnseenKeyIsCancelled_noDecisionIsCounted() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.settlement.cancel(
          it.service.gateway, "one", Policy.DEFAULT.mode(), "none", Duration.ofDays(30));
      List<StreamRecord> records = it.tail.read();
      assertThat(records).hasSize(1);

      it.add(records);

      assertThat(it.groups(Dimension.RUN)).isEmpty();
    }
  }

  @Test
  void whenATenantsZoneChanges_aDecisionKeepsItsDay() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.policy(Policy.DEFAULT.in(ZoneId.of("Pacific/Kiritimati")));
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertThat(day(it)).isEqualTo(LocalDate.parse("2026-11-25").toString());

      it.service.configuration.replace(it.service.tenantId, Policy.DEFAULT.in(ZoneId.of("UTC")));
      it.service.clock.advance(Duration.ofDays(3));
      it.service.commit(it.service.idOf("one"), 0, 100);
      it.catchUp();

      assertThat(day(it)).isEqualTo(LocalDate.parse("2026-11-25").toString());
      assertThat(it.total().of(Measure.COMMITTED_USD)).isEqualTo(500);
    }
  }

  private static String day(TestAttribution it) {
    List<Attribution.Group> days = it.groups(Dimension.DAY);
    assertThat(days).hasSize(1);
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
      assertThat(groups.stream().map(List::size).toList()).isEqualTo(List.of(98, 98, 54));

      it.add(records);
      assertThat(it.total().of(Measure.CALLS)).isEqualTo(250);
      List<AttributionTable.Row> rows = new ArrayList<>();
      it.table.rowsOf(it.service.tenantId, TestAttribution.DAY, "", true, rows::add);
      assertThat(rows.stream().map(AttributionTable.Row::changes).toList()).isEqualTo(List.of(3L));
    }
  }

  @Test
  void whenADecisionIsSettled_itsMarkerOutlivesItsRetention() {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 1_000, LIMIT);
      it.catchUp();
      assertThat(marker(it).keptUntil()).isNull();

      it.service.commit(it.service.idOf("one"), 0, 0, UsageQuality.MISSING);
      it.catchUp();

      assertThat(marker(it).keptUntil())
          .isEqualTo(
              it.service.clock.instant().plus(Duration.ofDays(30)).plus(AttributionStream.MAX_AGE));
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
      assertThat(first.ids())
          .isEqualTo(
              List.of(
                  it.service.idOf("key-4"), it.service.idOf("key-3"), it.service.idOf("key-2")));
      Attribution.Cursor next =
          Attribution.Cursor.parse(String.valueOf(first.next())).orElseThrow();
      Attribution.Listed second =
          it.attribution.decisionsOfRun(it.service.tenantId, "run", 3, next);
      assertThat(second.ids())
          .isEqualTo(List.of(it.service.idOf("key-1"), it.service.idOf("key-0")));
      assertThat(second.next()).isNull();
      assertThat(Attribution.Cursor.parse("yesterday")).isNotPresent();
    }
  }
}
