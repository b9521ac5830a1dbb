package io.budgetauthority.attribution;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.tenant.StoredIds;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// The table of attribution: rows by tenant and day, a marker beside each decision, and an index by
/// run over both. This class knows the items and the conditions. [AttributionStream] knows what
/// they add up to. Safe for use by many threads.
public final class AttributionTable {

  static final int MAX_ITEMS_A_TRANSACTION = 100;

  private static final int MAX_KEYS_A_BATCH = 100;
  private static final int MAX_ATTEMPTS = 40;
  private static final int MIN_PAUSE_MILLIS = 5;
  private static final int MAX_PAUSE_MILLIS = 100;
  private static final String OF_RUN = "of-run";

  /// A marker is replaced only by one that was computed from it.
  private static final String NO_MARKER = "attribute_not_exists(pk)";

  private static final String SAME_MARKER = "ver = :seen";

  /// The number of changes of a row, by which a rebuild sees that the row changed.
  private static final String CHANGES = "chg";

  private static final int MAX_NOTED_DAYS = 50_000;

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Cache<Day, Boolean> notedDays =
      Caffeine.newBuilder().maximumSize(MAX_NOTED_DAYS).build();

  public AttributionTable(DynamoDbClient dynamoDb, String table) {
    this.dynamoDb = dynamoDb;
    this.table = table;
  }

  /// A row as it is stored.
  ///
  /// @param changes how often it was changed
  record Row(RowKey key, Amounts amounts, long changes) {}

  /// Those markers of these decisions that exist, strongly consistent.
  Map<String, Marker> markers(Collection<String> hashes) {
    Map<String, Marker> markers = new HashMap<>();
    for (Map<String, AttributeValue> item : get(hashes.stream().map(Marker::key).toList(), true)) {
      Marker marker = Marker.read(item);
      markers.put(marker.hash(), marker);
    }
    return markers;
  }

  private List<Map<String, AttributeValue>> get(
      List<Map<String, AttributeValue>> keys, boolean consistent) {
    List<Map<String, AttributeValue>> items = new ArrayList<>();
    for (int from = 0; from < keys.size(); from += MAX_KEYS_A_BATCH) {
      Map<String, KeysAndAttributes> wanted =
          Map.of(
              table,
              KeysAndAttributes.builder()
                  .keys(keys.subList(from, Math.min(keys.size(), from + MAX_KEYS_A_BATCH)))
                  .consistentRead(consistent)
                  .build());
      for (int attempt = 0; !wanted.isEmpty(); attempt++) {
        if (attempt > 0) {
          pauseOrGiveUp(attempt, "keys stayed unread");
        }
        Map<String, KeysAndAttributes> asked = wanted;
        BatchGetItemResponse answer = dynamoDb.batchGetItem(get -> get.requestItems(asked));
        answer.responses().values().forEach(items::addAll);
        wanted = answer.unprocessedKeys();
      }
    }
    return items;
  }

  /// A write that replaces the marker from which the next one was computed.
  TransactWriteItem replace(@Nullable Marker seen, Marker next) {
    Put.Builder put = Put.builder().tableName(table).item(next.write());
    if (seen == null) {
      put.conditionExpression(NO_MARKER);
    } else {
      put.conditionExpression(SAME_MARKER)
          .expressionAttributeValues(Map.of(":seen", number(seen.version())));
    }
    return TransactWriteItem.builder().put(put.build()).build();
  }

