package io.budgetauthority.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.TransactionConflictException;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

/// A model of DynamoDB in memory: what the real one does to writers of one item at the same time.
///
/// - A transaction locks its items for 5 to 11 ms. One that meets a lock is cancelled with
///   `TransactionConflict` for each such item, and a single write of such an item with a
///   `TransactionConflictException`.
/// - Its items become visible one after the other in the last 2 ms, and it is answered after that.
/// - A batch is read item by item.
/// - A partition key takes 1,000 write units a second and is throttled beyond; a write in a
///   transaction takes two for each begun KB, also where it is cancelled.
/// - A call takes 1 to 2 ms on its way to the model and back.
final class ModelledDynamoDb implements DynamoDbClient {

  private static final long MILLI = 1_000_000;
  private static final int UNITS_A_SECOND = 1_000;
  private static final int KB = 1_024;

  /// An item by its table and its key.
  private record Place(String table, String pk, String sk) {
    static Place of(String table, Map<String, AttributeValue> key) {
      AttributeValue sk = key.get("sk");
      return new Place(
          table, Objects.requireNonNull(key.get("pk"), "pk").s(), sk == null ? "" : sk.s());
    }
  }

  /// The write units that a partition key took in one second.
  private record Units(long second, int taken) {}

  /// One write: what must be true of the item, and the item after it.
  private record Change(
      Place place,
      Map<String, AttributeValue> before,
      @Nullable Map<String, AttributeValue> after,
      boolean holds,
      boolean returnsStored) {}

  /// Is told what a transaction changed.
  interface Watch {
    /// @param available by how much the sum of all `avl` of the watched accounts changed
    void changed(long available);
  }

  private final ConcurrentMap<Place, Map<String, AttributeValue>> items = new ConcurrentHashMap<>();

  /// The places of each partition, by the names of the table and of the partition.
  private final ConcurrentMap<String, Set<Place>> partitions = new ConcurrentHashMap<>();

  private final ConcurrentMap<Place, Object> locks = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Units> units = new ConcurrentHashMap<>();
  private final Object applying = new Object();
  private final String watched;
  private final Watch watch;
  final AtomicLong transactions = new AtomicLong();
  final AtomicLong conflicts = new AtomicLong();
  final AtomicLong writeUnits = new AtomicLong();
  final AtomicLong itemsRead = new AtomicLong();

  /// @param watched how the partition keys of the watched accounts begin
  ModelledDynamoDb(String watched, Watch watch) {
    this.watched = watched;
    this.watch = watch;
  }

  @Override
  public String serviceName() {
    return "dynamodb";
  }

  @Override
  public void close() {}

