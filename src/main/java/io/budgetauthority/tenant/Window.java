package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Optional;

/// The time over which a ceiling counts: a calendar day or month in the tenant's time zone, or all
/// time. The order is the order in which equal blocking accounts of one scope are named.
public enum Window {
  DAY,
  MONTH,
  TOTAL;

  /// The period of this window that an instant falls into: `2026-11-24`, `2026-11`, or empty for
  /// `TOTAL`.
  public String periodOf(Instant instant, ZoneId zone) {
    return switch (this) {
      case DAY -> instant.atZone(zone).toLocalDate().toString();
      case MONTH -> YearMonth.from(instant.atZone(zone)).toString();
      case TOTAL -> "";
    };
  }

  /// When the period that an instant falls into began; the instant itself for `TOTAL`.
  public Instant startOf(Instant instant, ZoneId zone) {
    return switch (this) {
      case DAY -> instant.atZone(zone).toLocalDate().atStartOfDay(zone).toInstant();
      case MONTH -> YearMonth.from(instant.atZone(zone)).atDay(1).atStartOfDay(zone).toInstant();
      case TOTAL -> instant;
    };
  }

  /// When the period that an instant falls into ends; a day of a daylight-saving change has 23 or
  /// 25 hours. Empty for `TOTAL`.
  public Optional<Instant> resetsAt(Instant instant, ZoneId zone) {
    return switch (this) {
      case DAY ->
          Optional.of(
              instant.atZone(zone).toLocalDate().plusDays(1).atStartOfDay(zone).toInstant());
      case MONTH ->
          Optional.of(
              YearMonth.from(instant.atZone(zone))
                  .plusMonths(1)
                  .atDay(1)
                  .atStartOfDay(zone)
                  .toInstant());
      case TOTAL -> Optional.empty();
    };
  }

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
