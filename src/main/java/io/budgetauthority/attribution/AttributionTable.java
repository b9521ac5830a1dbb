package io.budgetauthority.attribution;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Page;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The table of attribution: rows by tenant and day, a marker beside each decision, and an index by
/// run over both. This class knows the items and the conditions. [AttributionStream] knows what
/// they add up to. Safe for use by many threads.
public final class AttributionTable {

  /// How long one call may take. The batches of a stream are processed in the background, so they
  /// may wait longer than a request.
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static final int PAGE = 1_000;
  private static final String OF_RUN = "of-run";
  private static final String OF_TENANT = "of-tenant";

  /// How long the sums of a minute are kept.
  private static final Duration MINUTES_KEPT = Duration.ofDays(35);

  /// A marker is replaced only by one that was computed from it.
  private static final String SAME_MARKER = "ver = :seen";

  /// The number of changes of a row, by which a rebuild sees that the row changed.
  private static final String CHANGES = "chg";

  private static final int MAX_NOTED_DAYS = 50_000;

  private final Database database;
  private final String table;
  private final Cache<Day, Boolean> notedDays =
      Caffeine.newBuilder().maximumSize(MAX_NOTED_DAYS).build();

  public AttributionTable(Database database, String table) {
    this.database = database;
    this.table = table;
  }

  /// A row as it is stored.
  ///
  /// @param changes how often it was changed
  record Row(RowKey key, Amounts amounts, long changes) {}

  /// Those markers of these decisions that exist, strongly consistent.
  Map<String, Marker> markers(Collection<String> hashes) {
    Map<String, Marker> markers = new HashMap<>();
    for (Attributes item :
        database.getAll(table, hashes.stream().map(Marker::key).toList(), deadline())) {
      Marker marker = Marker.read(item);
      markers.put(marker.hash(), marker);
    }
    return markers;
  }

  private static Deadline deadline() {
    return Deadline.in(TIMEOUT);
  }

  /// A write that replaces the marker from which the next one was computed.
  Write replace(@Nullable Marker seen, Marker next) {
    return new Write.Put(
        table,
        next.write(),
        seen == null
            ? Write.Condition.ABSENT
            : new Write.Condition(SAME_MARKER, Attributes.of(":seen", seen.version())));
  }

  /// A write that adds amounts to a row. The first one creates the row.
  Write.Update add(RowKey row, Amounts amounts) {
    Attributes.Builder dimensions = row.write().toBuilder();
    if (row.runId() != null) {
      dimensions.put("of_run", RowKey.runKey(row.tenantId(), row.runId()));
      dimensions.put("of_run_at", placeInRun(row));
    }
    Map<String, Long> added = new HashMap<>(amounts.byStoredName());
    added.put(CHANGES, 1L);
    return Write.Update.at(table, row.key()).set(dimensions.build()).add(added).build();
  }

  /// A write that adds amounts to the sums of a minute. The first one creates the item.
  Write.Update add(MinuteKey minute, Amounts amounts) {
    return Write.Update.at(table, minute.key())
        .set(Attributes.of("ttl", minute.minute().plus(MINUTES_KEPT).getEpochSecond()))
        .add(amounts.byStoredName())
        .build();
  }

  /// Passes on the sums of a tenant's minutes in one part of a day, in UTC.
  ///
  /// @param from the first minute
  /// @param to the last minute
  void minutes(
      String tenantId,
      LocalDate day,
      int part,
      Instant from,
      Instant to,
      BiConsumer<Instant, Amounts> consumer) {
    database.each(
        Query.between(
                table, MinuteKey.partitionKey(tenantId, day, part), from.toString(), to.toString())
            .eventuallyConsistent(),
        AttributionTable::deadline,
        item -> consumer.accept(MinuteKey.minuteOf(item), Amounts.read(item)));
  }

  /// The decisions of one part of a list, oldest first.
  ///
  /// @param from the first place; `to`: the last, both included
  /// @param newestFirst whether the order is reversed
  List<ListEntry> listed(String partition, String from, String to, boolean newestFirst, int limit) {
    Query query =
        Query.ofIndex(
            table,
            OF_TENANT,
            "of_tenant = :part AND of_tenant_at BETWEEN :from AND :to",
            Attributes.builder().put(":part", partition).put(":from", from).put(":to", to).build());
    return database.first(newestFirst ? query.reversed() : query, limit, deadline()).stream()
        .map(item -> new ListEntry(item.text("pk"), item.text("of_tenant_at")))
        .toList();
  }

