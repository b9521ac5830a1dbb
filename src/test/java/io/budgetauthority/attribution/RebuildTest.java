package io.budgetauthority.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.UsageQuality;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Rows made anew from the decisions that are kept.
class RebuildTest {

  private static final MicroUsd LIMIT = MicroUsd.of(5_000_000);

  /// Thirty decisions in three runs, most of them settled and one of them corrected.
  private static TestAttribution filled() {
    TestAttribution it = new TestAttribution();
    for (int i = 0; i < 30; i++) {
      it.service.ask("key-" + i, "run-" + i % 3, 0, 1_000, LIMIT);
      if (i % 4 != 0) {
        it.service.commit(it.service.idOf("key-" + i), 0, 100 + i);
      }
    }
    it.service.commit(it.service.idOf("key-0"), 0, 5, UsageQuality.ESTIMATED);
    it.service.commit(it.service.idOf("key-0"), 0, 6);
    it.catchUp();
    return it;
  }

  private static RowKey rowOfRun(TestAttribution it, LocalDate day, String run) {
    return new RowKey(
        it.service.tenantId, day, run, "ada", "ci", null, null, "test", "model-a", null);
  }

  private static void corrupt(TestAttribution it, RowKey row) {
    it.table.write(
        List.of(
            it.table.add(
                row,
                new Amounts.Builder()
                    .add(Measure.DECISIONS, 7)
                    .add(Measure.COMMITTED_USD, 123)
                    .build())));
  }

  private static String groups(TestAttribution it) {
    return it.groups(Dimension.RUN, Dimension.DAY).stream()
        .sorted(Attribution.Group.BIGGEST_FIRST)
        .toList()
        .toString();
  }

  @Test
  void whenRowsAreRight_theyStayUnchanged() {
    try (TestAttribution it = filled()) {
      String before = groups(it);

      Rebuild.Result result = it.rebuild().run(it.service.tenantId);

      assertThat(result.decisions()).isEqualTo(30);
      assertThat(result.markersRepaired()).isEqualTo(0);
      assertThat(result.rowsRight()).isEqualTo(3);
      assertThat(result.rowsCorrected() + result.rowsMoving()).isEqualTo(0);
      assertThat(result.daysRebuilt()).isEqualTo(List.of(it.service.tenantId + " 2026-11-24"));
      assertThat(groups(it)).isEqualTo(before);
    }
  }

  @Test
  void whenRowsOrMarkersAreWrongOrLost_theyAreCorrected() {
    try (TestAttribution it = filled()) {
      String before = groups(it);
      corrupt(it, rowOfRun(it, TestAttribution.DAY, "run-0"));
      corrupt(it, rowOfRun(it, TestAttribution.DAY, "a run that never was"));
      corrupt(it, rowOfRun(it, TestAttribution.DAY.minusDays(2), "run-0"));
      it.delete(rowOfRun(it, TestAttribution.DAY, "run-1").key());
      IntStream.range(3, 6).forEach(i -> it.delete(Marker.key(it.service.idOf("key-" + i).hash())));
      assertThat(groups(it)).isNotEqualTo(before);

      Rebuild.Result result = it.rebuild().run(it.service.tenantId);

      assertThat(result.markersRepaired()).isEqualTo(3);
      assertThat(groups(it)).isEqualTo(before);
      assertThat(it.rebuild().run(it.service.tenantId).rowsCorrected()).isEqualTo(0);
      it.service.commit(it.service.idOf("key-4"), 0, 50);
      it.catchUp();
      assertThat(
              it.groups(Dimension.RUN, Dimension.DAY).stream()
                      .mapToLong(group -> group.amounts().of(Measure.COMMITTED_USD))
                      .sum()
                  - committed(before))
          .as("and the stream goes on from there")
          .isEqualTo(250);
    }
  }

  /// The money of groups as they were written.
  private static long committed(String groups) {
    return Pattern.compile("COMMITTED_USD=(\\d+)")
        .matcher(groups)
        .results()
        .mapToLong(found -> Long.parseLong(found.group(1)))
        .sum();
  }

  @Test
  void whenDecisionsOfADayAreDeleted_theDayIsNotRebuilt() {
    try (TestAttribution it = filled()) {
      RowKey gone = rowOfRun(it, TestAttribution.DAY, "a run whose decisions are gone");
      corrupt(it, gone);
      String before = groups(it);
      it.service.clock.advance(Duration.ofDays(20));

      Rebuild.Result result = it.rebuild().run(it.service.tenantId);

      assertThat(result.daysLeft()).isEqualTo(List.of(it.service.tenantId + " 2026-11-24"));
      assertThat(result.daysRebuilt()).isEmpty();
      assertThat(groups(it)).isEqualTo(before);
    }
  }

  @Test
  void whenAnOlderDayHasAllItsDecisions_itIsRebuilt() {
    try (TestAttribution it = filled()) {
      String before = groups(it);
      it.table.write(
          List.of(
              it.table.add(
                  rowOfRun(it, TestAttribution.DAY, "run-2"),
                  new Amounts.Builder().add(Measure.COMMITTED_USD, -77).build())));
      it.service.clock.advance(Duration.ofDays(20));

      Rebuild.Result result = it.rebuild().run(it.service.tenantId);

      assertThat(result.rowsCorrected()).isEqualTo(1);
      assertThat(groups(it)).isEqualTo(before);
    }
  }

  @Test
  void whenTheStreamChangesARow_itIsNotOverwritten() {
    try (TestAttribution it = filled()) {
      RowKey key = rowOfRun(it, TestAttribution.DAY, "run-0");
      AttributionTable.Row[] read = new AttributionTable.Row[1];
      it.table.rowsOf(
          it.service.tenantId,
          TestAttribution.DAY,
          "",
          true,
          row -> {
            if (row.key().equals(key)) {
              read[0] = row;
            }
          });
      corrupt(it, key);

      boolean written =
          it.table.write(
              List.of(
                  it.table.correct(read[0], new Amounts.Builder().add(Measure.CALLS, 1).build())));

      assertThat(written).isFalse();
    }
  }
}
