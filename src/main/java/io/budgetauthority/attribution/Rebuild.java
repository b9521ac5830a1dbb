package io.budgetauthority.attribution;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Rebuilds the rows of attribution from the decisions that are stored, while the stream is
/// consumed and queries are answered. First every stored decision gets the marker that it should
/// have, and its rows with it. Then each row of a day whose decisions are all still stored becomes
/// the sum of their markers. Older days are left alone, because only their rows have the amounts of
/// decisions that were deleted at the end of their retention.
public final class Rebuild {

  /// No policy may keep decisions for less than this (protocol.md#policy), so younger days have all
  /// of theirs.
  private static final Duration LEAST_RETENTION = Duration.ofDays(15);

  private final AttributionTable table;
  private final AttributionStream stream;
  private final DecisionScan decisions;
  private final Policies policies;
  private final Clock clock;

  public Rebuild(
      AttributionTable table,
      AttributionStream stream,
      DecisionScan decisions,
      Policies policies,
      Clock clock) {
    this.table = table;
    this.stream = stream;
    this.decisions = decisions;
    this.policies = policies;
    this.clock = clock;
  }

  /// What a rebuild did.
  ///
  /// @param decisions how many were read
  /// @param markersRepaired how many markers were missing or wrong
  /// @param daysRebuilt the days that were rebuilt
  /// @param daysLeft the days that were left alone because decisions of them are missing
  /// @param rowsRight how many rows were as they should be
  /// @param rowsCorrected how many rows were not
  /// @param rowsMoving how many rows the stream changed meanwhile; they are left for another run
  public record Result(
      long decisions,
      long markersRepaired,
      List<String> daysRebuilt,
      List<String> daysLeft,
      long rowsRight,
      long rowsCorrected,
      long rowsMoving) {}

  /// A day of a tenant.
  private record Day(String tenantId, LocalDate date) implements Comparable<Day> {
    @Override
    public int compareTo(Day other) {
      return Comparator.comparing(Day::tenantId).thenComparing(Day::date).compare(this, other);
    }

    @Override
    public String toString() {
      return tenantId + " " + date;
    }
  }

  /// @param tenantId the one tenant whose days are rebuilt; empty for all
  public Result run(String tenantId) {
    Counts counts = new Counts();
    Set<Day> days = new TreeSet<>();
    decisions.each(
        tenantId,
        page -> {
          List<Change.Stepped> steps = page.stream().map(Change::current).toList();
          counts.decisions += steps.size();
          for (List<Change.Stepped> some : inBatches(steps)) {
            counts.repaired += stream.repair(some);
          }
          markersOf(page).forEach(marker -> days.add(dayOf(marker)));
        });
    // The rows are read before the markers that they are compared with. What is added after this
    // changes its row, which is then left for another run.
    addYoung(days);
    Map<Day, Map<RowKey, AttributionTable.Row>> stored = new TreeMap<>();
    days.forEach(day -> stored.put(day, rowsOf(day)));
    Map<Day, Map<RowKey, Amounts.Builder>> sums = new HashMap<>();
    decisions.each(
        tenantId,
        page ->
            markersOf(page)
                .forEach(
                    marker ->
                        sums.computeIfAbsent(dayOf(marker), day -> new HashMap<>())
                            .computeIfAbsent(marker.row(), row -> new Amounts.Builder())
                            .add(marker.total())));
    List<String> rebuilt = new ArrayList<>();
    List<String> left = new ArrayList<>();
    stored.forEach(
        (day, rows) -> {
          Map<RowKey, Amounts> wanted =
              sums.getOrDefault(day, Map.of()).entrySet().stream()
                  .collect(Collectors.toMap(Map.Entry::getKey, sum -> sum.getValue().build()));
          if (rows.isEmpty() && wanted.isEmpty()) {
            return;
          }
          if (isWhole(day, rows, wanted)) {
            rebuilt.add(day.toString());
            table.noteDays(rows.keySet());
            correct(rows, wanted, counts);
          } else {
            left.add(day.toString());
          }
        });
    return new Result(
        counts.decisions,
        counts.repaired,
        List.copyOf(rebuilt),
        List.copyOf(left),
        counts.right,
        counts.corrected,
        counts.moving);
  }

  /// Adds the days that the shortest retention covers, also those of which no decision is left or
  /// ever existed: they may still have rows.
  private void addYoung(Set<Day> days) {
    for (String tenant : days.stream().map(Day::tenantId).distinct().toList()) {
      LocalDate today = clock.instant().atZone(zoneOf(tenant)).toLocalDate();
      today
          .minusDays(LEAST_RETENTION.toDays() - 1)
          .datesUntil(today.plusDays(1))
          .forEach(date -> days.add(new Day(tenant, date)));
    }
  }

  private ZoneId zoneOf(String tenantId) {
    return policies.of(tenantId).policy().timeZone();
  }

  private static final class Counts {
    long decisions;
    long repaired;
    long right;
    long corrected;
    long moving;
  }

  private static List<List<Change.Stepped>> inBatches(List<Change.Stepped> steps) {
    List<List<Change.Stepped>> batches = new ArrayList<>();
    for (int from = 0; from < steps.size(); from += Database.MAX_WRITES_A_TRANSACTION) {
      batches.add(
          steps.subList(from, Math.min(steps.size(), from + Database.MAX_WRITES_A_TRANSACTION)));
    }
    return batches;
  }

  private List<Marker> markersOf(List<Reservation> page) {
    return List.copyOf(table.markers(page.stream().map(it -> it.id().hash()).toList()).values());
  }

  private static Day dayOf(Marker marker) {
    return new Day(marker.row().tenantId(), marker.row().day());
  }

  private Map<RowKey, AttributionTable.Row> rowsOf(Day day) {
    Map<RowKey, AttributionTable.Row> rows = new HashMap<>();
    table.rowsOf(day.tenantId(), day.date(), "", true, row -> rows.put(row.key(), row));
    return rows;
  }

  /// Whether all decisions of a day are still stored. They are for a day that the shortest
  /// retention covers. For an older day, no row may count more decisions than were found.
  private boolean isWhole(
      Day day, Map<RowKey, AttributionTable.Row> stored, Map<RowKey, Amounts> wanted) {
    if (day.date()
        .atStartOfDay(zoneOf(day.tenantId()))
        .toInstant()
        .isAfter(clock.instant().minus(LEAST_RETENTION))) {
      return true;
    }
    return stored.values().stream()
        .allMatch(
            row ->
                row.amounts().of(Measure.DECISIONS)
                    <= wanted.getOrDefault(row.key(), Amounts.NONE).of(Measure.DECISIONS));
  }

  private void correct(
      Map<RowKey, AttributionTable.Row> stored, Map<RowKey, Amounts> wanted, Counts counts) {
    stored
        .values()
        .forEach(
            row -> {
              Amounts lacking = wanted.getOrDefault(row.key(), Amounts.NONE).minus(row.amounts());
              if (lacking.isNothing()) {
                counts.right++;
              } else if (table.write(List.of(table.correct(row, lacking)))) {
                counts.corrected++;
              } else {
                counts.moving++;
              }
            });
    wanted.forEach(
        (row, amounts) -> {
          if (stored.containsKey(row) || amounts.isNothing()) {
            return;
          }
          table.noteDays(List.of(row));
          if (table.write(List.of(table.create(row, amounts)))) {
            counts.corrected++;
          } else {
            counts.moving++;
          }
        });
  }
}