  /// A decision in a list of its tenant.
  record ListEntry(String hash, String place) {}

  private static String placeInRun(RowKey row) {
    return "row#" + row.day() + '#' + row.sortKey();
  }

  /// Writes all of it, or nothing. False where a condition fails. Where the answer of a write was
  /// lost, the write is sent again and its condition fails.
  boolean write(List<? extends Write> writes) {
    return database.transact(writes, deadline()).isDone();
  }

  /// Notes the days of rows that are about to be written, so that a query over many days reads only
  /// those that have rows.
  void noteDays(Collection<RowKey> rows) {
    for (RowKey row : rows) {
      Day day = new Day(row.tenantId(), row.day());
      if (notedDays.getIfPresent(day) == null) {
        var unused =
            database.write(new Write.Put(table, Attributes.at(day.key()).build()), deadline());
        notedDays.put(day, true);
      }
    }
  }

  /// The days of a tenant that have rows, by time.
  List<LocalDate> days(String tenantId, LocalDate from, LocalDate to) {
    List<LocalDate> days = new ArrayList<>();
    database.each(
        Query.between(table, Day.partitionKey(tenantId), from.toString(), to.toString()),
        AttributionTable::deadline,
        item -> days.add(LocalDate.parse(item.text("sk"))));
    return days;
  }

  private record Day(String tenantId, LocalDate date) {
    static String partitionKey(String tenantId) {
      return StoredIds.escape(tenantId) + "#days";
    }

    Key key() {
      return new Key(partitionKey(tenantId), date.toString());
    }
  }

  /// All rows of a day, or only those of one user.
  ///
  /// @param sortKeyPrefix what the rows' sort keys begin with; empty for all
  void rowsOf(
      String tenantId,
      LocalDate day,
      String sortKeyPrefix,
      boolean consistent,
      Consumer<Row> consumer) {
    Query rows = Query.prefix(table, RowKey.partitionKey(tenantId, day), sortKeyPrefix);
    database.each(
        consistent ? rows : rows.eventuallyConsistent(),
        AttributionTable::deadline,
        item -> consumer.accept(readRow(item)));
  }

  /// The rows of a run over these days, both included.
  void rowsOfRun(
      String tenantId, String runId, LocalDate from, LocalDate to, Consumer<Row> consumer) {
    Query places = ofRun(tenantId, runId, "row#" + from, "row#" + to.plusDays(1));
    Page.Next next = null;
    do {
      Page<Attributes> page = database.page(places, PAGE, next, deadline());
      database
          .getAllEventually(table, page.items().stream().map(Attributes::key).toList(), deadline())
          .forEach(item -> consumer.accept(readRow(item)));
      next = page.next();
    } while (next != null);
  }

  private Query ofRun(String tenantId, String runId, String from, String to) {
    return Query.ofIndex(
        table,
        OF_RUN,
        "of_run = :run AND of_run_at BETWEEN :from AND :to",
        Attributes.builder()
            .put(":run", RowKey.runKey(tenantId, runId))
            .put(":from", from)
            .put(":to", to)
            .build());
  }

  /// The hashes of a run's decisions, newest first.
  ///
  /// @param before the place of the last decision of the page before; null for the first page
  List<RunEntry> decisionsOfRun(String tenantId, String runId, int limit, @Nullable String before) {
    Query newestFirst =
        ofRun(tenantId, runId, "decision#", before == null ? "decision#~" : before).reversed();
    // One more, because BETWEEN includes the last one of the page before.
    return database.first(newestFirst, limit + 1, deadline()).stream()
        .map(item -> new RunEntry(item.text("pk"), item.text("of_run_at")))
        .filter(place -> !place.at().equals(before))
        .limit(limit)
        .toList();
  }

  /// A decision in the list of its run.
  record RunEntry(String hash, String at) {}

  private static Row readRow(Attributes item) {
    return new Row(RowKey.read(item), Amounts.read(item), item.number(CHANGES));
  }

  /// A write that adds what a row lacks, unless the row was changed since it was read.
  Write correct(Row row, Amounts lacking) {
    return add(row.key(), lacking)
        .onlyIf(new Write.Condition(CHANGES + " = :seen", Attributes.of(":seen", row.changes())));
  }

  /// A write that creates a row, unless it exists.
  Write create(RowKey row, Amounts amounts) {
    return add(row, amounts).onlyIf(Write.Condition.ABSENT);
  }
}