  /// A write that adds amounts to a row. The first one creates the row.
  TransactWriteItem add(RowKey row, Amounts amounts) {
    Map<String, String> names = new HashMap<>();
    Map<String, AttributeValue> values = new HashMap<>();
    List<String> sets = new ArrayList<>();
    List<String> adds = new ArrayList<>();
    row.write()
        .forEach(
            (name, value) -> {
              names.put("#s" + sets.size(), name);
              values.put(":s" + sets.size(), value);
              sets.add("#s" + sets.size() + " = :s" + sets.size());
            });
    if (row.runId() != null) {
      values.put(":run", text(RowKey.runKey(row.tenantId(), row.runId())));
      values.put(":place", text(placeInRun(row)));
      sets.add("of_run = :run");
      sets.add("of_run_at = :place");
    }
    Map<String, AttributeValue> added = new HashMap<>(amounts.write());
    added.put(CHANGES, number(1));
    added.forEach(
        (name, value) -> {
          names.put("#a" + adds.size(), name);
          values.put(":a" + adds.size(), value);
          adds.add("#a" + adds.size() + " :a" + adds.size());
        });
    return TransactWriteItem.builder()
        .update(
            Update.builder()
                .tableName(table)
                .key(row.key())
                .updateExpression(
                    "SET " + String.join(", ", sets) + " ADD " + String.join(", ", adds))
                .expressionAttributeNames(names)
                .expressionAttributeValues(values)
                .build())
        .build();
  }

  private static String placeInRun(RowKey row) {
    return "row#" + row.day() + '#' + row.sortKey();
  }

  /// Writes all of it, or nothing. False where a condition fails. After a conflict or throttling it
  /// waits and tries again. Where the answer of a write was lost, the write is sent again and its
  /// condition fails.
  boolean write(List<TransactWriteItem> writes) {
    if (writes.size() > MAX_ITEMS_A_TRANSACTION) {
      throw new IllegalArgumentException(writes.size() + " writes are too many for a transaction");
    }
    TransactWriteItemsRequest request =
        TransactWriteItemsRequest.builder().transactItems(writes).build();
    for (int attempt = 1; ; attempt++) {
      try {
        dynamoDb.transactWriteItems(request);
        return true;
      } catch (TransactionCanceledException e) {
        List<String> codes =
            e.cancellationReasons().stream().map(AttributionTable::codeOf).toList();
        if (codes.contains("ConditionalCheckFailed")) {
          return false;
        }
        if (codes.contains("ValidationError")) {
          throw e;
        }
        pauseOrGiveUp(attempt, "rows stayed busy: " + codes.stream().distinct().toList());
      }
    }
  }

  private static String codeOf(CancellationReason reason) {
    return reason.code() == null ? "None" : reason.code();
  }

