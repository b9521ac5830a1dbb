package io.budgetauthority.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The periods of each window, by date (protocol.md#windows).
class WindowTest {

  private static final ZoneId UTC = ZoneId.of("UTC");
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final List<ZoneId> ZONES =
      List.of(
          UTC,
          BERLIN,
          ZoneId.of("America/New_York"),
          ZoneId.of("Asia/Kathmandu"),
          ZoneId.of("Australia/Lord_Howe"),
          ZoneId.of("Pacific/Auckland"),
          ZoneId.of("Pacific/Kiritimati"),
          ZoneId.of("Africa/Cairo"));

  private static String period(Window window, String instant, ZoneId zone) {
    return window.periodOf(Instant.parse(instant), zone);
  }

  private static Instant ends(Window window, String instant, ZoneId zone) {
    return window.resetsAt(Instant.parse(instant), zone).orElseThrow();
  }

  @Test
  void whenClocksGoBack_theRepeatedHourIsTwo() {
    // In Berlin 2026-10-25 has 02:00 to 03:00 twice, at 00:00 and at 01:00 UTC.
    assertThat(period(Window.HOUR, "2026-10-25T00:30:00Z", BERLIN)).isEqualTo("2026-10-25T00:00Z");
    assertThat(period(Window.HOUR, "2026-10-25T01:30:00Z", BERLIN)).isEqualTo("2026-10-25T01:00Z");
    assertThat(ends(Window.HOUR, "2026-10-25T00:30:00Z", BERLIN))
        .isEqualTo(Instant.parse("2026-10-25T01:00:00Z"));
    assertThat(ends(Window.DAY, "2026-10-25T00:30:00Z", BERLIN))
        .as("a day of 25 hours")
        .isEqualTo(Instant.parse("2026-10-25T23:00:00Z"));
  }

  @Test
  void whenClocksGoForward_theDayHasAnHourLess() {
    assertThat(period(Window.HOUR, "2026-03-29T00:59:59Z", BERLIN)).isEqualTo("2026-03-29T00:00Z");
    assertThat(period(Window.HOUR, "2026-03-29T01:00:00Z", BERLIN)).isEqualTo("2026-03-29T01:00Z");
    assertThat(ends(Window.DAY, "2026-03-29T12:00:00Z", BERLIN))
        .isEqualTo(Instant.parse("2026-03-29T22:00:00Z"));
  }

  @Test
  void whenTheZoneIsOffByQuarters_itsHourBeginsWithItsClock() {
    ZoneId kathmandu = ZoneId.of("Asia/Kathmandu");
    assertThat(period(Window.HOUR, "2026-11-24T10:14:59Z", kathmandu))
        .isEqualTo("2026-11-24T09:15Z");
    assertThat(period(Window.HOUR, "2026-11-24T10:15:00Z", kathmandu))
        .isEqualTo("2026-11-24T10:15Z");
  }

  @Test
  void whenAYearEnds_theWeekIsTheIsoWeek() {
    assertThat(period(Window.WEEK, "2026-12-31T12:00:00Z", UTC)).isEqualTo("2026-W53");
    assertThat(period(Window.WEEK, "2027-01-03T23:59:59Z", UTC)).isEqualTo("2026-W53");
    assertThat(period(Window.WEEK, "2027-01-04T00:00:00Z", UTC)).isEqualTo("2027-W01");
    assertThat(period(Window.WEEK, "2024-12-30T00:00:00Z", UTC)).isEqualTo("2025-W01");
    assertThat(ends(Window.WEEK, "2026-12-31T12:00:00Z", UTC))
        .isEqualTo(Instant.parse("2027-01-04T00:00:00Z"));
  }

  @Test
  void whenAMonthEndsOnThe31st_theNextBegins() {
    assertThat(period(Window.MONTH, "2026-10-31T23:59:59Z", UTC)).isEqualTo("2026-10");
    assertThat(ends(Window.MONTH, "2026-01-31T10:00:00Z", UTC))
        .isEqualTo(Instant.parse("2026-02-01T00:00:00Z"));
  }

  @Test
  void whenAQuarterEnds_theNextBegins() {
    assertThat(period(Window.QUARTER, "2026-03-31T23:59:59Z", UTC)).isEqualTo("2026-Q1");
    assertThat(period(Window.QUARTER, "2026-04-01T00:00:00Z", UTC)).isEqualTo("2026-Q2");
    assertThat(ends(Window.QUARTER, "2026-11-24T10:00:00Z", UTC))
        .isEqualTo(Instant.parse("2027-01-01T00:00:00Z"));
    assertThat(ends(Window.QUARTER, "2026-12-31T12:00:00Z", ZoneId.of("Pacific/Auckland")))
        .as("it is 2027 in Auckland")
        .isEqualTo(Instant.parse("2027-03-31T11:00:00Z"));
  }

  /// Through two years and every clock change in them, periods follow each other without a gap, and
  /// none comes twice.
  @Test
  void whenTimePasses_eachPeriodEndsWhereTheNextBegins() {
    Instant last = Instant.parse("2028-01-10T00:00:00Z");
    for (ZoneId zone : ZONES) {
      for (Window window : Window.values()) {
        if (window == Window.TOTAL) {
          continue;
        }
        Instant at = Instant.parse("2025-12-20T00:00:00Z");
        String before = "";
        while (at.isBefore(last)) {
          String name = window + " of " + zone + " at " + at;
          String period = window.periodOf(at, zone);
          Instant end = window.resetsAt(at, zone).orElseThrow();
          assertThat(period.compareTo(before)).as(name).isPositive();
          assertThat(end).as(name).isAfter(at);
          assertThat(window.startOf(at, zone)).as(name).isBeforeOrEqualTo(at);
          for (Instant inside : inside(at, end)) {
            assertThat(window.periodOf(inside, zone)).as(name + ": " + inside).isEqualTo(period);
          }
          before = period;
          at = end;
        }
      }
    }
  }

  private static List<Instant> inside(Instant from, Instant end) {
    List<Instant> inside = new ArrayList<>(List.of(from, end.minusMillis(1)));
    inside.add(from.plus(Duration.between(from, end).dividedBy(2)));
    return inside;
  }

  @Test
  void whenAPeriodIsNamed_itsFirstDayIsKnown() {
    for (LocalDate date = LocalDate.of(2025, 12, 25);
        date.isBefore(LocalDate.of(2027, 1, 10));
        date = date.plusDays(1)) {
      Instant noon = date.atTime(12, 0).atZone(UTC).toInstant();
      for (Window window : List.of(Window.DAY, Window.WEEK, Window.MONTH, Window.QUARTER)) {
        String period = window.periodOf(date);
        assertThat(period).isEqualTo(window.periodOf(noon, UTC));
        assertThat(window.firstDayOf(period).atStartOfDay(UTC).toInstant())
            .isEqualTo(window.startOf(noon, UTC));
      }
      assertThat(Window.startOfHour(Window.HOUR.periodOf(noon, UTC))).isEqualTo(noon);
    }
  }
}
