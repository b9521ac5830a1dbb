package io.budgetauthority.attribution;

import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.storage.SideBySide;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Lists a tenant's decisions and open reservations, and counts its decisions by time. All of it is
/// as far behind the ledger as the stream's consumer is: about a second. Safe for use by many
/// threads.
public final class DecisionLists {

  /// After every hash.
  private static final String LAST = "~";

  private final AttributionTable table;

  public DecisionLists(AttributionTable table) {
    this.table = table;
  }

  /// Which decisions are listed.
  public enum Outcome {
    /// Those that passed and those that were refused.
    ALL(ListKey.Kind.OPEN, ListKey.Kind.PASSED, ListKey.Kind.REFUSED),
    /// Those that let a call through, whatever became of it.
    PASSED(ListKey.Kind.OPEN, ListKey.Kind.PASSED),
    /// Blocks.
    REFUSED(ListKey.Kind.REFUSED),
    /// Calls whose usage was not reported yet.
    OPEN(ListKey.Kind.OPEN);

    /// A decision leaves `OPEN` for another list. So `OPEN` is read first: a decision that moves in
    /// between is found twice, and not never.
    private final List<ListKey.Kind> kinds;

    Outcome(ListKey.Kind... kinds) {
      this.kinds = List.of(kinds);
    }
  }

  /// A page of a tenant's decisions, newest first.
  ///
  /// @param from the oldest time; `to`: the newest, both included
  /// @param after where the page before ended; null for the first page
  public Attribution.Listed decisions(
      String tenantId,
      Outcome outcome,
      Instant from,
      Instant to,
      int limit,
      Attribution.@Nullable Cursor after) {
    List<AttributionTable.ListEntry> entries = new ArrayList<>();
    Instant newest = after == null || after.createdAt().isAfter(to) ? to : after.createdAt();
    for (LocalDate day : daysBack(tenantId, ListKey.day(newest), ListKey.day(from))) {
      Instant midnight = day.atStartOfDay(ZoneOffset.UTC).toInstant();
      Instant next = midnight.plus(Duration.ofDays(1));
      String oldestPlace = ListKey.place(from.isAfter(midnight) ? from : midnight, "");
      String lastPlace = ListKey.place(to.isBefore(next) ? to : next.minusMillis(1), LAST);
      String newestPlace =
          after != null && after.place().compareTo(lastPlace) < 0 ? after.place() : lastPlace;
      Map<String, AttributionTable.ListEntry> found = new HashMap<>();
      for (ListKey.Kind kind : outcome.kinds) {
        // One more, because the last one of the page before is included.
        SideBySide.read(
                kind.parts(),
                part ->
                    table.listed(
                        ListKey.partition(tenantId, kind, day, part),
                        oldestPlace,
                        newestPlace,
                        true,
                        limit + 1))
            .forEach(entry -> found.put(entry.hash(), entry));
      }
      found.values().stream()
          .filter(entry -> after == null || !entry.place().equals(after.place()))
          .sorted(Comparator.comparing(AttributionTable.ListEntry::place).reversed())
          .limit(limit - entries.size())
          .forEach(entries::add);
      if (entries.size() >= limit) {
        break;
      }
    }
    return listed(entries, limit);
  }

  /// The days in UTC that may have decisions, the newest first. A day of the tenant's zone that has
  /// some is known; it overlaps two or three in UTC.
  private List<LocalDate> daysBack(String tenantId, LocalDate last, LocalDate first) {
    if (last.isBefore(first)) {
      return List.of();
    }
    Set<LocalDate> known = new HashSet<>();
    for (LocalDate day : table.days(tenantId, first.minusDays(1), last.plusDays(1))) {
      known.addAll(List.of(day.minusDays(1), day, day.plusDays(1)));
    }
    return first
        .datesUntil(last.plusDays(1))
        .filter(known::contains)
        .sorted(Comparator.reverseOrder())
        .toList();
  }

  /// A page of a tenant's open reservations, oldest first.
  ///
  /// @param after where the page before ended; null for the first page
  public Attribution.Listed holds(String tenantId, int limit, Attribution.@Nullable Cursor after) {
    String first = after == null ? "0" : after.place();
    List<AttributionTable.ListEntry> found =
        SideBySide.read(
            ListKey.Kind.OPEN.parts(),
            part ->
                table.listed(
                    ListKey.partition(tenantId, ListKey.Kind.OPEN, LocalDate.EPOCH, part),
                    first,
                    LAST,
                    false,
                    limit + 1));
    return listed(
        found.stream()
            .filter(entry -> !entry.place().equals(first))
            .sorted(Comparator.comparing(AttributionTable.ListEntry::place))
            .limit(limit)
            .toList(),
        limit);
  }

  private static Attribution.Listed listed(List<AttributionTable.ListEntry> entries, int limit) {
    return new Attribution.Listed(
        entries.stream().map(entry -> new ReservationId(entry.hash())).toList(),
        entries.size() < limit ? null : Attribution.Cursor.ofPlace(entries.getLast().place()));
  }

  /// The sums of a tenant's decisions by the step of time in which they were made, oldest first.
  /// Steps without a decision are left out.
  ///
  /// @param step one minute, or a multiple of it that divides an hour or is one
  public Map<Instant, Amounts> activity(String tenantId, Instant from, Instant to, Duration step) {
    record Minute(Instant at, Amounts amounts) {}
    Map<Instant, Amounts.Builder> sums = new TreeMap<>();
    for (LocalDate day : daysBack(tenantId, ListKey.day(to), ListKey.day(from))) {
      List<Minute> minutes =
          SideBySide.read(
              MinuteKey.PARTS,
              part -> {
                List<Minute> some = new ArrayList<>();
                table.minutes(
                    tenantId,
                    day,
                    part,
                    from,
                    to,
                    (minute, amounts) -> some.add(new Minute(minute, amounts)));
                return some;
              });
      for (Minute minute : minutes) {
        long seconds = minute.at().getEpochSecond();
        Instant at = Instant.ofEpochSecond(seconds - Math.floorMod(seconds, step.toSeconds()));
        sums.computeIfAbsent(at, begins -> new Amounts.Builder()).add(minute.amounts());
      }
    }
    Map<Instant, Amounts> activity = new TreeMap<>();
    sums.forEach((at, sum) -> activity.put(at, sum.build()));
    return activity;
  }
}
