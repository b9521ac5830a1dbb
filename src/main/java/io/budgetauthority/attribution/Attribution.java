package io.budgetauthority.attribution;

import io.budgetauthority.ledger.ReservationId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Answers what was spent: sums of rows by any dimensions, under any filter, and the list of a
/// run's decisions. All of it is as far behind the ledger as the stream's consumer is: about a
/// second. Safe for use by many threads.
public final class Attribution {

  /// The most days that one query may cover.
  public static final int MAX_DAYS = 400;

  /// The most groups that one query may have, because all of them are in memory to find the
  /// biggest.
  public static final int MAX_GROUPS = 100_000;

  private static final Pattern PLACE = Pattern.compile("(\\d{1,13})\\.([0-9A-HJKMNP-TV-Z]{32})");

  private final AttributionTable table;

  public Attribution(AttributionTable table) {
    this.table = table;
  }

  /// A query.
  ///
  /// @param from and `to`: days in the tenant's zone, both included
  /// @param filter the values that rows must have, by dimension; an empty text means not stated
  /// @param groupBy the dimensions that rows are grouped by; empty for one sum over all
  /// @param monthly whether each calendar month makes groups of its own
  public record Query(
      String tenantId,
      LocalDate from,
      LocalDate to,
      Map<Dimension, String> filter,
      List<Dimension> groupBy,
      boolean monthly) {

    public Query {
      filter = Map.copyOf(filter);
      groupBy = List.copyOf(groupBy);
      if (to.isBefore(from) || from.plusDays(MAX_DAYS).isBefore(to.plusDays(1))) {
        throw new IllegalArgumentException(from + " to " + to + " is not 1 to 400 days");
      }
    }
  }

  /// What the rows of a group have in common, and their sums.
  ///
  /// @param values one for each dimension of the grouping, null for what was not stated
  /// @param month null where months are not separate
  public record Group(List<@Nullable String> values, @Nullable YearMonth month, Amounts amounts) {

    private static final Comparator<@Nullable String> NONE_FIRST =
        Comparator.nullsFirst(Comparator.naturalOrder());

    /// By money, the most first, then by values, so that groups of equal money have an order too.
    public static final Comparator<Group> BIGGEST_FIRST =
        Comparator.comparingLong((Group group) -> group.amounts.of(Measure.COMMITTED_USD))
            .reversed()
            .thenComparing(Group::compareValues);

    /// By values, the greatest first: the newest day first, where the day is the first value.
    public static final Comparator<Group> NEWEST_FIRST =
        (left, right) -> compareValues(right, left);

    private static int compareValues(Group left, Group right) {
      for (int i = 0; i < left.values.size() && i < right.values.size(); i++) {
        int order = NONE_FIRST.compare(left.values.get(i), right.values.get(i));
        if (order != 0) {
          return order;
        }
      }
      return Comparator.nullsFirst(Comparator.<YearMonth>naturalOrder())
          .compare(left.month, right.month);
    }
  }

  /// A query has more groups than can be compared: it needs a filter, or fewer days.
  public static final class TooManyGroups extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyGroups() {
      super("more than " + MAX_GROUPS + " groups");
    }
  }

  /// The groups of a query, in no order.
  public List<Group> groups(Query query) {
    record Shared(List<@Nullable String> values, @Nullable YearMonth month) {}
    Map<Shared, Amounts.Builder> sums = new HashMap<>();
    rows(
        query,
        row -> {
          List<@Nullable String> values = new ArrayList<>(query.groupBy().size());
          query.groupBy().forEach(dimension -> values.add(row.key().of(dimension)));
          Shared shared =
              new Shared(values, query.monthly() ? YearMonth.from(row.key().day()) : null);
          sums.computeIfAbsent(shared, group -> new Amounts.Builder()).add(row.amounts());
          if (sums.size() > MAX_GROUPS) {
            throw new TooManyGroups();
          }
        });
    List<Group> groups = new ArrayList<>(sums.size());
    sums.forEach(
        (shared, sum) -> groups.add(new Group(shared.values(), shared.month(), sum.build())));
    return groups;
  }

  /// Passes on the rows of a query. A row that counts no decision any more is left out.
  private void rows(Query query, Consumer<AttributionTable.Row> consumer) {
    Consumer<AttributionTable.Row> matching =
        row -> {
          if (matches(query, row.key()) && row.amounts().of(Measure.DECISIONS) != 0) {
            consumer.accept(row);
          }
        };
    String run = query.filter().get(Dimension.RUN);
    if (run != null && !run.isEmpty()) {
      table.rowsOfRun(query.tenantId(), run, query.from(), query.to(), matching);
      return;
    }
    String user = query.filter().get(Dimension.USER);
    String prefix = user == null ? "" : RowKey.userPrefix(user);
    table
        .days(query.tenantId(), query.from(), query.to())
        .forEach(day -> table.rowsOf(query.tenantId(), day, prefix, false, matching));
  }

  private static boolean matches(Query query, RowKey row) {
    return query.filter().entrySet().stream()
        .allMatch(
            wanted ->
                wanted.getValue().equals(Objects.requireNonNullElse(row.of(wanted.getKey()), "")));
  }

  /// The place where a page of a run's decisions ended.
  ///
  /// @param createdAt when its last decision was made
  public record Cursor(Instant createdAt, String hash) {

    /// Reads what [#toString] wrote; empty where the text is not a cursor.
    public static Optional<Cursor> parse(String text) {
      Matcher matcher = PLACE.matcher(text);
      return matcher.matches()
          ? Optional.of(
              new Cursor(Instant.ofEpochMilli(Long.parseLong(matcher.group(1))), matcher.group(2)))
          : Optional.empty();
    }

    static Cursor ofPlace(String place) {
      String[] parts = place.split("#", 2);
      return new Cursor(Instant.ofEpochMilli(Long.parseLong(parts[0])), parts[1]);
    }

    String place() {
      return ListKey.place(createdAt, hash);
    }

    @Override
    public String toString() {
      return createdAt.toEpochMilli() + "." + hash;
    }
  }

  /// A page of the decisions of a run.
  ///
  /// @param next where the page ended; null at the end of the list
  public record Listed(List<ReservationId> ids, @Nullable Cursor next) {}

  /// The decisions of a run, blocks included, newest first.
  ///
  /// @param after where the page before ended; null for the first page
  public Listed decisionsOfRun(String tenantId, String runId, int limit, @Nullable Cursor after) {
    List<AttributionTable.RunEntry> places =
        table.decisionsOfRun(
            tenantId,
            runId,
            limit,
            after == null ? null : Marker.placeInRun(after.createdAt(), after.hash()));
    List<ReservationId> ids =
        places.stream().map(place -> new ReservationId(place.hash())).toList();
    return new Listed(ids, places.size() < limit ? null : cursorOf(places.getLast()));
  }

  private static Cursor cursorOf(AttributionTable.RunEntry place) {
    String[] parts = place.at().split("#", -1);
    return new Cursor(Instant.ofEpochMilli(Long.parseLong(parts[1])), place.hash());
  }
}