  private static void pauseOrGiveUp(int attempt, String why) {
    if (attempt >= MAX_ATTEMPTS) {
      throw new AttributionContended(why);
    }
    try {
      Thread.sleep(ThreadLocalRandom.current().nextInt(MIN_PAUSE_MILLIS, MAX_PAUSE_MILLIS + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AttributionContended("interrupted: " + why);
    }
  }

  /// Notes the days of rows that are about to be written, so that a query over many days reads only
  /// those that have rows.
  void noteDays(Collection<RowKey> rows) {
    for (RowKey row : rows) {
      Day day = new Day(row.tenantId(), row.day());
      if (notedDays.getIfPresent(day) == null) {
        dynamoDb.putItem(it -> it.tableName(table).item(day.key()));
        notedDays.put(day, true);
      }
    }
  }

  /// The days of a tenant that have rows, by time.
  List<LocalDate> days(String tenantId, LocalDate from, LocalDate to) {
    List<LocalDate> days = new ArrayList<>();
    query(
        QueryRequest.builder()
            .tableName(table)
            .consistentRead(true)
            .keyConditionExpression("pk = :pk AND sk BETWEEN :from AND :to")
            .expressionAttributeValues(
                Map.of(
                    ":pk", text(Day.partitionKey(tenantId)),
                    ":from", text(from.toString()),
                    ":to", text(to.toString())))
            .build(),
        page -> page.forEach(item -> days.add(LocalDate.parse(text(item, "sk")))));
    return days;
  }

  private record Day(String tenantId, LocalDate date) {
    static String partitionKey(String tenantId) {
      return StoredIds.escape(tenantId) + "#days";
    }

    Map<String, AttributeValue> key() {
      return Map.of("pk", text(partitionKey(tenantId)), "sk", text(date.toString()));
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
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":pk", text(RowKey.partitionKey(tenantId, day)));
    if (!sortKeyPrefix.isEmpty()) {
      values.put(":prefix", text(sortKeyPrefix));
    }
    query(
        QueryRequest.builder()
            .tableName(table)
            .consistentRead(consistent)
            .keyConditionExpression(
                sortKeyPrefix.isEmpty() ? "pk = :pk" : "pk = :pk AND begins_with(sk, :prefix)")
            .expressionAttributeValues(values)
            .build(),
        page -> page.forEach(item -> consumer.accept(readRow(item))));
  }

  /// The rows of a run over these days, both included.
  void rowsOfRun(
      String tenantId, String runId, LocalDate from, LocalDate to, Consumer<Row> consumer) {
    query(
        QueryRequest.builder()
            .tableName(table)
            .indexName(OF_RUN)
            .keyConditionExpression("of_run = :run AND of_run_at BETWEEN :from AND :to")
            .expressionAttributeValues(
                Map.of(
                    ":run", text(RowKey.runKey(tenantId, runId)),
                    ":from", text("row#" + from),
                    ":to", text("row#" + to.plusDays(1))))
            .build(),
        page ->
            get(page.stream().map(AttributionTable::keyOf).toList(), false)
                .forEach(item -> consumer.accept(readRow(item))));
  }

  /// The hashes of a run's decisions, newest first.
  ///
  /// @param before the place of the last decision of the page before; null for the first page
  List<RunEntry> decisionsOfRun(String tenantId, String runId, int limit, @Nullable String before) {
    QueryRequest request =
        QueryRequest.builder()
            .tableName(table)
            .indexName(OF_RUN)
            .keyConditionExpression("of_run = :run AND of_run_at BETWEEN :from AND :to")
            .expressionAttributeValues(
                Map.of(
                    ":run", text(RowKey.runKey(tenantId, runId)),
                    ":from", text("decision#"),
                    ":to", text(before == null ? "decision#~" : before)))
            .scanIndexForward(false)
            // One more, because BETWEEN includes the last one of the page before.
            .limit(limit + 1)
            .build();
    return dynamoDb.query(request).items().stream()
        .map(item -> new RunEntry(text(item, "pk"), text(item, "of_run_at")))
        .filter(place -> !place.at().equals(before))
        .limit(limit)
        .toList();
  }

  /// A decision in the list of its run.
  record RunEntry(String hash, String at) {}

  private void query(QueryRequest request, Consumer<List<Map<String, AttributeValue>>> page) {
    Map<String, AttributeValue> next = Map.of();
    do {
      QueryResponse answer =
          dynamoDb.query(
              next.isEmpty() ? request : request.toBuilder().exclusiveStartKey(next).build());
      page.accept(answer.items());
      next = answer.lastEvaluatedKey();
    } while (!next.isEmpty());
  }

  private static Map<String, AttributeValue> keyOf(Map<String, AttributeValue> item) {
    return Map.of("pk", text(text(item, "pk")), "sk", text(text(item, "sk")));
  }

  private static Row readRow(Map<String, AttributeValue> item) {
    return new Row(RowKey.read(item), Amounts.read(item), number(item, CHANGES));
  }

  /// A write that adds what a row lacks, unless the row was changed since it was read.
  TransactWriteItem correct(Row row, Amounts lacking) {
    Update add = add(row.key(), lacking).update();
    Map<String, AttributeValue> values = new HashMap<>(add.expressionAttributeValues());
    values.put(":seen", number(row.changes()));
    return TransactWriteItem.builder()
        .update(
            add.toBuilder()
                .conditionExpression(CHANGES + " = :seen")
                .expressionAttributeValues(values)
                .build())
        .build();
  }

  /// A write that creates a row, unless it exists.
  TransactWriteItem make(RowKey row, Amounts amounts) {
    return TransactWriteItem.builder()
        .update(
            add(row, amounts).update().toBuilder()
                .conditionExpression("attribute_not_exists(pk)")
                .build())
        .build();
  }
}