  private static void pause(long minNanos, long maxNanos) {
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(minNanos, maxNanos));
  }

  private static void travel() {
    pause(MILLI / 2, MILLI);
  }

  private Map<String, AttributeValue> stored(Place place) {
    return items.getOrDefault(place, Map.of());
  }

  @Override
  public GetItemResponse getItem(GetItemRequest request) {
    travel();
    itemsRead.incrementAndGet();
    Map<String, AttributeValue> item = stored(Place.of(request.tableName(), request.key()));
    travel();
    return GetItemResponse.builder().item(item).build();
  }

  @Override
  public BatchGetItemResponse batchGetItem(BatchGetItemRequest request) {
    travel();
    Map<String, List<Map<String, AttributeValue>>> found = new HashMap<>();
    request
        .requestItems()
        .forEach(
            (table, keys) -> {
              itemsRead.addAndGet(keys.keys().size());
              for (Map<String, AttributeValue> key : keys.keys()) {
                if (ThreadLocalRandom.current().nextInt(8) == 0) {
                  pause(MILLI / 10, MILLI / 2);
                }
                Map<String, AttributeValue> item = stored(Place.of(table, key));
                if (!item.isEmpty()) {
                  found.computeIfAbsent(table, same -> new ArrayList<>()).add(item);
                }
              }
            });
    travel();
    return BatchGetItemResponse.builder().responses(found).unprocessedKeys(Map.of()).build();
  }

  /// A value of a key condition names the partition.
  @Override
  public QueryResponse query(QueryRequest request) {
    if (request.indexName() != null) {
      throw new UnsupportedOperationException("the model has no index " + request.indexName());
    }
    travel();
    List<Map<String, AttributeValue>> found =
        request.expressionAttributeValues().values().stream()
            .filter(value -> value.s() != null)
            .map(value -> partitions.getOrDefault(request.tableName() + value.s(), Set.of()))
            .flatMap(Set::stream)
            .map(this::stored)
            .filter(
                it ->
                    Expressions.holds(
                        request.keyConditionExpression(),
                        request.expressionAttributeNames(),
                        request.expressionAttributeValues(),
                        it))
            .sorted(Comparator.comparing(it -> Objects.requireNonNull(it.get("sk"), "sk").s()))
            .toList();
    travel();
    return QueryResponse.builder().items(found).count(found.size()).build();
  }

  @Override
  public PutItemResponse putItem(PutItemRequest request) {
    alone(
        () -> {
          Place place = Place.of(request.tableName(), request.item());
          return change(
              place,
              request.item(),
              request.conditionExpression(),
              request.expressionAttributeNames(),
              request.expressionAttributeValues(),
              true);
        });
    return PutItemResponse.builder().build();
  }

  @Override
  public UpdateItemResponse updateItem(UpdateItemRequest request) {
    alone(
        () ->
            update(
                request.tableName(),
                request.key(),
                request.updateExpression(),
                request.conditionExpression(),
                request.expressionAttributeNames(),
                request.expressionAttributeValues(),
                true));
    return UpdateItemResponse.builder().build();
  }

  @Override
  public DeleteItemResponse deleteItem(DeleteItemRequest request) {
    alone(
        () ->
            change(
                Place.of(request.tableName(), request.key()),
                null,
                request.conditionExpression(),
                request.expressionAttributeNames(),
                request.expressionAttributeValues(),
                true));
    return DeleteItemResponse.builder().build();
  }

  private interface Computed {
    Change change();
  }

  /// One write outside of a transaction.
  private void alone(Computed computed) {
    travel();
    pause(MILLI, 3 * MILLI);
    synchronized (applying) {
      Change change = computed.change();
      if (locks.containsKey(change.place())) {
        throw TransactionConflictException.builder()
            .message("another transaction writes the item")
            .statusCode(400)
            .build();
      }
      if (!change.holds()) {
        throw ConditionalCheckFailedException.builder()
            .message("the condition does not hold")
            .statusCode(400)
            .item(change.before().isEmpty() ? null : change.before())
            .build();
      }
      take(change, 1);
      apply(change);
      watch.changed(available(change));
    }
    travel();
  }

  private void apply(Change change) {
    if (change.after() == null) {
      items.remove(change.place());
    } else {
      Place place = change.place();
      items.put(place, change.after());
      if (change.before().isEmpty()) {
        partitions
            .computeIfAbsent(place.table() + place.pk(), same -> ConcurrentHashMap.newKeySet())
            .add(place);
      }
    }
  }

  private long available(Change change) {
    return change.place().pk().startsWith(watched) && change.place().sk().startsWith("acct#")
        ? avl(change.after() == null ? Map.of() : change.after()) - avl(change.before())
        : 0;
  }

  private static long avl(Map<String, AttributeValue> item) {
    AttributeValue value = item.get("avl");
    return value == null ? 0 : Long.parseLong(value.n());
  }

  private Change change(
      Place place,
      @Nullable Map<String, AttributeValue> after,
      @Nullable String condition,
      Map<String, String> names,
      Map<String, AttributeValue> values,
      boolean returnsStored) {
    Map<String, AttributeValue> before = stored(place);
    return new Change(
        place, before, after, Expressions.holds(condition, names, values, before), returnsStored);
  }

  private Change update(
      String table,
      Map<String, AttributeValue> key,
      String expression,
      @Nullable String condition,
      Map<String, String> names,
      Map<String, AttributeValue> values,
      boolean returnsStored) {
    Place place = Place.of(table, key);
    Map<String, AttributeValue> before = stored(place);
    if (!Expressions.holds(condition, names, values, before)) {
      return new Change(place, before, null, false, returnsStored);
    }
    Map<String, AttributeValue> after =
        new HashMap<>(Expressions.updated(expression, names, values, before));
    after.putAll(key);
    return new Change(place, before, after, true, returnsStored);
  }

  private Change change(TransactWriteItem write) {
    if (write.put() != null) {
      return change(
          Place.of(write.put().tableName(), write.put().item()),
          write.put().item(),
          write.put().conditionExpression(),
          write.put().expressionAttributeNames(),
          write.put().expressionAttributeValues(),
          write.put().returnValuesOnConditionCheckFailure() != null);
    }
    if (write.update() != null) {
      return update(
          write.update().tableName(),
          write.update().key(),
          write.update().updateExpression(),
          write.update().conditionExpression(),
          write.update().expressionAttributeNames(),
          write.update().expressionAttributeValues(),
          write.update().returnValuesOnConditionCheckFailure() != null);
    }
    if (write.delete() != null) {
      return change(
          Place.of(write.delete().tableName(), write.delete().key()),
          null,
          write.delete().conditionExpression(),
          write.delete().expressionAttributeNames(),
          write.delete().expressionAttributeValues(),
          false);
    }
    Place place = Place.of(write.conditionCheck().tableName(), write.conditionCheck().key());
    return change(
        place,
        stored(place),
        write.conditionCheck().conditionExpression(),
        write.conditionCheck().expressionAttributeNames(),
        write.conditionCheck().expressionAttributeValues(),
        false);
  }

  @Override
  public TransactWriteItemsResponse transactWriteItems(TransactWriteItemsRequest request) {
    travel();
    transactions.incrementAndGet();
    Object lock = new Object();
    List<Change> changes = new ArrayList<>();
    List<CancellationReason> reasons = new ArrayList<>();
    boolean cancelled = false;
    synchronized (applying) {
      for (TransactWriteItem write : request.transactItems()) {
        Change change = change(write);
        changes.add(change);
        String code = "None";
        if (locks.containsKey(change.place())) {
          code = "TransactionConflict";
        } else if (!take(change, 2)) {
          code = "ThrottlingError";
        } else if (!change.holds()) {
          code = "ConditionalCheckFailed";
        }
        cancelled |= !code.equals("None");
        reasons.add(
            CancellationReason.builder()
                .code(code)
                .item(change.returnsStored() ? change.before() : null)
                .build());
      }
      if (!cancelled) {
        changes.forEach(change -> locks.put(change.place(), lock));
      }
    }
    if (cancelled) {
      if (reasons.stream().anyMatch(it -> it.code().equals("TransactionConflict"))) {
        conflicts.incrementAndGet();
      }
      // It is cancelled once its first items were locked.
      pause(MILLI, 3 * MILLI);
      travel();
      throw TransactionCanceledException.builder()
          .message("cancelled")
          .statusCode(400)
          .awsErrorDetails(
              AwsErrorDetails.builder().errorCode("TransactionCanceledException").build())
          .cancellationReasons(reasons)
          .build();
    }
    pause(4 * MILLI, 8 * MILLI);
    long available = 0;
    for (int i = 0; i < changes.size(); i++) {
      if (i == changes.size() / 2) {
        pause(MILLI, 3 * MILLI);
      }
      apply(changes.get(i));
      available += available(changes.get(i));
    }
    synchronized (applying) {
      watch.changed(available);
      changes.forEach(change -> locks.remove(change.place(), lock));
    }
    travel();
    return TransactWriteItemsResponse.builder().build();
  }

  /// Takes the write units of a change; false where its partition key has none left this second.
  private boolean take(Change change, int each) {
    int needed =
        each
            * Math.max(
                1, (size(change.after() == null ? change.before() : change.after()) + KB - 1) / KB);
    writeUnits.addAndGet(needed);
    long second = System.nanoTime() / (1_000 * MILLI);
    boolean[] fits = {true};
    units.compute(
        change.place().table() + change.place().pk(),
        (key, before) -> {
          int taken = before == null || before.second() != second ? 0 : before.taken();
          fits[0] = taken + needed <= UNITS_A_SECOND;
          return new Units(second, fits[0] ? taken + needed : taken);
        });
    return fits[0];
  }

  private static int size(Map<String, AttributeValue> item) {
    int size = 0;
    for (Map.Entry<String, AttributeValue> one : item.entrySet()) {
      AttributeValue value = one.getValue();
      size += one.getKey().length();
      size += value.s() != null ? value.s().length() : 8;
    }
    return size;
  }
}
