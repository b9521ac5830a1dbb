package io.budgetauthority.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What period an instant falls into when the zone changes (protocol.md#changed-time-zone).
class CalendarTest {

  private static final ZoneId UTC = ZoneId.of("UTC");
  private static final ZoneId AUCKLAND = ZoneId.of("Pacific/Auckland");
  private static final Instant CHANGE = Instant.parse("2026-11-24T10:00:00Z");

  private static String day(Calendar calendar, String instant) {
    return calendar.periodOf(Window.DAY, Instant.parse(instant));
  }

  private static Optional<Instant> dayEnds(Calendar calendar, String instant) {
    return calendar.resetsAt(Window.DAY, Instant.parse(instant));
  }

  @Test
  void whenTheZoneStays_itIsTheSameCalendar() {
    Calendar utc = Calendar.in(UTC);

    assertThat(utc.changedTo(UTC, CHANGE)).isSameAs(utc);
    assertThat(day(utc, "2026-11-24T23:59:59Z")).isEqualTo("2026-11-24");
  }

  @Test
  void whenTheZoneChanges_theCurrentDayIsExtended() {
    Calendar calendar = Calendar.in(UTC).changedTo(AUCKLAND, CHANGE);

    assertThat(day(calendar, "2026-11-24T09:00:00Z"))
        .as("before the change")
        .isEqualTo("2026-11-24");
    assertThat(day(calendar, "2026-11-24T11:30:00Z"))
        .as("midnight in Auckland")
        .isEqualTo("2026-11-24");
    assertThat(day(calendar, "2026-11-25T10:59:59Z")).isEqualTo("2026-11-24");
    assertThat(dayEnds(calendar, "2026-11-24T10:00:00Z"))
        .isEqualTo(Optional.of(Instant.parse("2026-11-25T11:00:00Z")));
    assertThat(day(calendar, "2026-11-25T11:00:00Z")).isEqualTo("2026-11-26");
  }

  @Test
  void whenTheZoneChangesToOneBehind_theDayLastsToItsMidnight() {
    Calendar calendar = Calendar.in(AUCKLAND).changedTo(UTC, CHANGE);

    assertThat(day(calendar, "2026-11-24T12:00:00Z"))
        .as("it is the 25th in Auckland")
        .isEqualTo("2026-11-24");
    assertThat(day(calendar, "2026-11-25T00:00:00Z")).isEqualTo("2026-11-25");
  }

  @Test
  void whenTheZoneChangesBack_theDayEndsAsItWouldHave() {
    Calendar calendar =
        Calendar.in(AUCKLAND).changedTo(UTC, CHANGE).changedTo(AUCKLAND, CHANGE.plusSeconds(600));

    assertThat(dayEnds(calendar, "2026-11-24T10:20:00Z"))
        .isEqualTo(Optional.of(Instant.parse("2026-11-24T11:00:00Z")));
    assertThat(day(calendar, "2026-11-24T11:00:00Z")).isEqualTo("2026-11-25");
  }

  @Test
  void whenTheZoneChangesInAMonth_itLastsToTheNewZonesEnd() {
    Calendar calendar = Calendar.in(AUCKLAND).changedTo(UTC, CHANGE);

    assertThat(calendar.periodOf(Window.MONTH, Instant.parse("2026-11-30T11:30:00Z")))
        .isEqualTo("2026-11");
    assertThat(calendar.periodOf(Window.MONTH, Instant.parse("2026-12-01T00:00:00Z")))
        .isEqualTo("2026-12");
    assertThat(calendar.periodOf(Window.TOTAL, CHANGE)).isEqualTo("");
  }

  @Test
  void whenTheZoneChanges_theHourLastsToTheNextFullHour() {
    Calendar calendar = Calendar.in(UTC).changedTo(ZoneId.of("Asia/Kathmandu"), CHANGE);

    assertThat(calendar.periodOf(Window.HOUR, CHANGE.plusSeconds(4_400)))
        .isEqualTo("2026-11-24T10:00Z");
    assertThat(calendar.resetsAt(Window.HOUR, CHANGE))
        .isEqualTo(Optional.of(Instant.parse("2026-11-24T11:15:00Z")));
    assertThat(calendar.periodOf(Window.HOUR, Instant.parse("2026-11-24T11:15:00Z")))
        .isEqualTo("2026-11-24T11:15Z");
  }

  @Test
  void whenTheZoneGoesThereAndBackInAMonth_noPeriodIsGivenTwice() {
    Calendar calendar =
        Calendar.in(AUCKLAND)
            .changedTo(UTC, Instant.parse("2026-12-30T12:30:00Z"))
            .changedTo(AUCKLAND, Instant.parse("2026-12-31T12:30:00Z"));

    assertThat(calendar.periodOf(Window.MONTH, Instant.parse("2026-12-31T12:29:59Z")))
        .as("2027 has begun in Auckland, where it no longer counts")
        .isEqualTo("2026-12");
    assertThat(calendar.periodOf(Window.WEEK, Instant.parse("2026-12-31T12:00:00Z")))
        .isEqualTo("2026-W53");
    Instant afterTheSecond = Instant.parse("2026-12-31T13:00:00Z");
    Instant midnight = Instant.parse("2027-01-01T11:00:00Z");
    assertThat(calendar.periodOf(Window.MONTH, afterTheSecond)).isEqualTo("2026-12");
    assertThat(calendar.periodOf(Window.QUARTER, afterTheSecond)).isEqualTo("2026-Q4");
    assertThat(calendar.resetsAt(Window.QUARTER, afterTheSecond)).isEqualTo(Optional.of(midnight));
    assertThat(calendar.periodOf(Window.MONTH, midnight)).isEqualTo("2027-01");
    assertThat(calendar.periodOf(Window.QUARTER, midnight)).isEqualTo("2027-Q1");
  }

  @Test
  void whenAChangeIsOld_itIsDropped() {
    Calendar calendar =
        Calendar.in(UTC)
            .changedTo(AUCKLAND, CHANGE.minusSeconds(401 * 86_400L))
            .changedTo(UTC, CHANGE);

    assertThat(calendar.changes()).hasSize(1);
    assertThat(calendar.first()).isEqualTo(AUCKLAND);
  }

  /// Whatever changes, periods follow each other in time and no name comes back.
  @Test
  void whenZonesChangeAtRandom_noPeriodComesTwice() {
    List<ZoneId> zones =
        List.of(
            UTC,
            AUCKLAND,
            ZoneId.of("Etc/GMT+12"),
            ZoneId.of("Pacific/Kiritimati"),
            ZoneId.of("Asia/Kathmandu"),
            ZoneId.of("America/New_York"));
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Calendar calendar = Calendar.in(zones.get(random.nextInt(zones.size())));
      Instant at = Instant.parse("2026-10-20T00:00:00Z");
      for (int change = 0; change < 8; change++) {
        at = at.plusSeconds(random.nextInt(3 * 86_400));
        calendar = calendar.changedTo(zones.get(random.nextInt(zones.size())), at);
      }
      for (Window window : Window.values()) {
        if (window != Window.TOTAL) {
          assertRising(calendar, window, seed);
        }
      }
    }
  }

  /// The calendar as it was at an instant, without the changes that came later.
  private static Calendar knownAt(Calendar calendar, Instant at) {
    return new Calendar(
        calendar.first(),
        calendar.changes().stream().filter(change -> !change.at().isAfter(at)).toList());
  }

  private static void assertRising(Calendar calendar, Window window, int seed) {
    String last = "";
    Instant at = Instant.parse("2026-10-18T00:00:00Z");
    for (int step = 0; step < 1_200; step++) {
      String period = calendar.periodOf(window, at);
      assertThat(period.compareTo(last))
          .as("seed " + seed + " at " + at + ": " + period)
          .isGreaterThanOrEqualTo(0);
      Instant ends = calendar.resetsAt(window, at).orElseThrow();
      assertThat(ends.isAfter(at)).as("seed " + seed + " at " + at).isTrue();
      assertThat(knownAt(calendar, at).periodOf(window, ends.minusMillis(1)))
          .as("seed " + seed)
          .isEqualTo(period);
      last = period;
      at = at.plusSeconds(1_800);
    }
  }
}
