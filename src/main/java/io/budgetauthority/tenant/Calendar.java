package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A tenant's time zone and its changes. They say into which period of a window an instant falls
/// (protocol.md#changed-time-zone). A change of the zone never begins a period early: the running
/// one lasts until the first midnight of the new zone at or after its own end, an hour until the
/// first full hour. So no change opens a second allowance. The period of an earlier time is what it
/// was then. Immutable.
///
/// @param first the zone before the first change that is stored
/// @param changes by rising time
public record Calendar(
    @JsonProperty("first") ZoneId first, @JsonProperty("changes") List<Change> changes) {

  /// How long after it occurred usage may still be charged.
  private static final Duration KEPT = Duration.ofDays(400);

  /// The most changes that are stored. A tenant that changes its zone more often is refused.
  public static final int MAX_CHANGES = 100;

  public Calendar {
    changes = List.copyOf(changes);
  }

  /// From `at` on the zone is `zone`.
  public record Change(@JsonProperty("at") Instant at, @JsonProperty("zone") ZoneId zone) {}

  /// A calendar whose zone never changed.
  public static Calendar in(ZoneId zone) {
    return new Calendar(zone, List.of());
  }

  /// The zone now.
  @JsonIgnore
  public ZoneId zone() {
    return changes.isEmpty() ? first : changes.getLast().zone();
  }

  /// The zone that applied at an instant.
  public ZoneId zoneAt(Instant instant) {
    ZoneId zone = first;
    for (Change change : changes) {
      if (change.at().isAfter(instant)) {
        break;
      }
      zone = change.zone();
    }
    return zone;
  }

  /// The calendar with another zone from `now` on; this one where the zone is the same. Changes of
  /// more than 400 days ago are dropped.
  public Calendar changedTo(ZoneId zone, Instant now) {
    if (zone.equals(zone())) {
      return this;
    }
    Instant oldest = now.minus(KEPT);
    List<Change> kept = new ArrayList<>();
    for (Change change : changes) {
      if (change.at().isAfter(oldest)) {
        kept.add(change);
      }
    }
    ZoneId before = zoneAt(oldest);
    kept.add(new Change(now, zone));
    return new Calendar(before, kept);
  }

  /// The name of the period that an instant falls into, as [Window#periodOf] writes it.
  public String periodOf(Window window, Instant instant) {
    return at(window, instant).name();
  }

  /// When the period that an instant falls into ends; empty for `TOTAL`.
  public Optional<Instant> resetsAt(Window window, Instant instant) {
    return Optional.ofNullable(at(window, instant).end());
  }

  private record Period(String name, @Nullable Instant end) {}

  private static Period natural(Window window, Instant instant, ZoneId zone) {
    return new Period(window.periodOf(instant, zone), window.resetsAt(instant, zone).orElse(null));
  }

  private Period at(Window window, Instant instant) {
    ZoneId zone = first;
    Period running = null;
    Instant until = Instant.MIN;
    for (Change change : changes) {
      if (change.at().isAfter(instant)) {
        break;
      }
      if (running == null || !change.at().isBefore(until)) {
        running = natural(window, change.at(), zone);
      }
      if (running.end() == null) {
        return running;
      }
      zone = change.zone();
      Instant end = change.at().isAfter(running.end()) ? change.at() : running.end();
      until = boundaryAfter(window, running.name(), end, zone);
    }
    return running != null && instant.isBefore(until)
        ? new Period(running.name(), until)
        : natural(window, instant, zone);
  }

  /// The first midnight of a zone at or after the end of the running period; for an hour the first
  /// full hour. Where the zone is far behind, the period that begins there may have the running
  /// one's name. Then it is part of the running one.
  private static Instant boundaryAfter(Window window, String running, Instant end, ZoneId zone) {
    Window step = window == Window.HOUR ? Window.HOUR : Window.DAY;
    Instant boundary =
        step.startOf(end, zone).equals(end) ? end : step.resetsAt(end, zone).orElseThrow();
    while (window.periodOf(boundary, zone).compareTo(running) <= 0) {
      boundary = step.resetsAt(boundary, zone).orElseThrow();
    }
    return boundary;
  }
}
