package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.IsoFields;
import java.time.temporal.TemporalAdjusters;
import java.util.Locale;
import java.util.Optional;

/// The time over which a ceiling counts: a calendar hour, day, ISO week, month or quarter in the
/// tenant's time zone, or all time. The order is the order in which equal blocking accounts of one
/// scope are named.
public enum Window implements CeilingWindow {
  HOUR,
  DAY,
  WEEK,
  MONTH,
  QUARTER,
  TOTAL;

  private static final int SECONDS_AN_HOUR = 3_600;

  private static final DateTimeFormatter HOUR_NAME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm'Z'").withZone(ZoneOffset.UTC);

  /// The period of this window that an instant falls into: `2026-11-24T10:00Z` for an hour, which
  /// is named by its start in UTC, so that the hour that a clock change repeats is two;
  /// `2026-11-24`, `2026-W48`, `2026-11`, `2026-Q4`; empty for `TOTAL`. Names of later periods of
  /// one zone are greater.
  public String periodOf(Instant instant, ZoneId zone) {
    return this == HOUR
        ? HOUR_NAME.format(hourOf(instant, zone))
        : periodOf(instant.atZone(zone).toLocalDate());
  }

  /// The period that a date belongs to; only for windows of whole days and `TOTAL`.
  public String periodOf(LocalDate date) {
    return switch (this) {
      case HOUR -> throw new IllegalArgumentException("a date is no hour");
      case DAY -> date.toString();
      case WEEK ->
          "%04d-W%02d"
              .formatted(
                  date.get(IsoFields.WEEK_BASED_YEAR), date.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
      case MONTH -> YearMonth.from(date).toString();
      case QUARTER -> "%04d-Q%d".formatted(date.getYear(), date.get(IsoFields.QUARTER_OF_YEAR));
      case TOTAL -> "";
    };
  }

  /// The first day of a period of whole days, by its name.
  public LocalDate firstDayOf(String period) {
    return switch (this) {
      case DAY -> LocalDate.parse(period);
      case WEEK -> LocalDate.parse(period + "-1", DateTimeFormatter.ISO_WEEK_DATE);
      case MONTH -> YearMonth.parse(period).atDay(1);
      case QUARTER ->
          LocalDate.of(
              Integer.parseInt(period.substring(0, 4)), 3 * (period.charAt(6) - '1') + 1, 1);
      case HOUR, TOTAL -> throw new IllegalArgumentException(this + " has no first day");
    };
  }

  /// The start of a period of `HOUR`, by its name.
  public static Instant startOfHour(String period) {
    return Instant.from(HOUR_NAME.parse(period));
  }

  /// When the period that an instant falls into began; the instant itself for `TOTAL`.
  public Instant startOf(Instant instant, ZoneId zone) {
    return switch (this) {
      case HOUR -> hourOf(instant, zone);
      case TOTAL -> instant;
      default -> midnight(firstDay(instant, zone), zone);
    };
  }

  /// When the period that an instant falls into ends; a day of a daylight-saving change has 23 or
  /// 25 hours. Empty for `TOTAL`.
  public Optional<Instant> resetsAt(Instant instant, ZoneId zone) {
    return switch (this) {
      case HOUR -> Optional.of(hourOf(instant, zone).plusSeconds(SECONDS_AN_HOUR));
      case DAY -> Optional.of(midnight(firstDay(instant, zone).plusDays(1), zone));
      case WEEK -> Optional.of(midnight(firstDay(instant, zone).plusWeeks(1), zone));
      case MONTH -> Optional.of(midnight(firstDay(instant, zone).plusMonths(1), zone));
      case QUARTER -> Optional.of(midnight(firstDay(instant, zone).plusMonths(3), zone));
      case TOTAL -> Optional.empty();
    };
  }

  /// The start of the hour of an instant, by the clock of the zone at that instant. Where a change
  /// moves clocks by half an hour, the hour after it begins in the middle of the one before.
  private static Instant hourOf(Instant instant, ZoneId zone) {
    long offset = zone.getRules().getOffset(instant).getTotalSeconds();
    long local = instant.getEpochSecond() + offset;
    return Instant.ofEpochSecond(local - Math.floorMod(local, SECONDS_AN_HOUR) - offset);
  }

  private LocalDate firstDay(Instant instant, ZoneId zone) {
    LocalDate date = instant.atZone(zone).toLocalDate();
    return switch (this) {
      case WEEK -> date.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
      case MONTH -> date.withDayOfMonth(1);
      case QUARTER -> YearMonth.from(date).atDay(1).with(IsoFields.DAY_OF_QUARTER, 1);
      case HOUR, DAY, TOTAL -> date;
    };
  }

  private static Instant midnight(LocalDate date, ZoneId zone) {
    return date.atStartOfDay(zone).toInstant();
  }

  @Override
  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The constant of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static Window ofWireName(String wireName) {
    return WireNames.of(Window.class, wireName);
  }
}
