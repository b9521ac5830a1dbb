package io.budgetauthority.api.http;

import io.budgetauthority.input.RequestFields;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The time that a list or a count spans, by its query parameters `from` and `to`.
///
/// @param from the first instant; `to`: the last, both included
public record TimeSpan(Instant from, Instant to) {

  /// Stored places have as many digits as this time has.
  private static final Instant LAST = Instant.parse("2200-01-01T00:00:00Z");

  /// Reads both parameters. An empty parameter is the same as an absent one. What is no time, or
  /// spans too much, is answered 400.
  ///
  /// @param now the end, where `to` is absent
  /// @param usual how long it spans where `from` is absent
  /// @param max the longest that it may span
  public static TimeSpan parse(
      @Nullable String from, @Nullable String to, Instant now, Duration usual, Duration max) {
    Instant last = to == null || to.isEmpty() ? now : time("to", to);
    Instant first = from == null || from.isEmpty() ? last.minus(usual) : time("from", from);
    if (first.isAfter(last) || first.plus(max).isBefore(last)) {
      throw RequestFields.invalid(
          "from", "must be at most " + max.toHours() + " hours before to, and not after it");
    }
    return new TimeSpan(first, last);
  }

  private static Instant time(String name, String text) {
    try {
      Instant time = Instant.parse(text);
      if (!time.isBefore(Instant.EPOCH) && time.isBefore(LAST)) {
        return time;
      }
    } catch (DateTimeException e) {
      // The same answer as for a time that is out of range.
    }
    throw RequestFields.invalid(
        name, "must be a time from 1970 to 2199, such as 2026-11-24T10:00:00Z");
  }
}
