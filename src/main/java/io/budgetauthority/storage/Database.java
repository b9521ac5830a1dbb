package io.budgetauthority.storage;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.TransactionConflictException;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Sends every call to DynamoDB. It sends a call again until its deadline where no answer came, and
/// reads a cancelled transaction as ledger.md#reserve says. A call that got no answer by its
/// deadline throws [StorageUnavailable]. One that was throttled or conflicted until then throws
/// [StorageContended]. Safe for use by many threads.
public final class Database {

  /// The most writes of one transaction.
  public static final int MAX_WRITES_A_TRANSACTION = 100;

  public static final int MAX_KEYS_A_BATCH = 100;
  private static final int MAX_PUTS_A_BATCH = 25;
  private static final Set<String> THROTTLED =
      Set.of("ThrottlingError", "ProvisionedThroughputExceeded");

  private final DynamoDbClient client;
  private final StorageListener listener;
  private volatile boolean reachable = true;

  /// A database whose calls nobody counts.
  public Database(DynamoDbClient client) {
    this(client, StorageListener.NONE);
  }

  public Database(DynamoDbClient client, StorageListener listener) {
    this.client = client;
    this.listener = listener;
  }

  /// Whether the last call was answered. It is shown in the health of the process and decides
  /// nothing.
  public boolean isReachable() {
    return reachable;
  }

  /// One item, strongly consistent; empty where it does not exist.
  public Optional<Attributes> get(String table, Key key, Deadline deadline) {
    Map<String, AttributeValue> item =
        send(
                deadline,
                GetItemRequest.builder()
                    .tableName(table)
                    .key(key.toSdk())
                    .consistentRead(true)
                    .build(),
                client::getItem)
            .item();
    return item == null || item.isEmpty() ? Optional.empty() : Optional.of(Attributes.of(item));
  }

  /// Every item that exists for these keys of one table, strongly consistent.
  public List<Attributes> getAll(String table, Collection<Key> keys, Deadline deadline) {
    return getAll(Map.of(table, keys), true, deadline);
  }

  /// Every item that exists for these keys of one table, as a replica has them.
  public List<Attributes> getAllEventually(String table, Collection<Key> keys, Deadline deadline) {
    return getAll(Map.of(table, keys), false, deadline);
  }

  /// Every item that exists for these keys by table, strongly consistent. It takes one call where
  /// the keys fit into one batch and the server answers all of them.
  public List<Attributes> getAll(Map<String, ? extends Collection<Key>> keys, Deadline deadline) {
    return getAll(keys, true, deadline);
  }

  private List<Attributes> getAll(
      Map<String, ? extends Collection<Key>> keys, boolean consistent, Deadline deadline) {
    List<Attributes> items = new ArrayList<>();
    for (Map<String, List<Key>> batch : inBatches(keys)) {
      Map<String, KeysAndAttributes> wanted = new HashMap<>();
      batch.forEach(
          (table, some) ->
              wanted.put(
                  table,
                  KeysAndAttributes.builder()
                      .keys(some.stream().map(Key::toSdk).toList())
                      .consistentRead(consistent)
                      .build()));
      read(wanted, items, deadline);
    }
    return items;
  }

  private static List<Map<String, List<Key>>> inBatches(
      Map<String, ? extends Collection<Key>> keys) {
    List<Map<String, List<Key>>> batches = new ArrayList<>();
    Map<String, List<Key>> batch = new LinkedHashMap<>();
    int size = 0;
    for (Map.Entry<String, ? extends Collection<Key>> ofTable : keys.entrySet()) {
      for (Key key : ofTable.getValue()) {
        if (size == MAX_KEYS_A_BATCH) {
          batches.add(batch);
          batch = new LinkedHashMap<>();
          size = 0;
        }
        batch.computeIfAbsent(ofTable.getKey(), table -> new ArrayList<>()).add(key);
        size++;
      }
    }
    if (size > 0) {
      batches.add(batch);
    }
    return batches;
  }

  private void read(Map<String, KeysAndAttributes> keys, List<Attributes> into, Deadline deadline) {
    Map<String, KeysAndAttributes> wanted = keys;
    while (!wanted.isEmpty()) {
      BatchGetItemResponse answer =
          send(
              deadline,
              BatchGetItemRequest.builder().requestItems(wanted).build(),
              client::batchGetItem);
      answer
          .responses()
          .values()
          .forEach(items -> items.forEach(item -> into.add(Attributes.of(item))));
      wanted = answer.unprocessedKeys();
      if (!wanted.isEmpty() && !deadline.pause()) {
        throw new StorageContended("keys stayed unread until the deadline");
      }
    }
  }

  /// One page of a query. DynamoDB ends a page at 1 MB, however many items were asked for, so only
  /// a page without a next one is the last.
  ///
  /// @param from the [Page#next] of the page before; null for the first
  public Page<Attributes> page(
      Query query, int limit, Page.@Nullable Next from, Deadline deadline) {
    QueryResponse answer =
        send(
            deadline,
            query
                .toSdk()
                .limit(limit == Integer.MAX_VALUE ? null : limit)
                .exclusiveStartKey(from == null ? null : from.key().toSdk())
                .build(),
            client::query);
    return new Page<>(
        answer.items().stream().map(Attributes::of).toList(),
        answer.hasLastEvaluatedKey()
            ? new Page.Next(Attributes.of(answer.lastEvaluatedKey()))
            : null);
  }

  /// The first items that a query finds; fewer than `limit` only where there are no more.
  public List<Attributes> first(Query query, int limit, Deadline deadline) {
    List<Attributes> items = new ArrayList<>();
    Page.Next next = null;
    do {
      Page<Attributes> page = page(query, limit - items.size(), next, deadline);
      items.addAll(page.items());
      next = page.next();
    } while (items.size() < limit && next != null);
    return items;
  }

  /// Passes on all items that a query finds, page by page.
  ///
  /// @param ofPage creates the deadline of each page
  public void each(Query query, Supplier<Deadline> ofPage, Consumer<Attributes> consumer) {
    Page.Next next = null;
    do {
      Page<Attributes> page = page(query, Integer.MAX_VALUE, next, ofPage.get());
      page.items().forEach(consumer);
      next = page.next();
    } while (next != null);
  }

  /// Passes on the items of a whole table page by page, strongly consistent. It is for an
  /// operator's commands alone, because it reads everything.
  ///
  /// @param filter null for all items
  public void scan(
      String table, Write.@Nullable Condition filter, Consumer<List<Attributes>> page) {
    ScanRequest.Builder request = ScanRequest.builder().tableName(table).consistentRead(true);
    if (filter != null) {
      request
          .filterExpression(filter.expression())
          .expressionAttributeValues(filter.values().toSdkOrNull());
    }
    for (ScanResponse answer : client.scanPaginator(request.build())) {
      page.accept(answer.items().stream().map(Attributes::of).toList());
    }
  }

  /// Sends one write until it is made or its condition fails.
  public Written write(Write write, Deadline deadline) {
    try {
      switch (write) {
        case Write.Put put -> send(deadline, SdkWrites.alone(put), client::putItem);
        case Write.Update update -> send(deadline, SdkWrites.alone(update), client::updateItem);
        case Write.Delete delete -> send(deadline, SdkWrites.alone(delete), client::deleteItem);
        case Write.Check check ->
            throw new IllegalArgumentException("a check is a part of a transaction");
      }
      return Written.DONE;
    } catch (ConditionalCheckFailedException e) {
      return new Written(List.of(new Written.Refusal(true, Attributes.of(e.item()))), false);
    }
  }

  /// What a writer does where other transactions write its items, or where DynamoDB throttles them.
  public interface Conflicts {
    /// The pause before the transaction is sent again; null where it is not.
    ///
    /// @param number how often the transaction has conflicted or was throttled
    /// @param writes the numbers of the writes whose items others write, or that are throttled;
    ///   none where DynamoDB does not say
    Deadline.@Nullable Pause pauseAfter(int number, List<Integer> writes);
  }

  /// Sends a transaction, and after a conflict sends it again as the other method does, with long
  /// pauses.
  public Written transact(List<? extends Write> writes, Deadline deadline) {
    return transact(writes, deadline, (number, conflicted) -> Deadline.Pause.LONG);
  }

  /// Sends a transaction until it is written or one of its conditions fails. After a conflict or
  /// throttling it pauses and sends again. Where the answer was lost, it is sent again with the
  /// same token. A database that ignores tokens, as the local build's does, answers a condition
  /// that fails.
  public Written transact(List<? extends Write> writes, Deadline deadline, Conflicts conflicts) {
    if (writes.size() > MAX_WRITES_A_TRANSACTION) {
      throw new IllegalArgumentException(writes.size() + " writes are too many for a transaction");
    }
    TransactWriteItemsRequest request =
        TransactWriteItemsRequest.builder()
            .transactItems(writes.stream().map(SdkWrites::inTransaction).toList())
            .build();
    int conflictsMet = 0;
    while (true) {
      try {
        send(deadline, withToken(request), client::transactWriteItems);
        return Written.DONE;
      } catch (TransactionCanceledException e) {
        List<CancellationReason> reasons = e.cancellationReasons();
        List<String> codes = reasons.stream().map(Written::codeOf).toList();
        if (Written.hasFailed(reasons.getFirst())) {
          return Written.refused(reasons);
        }
        if (codes.contains("ValidationError")) {
          throw e;
        }
        boolean throttled = codes.stream().anyMatch(THROTTLED::contains);
        if (!throttled && reasons.stream().anyMatch(Written::hasFailed)) {
          return Written.refused(reasons);
        }
        conflictsMet++;
        Deadline.Pause pause = conflicts.pauseAfter(conflictsMet, busy(reasons));
        if (pause == null) {
          listener.retried();
          return Written.BUSY;
        }
        if (!deadline.pause(throttled ? Deadline.Pause.LONG : pause)) {
          listener.gaveUp();
          throw new StorageContended("the items stayed busy: " + codes);
        }
        listener.retried();
      }
    }
  }

  private static List<Integer> busy(List<CancellationReason> reasons) {
    return IntStream.range(0, reasons.size())
        .filter(
            i ->
                Written.hasConflicted(reasons.get(i))
                    || THROTTLED.contains(Written.codeOf(reasons.get(i))))
        .boxed()
        .toList();
  }

  /// The request with a token, by which DynamoDB knows a repetition of it. A repetition of a
  /// transaction that was written is answered as the first one, so a lost answer is no refusal.
  private static TransactWriteItemsRequest withToken(TransactWriteItemsRequest request) {
    return request.toBuilder().clientRequestToken(UUID.randomUUID().toString()).build();
  }

  /// Puts items of one table without a condition, in as many batches as they need.
  public void putAll(String table, List<Attributes> items, Deadline deadline) {
    for (int from = 0; from < items.size(); from += MAX_PUTS_A_BATCH) {
      List<WriteRequest> puts =
          items.subList(from, Math.min(items.size(), from + MAX_PUTS_A_BATCH)).stream()
              .map(item -> WriteRequest.builder().putRequest(it -> it.item(item.toSdk())).build())
              .toList();
      Map<String, List<WriteRequest>> wanted = Map.of(table, puts);
      while (!wanted.isEmpty()) {
        wanted =
            send(
                    deadline,
                    BatchWriteItemRequest.builder().requestItems(wanted).build(),
                    client::batchWriteItem)
                .unprocessedItems();
        if (!wanted.isEmpty() && !deadline.pause()) {
          throw new StorageContended("items stayed unwritten until the deadline");
        }
      }
    }
  }

  /// Sends one call until the deadline. It sends the call again where no answer came, where the
  /// server failed, and where a transaction is writing the item of a single write. The caller
  /// handles an answer that refuses the call.
  private <Q extends DynamoDbRequest, T> T send(Deadline deadline, Q request, Function<Q, T> call) {
    Q bounded = request;
    boolean throttled = false;
    while (true) {
      try {
        T answer = call.apply(bounded);
        reachable = true;
        return answer;
      } catch (ConditionalCheckFailedException | TransactionCanceledException e) {
        reachable = true;
        throw e;
      } catch (TransactionConflictException e) {
        reachable = true;
        if (!deadline.pause(Deadline.Pause.SHORT)) {
          listener.gaveUp();
          throw new StorageContended("transactions wrote the item until the deadline", e);
        }
        listener.retried();
      } catch (DynamoDbException e) {
        boolean passing =
            e.statusCode() >= 500 || e.isThrottlingException() || e.isRetryableException();
        if (!passing) {
          throw e;
        }
        throttled |= e.isThrottlingException();
        if (!deadline.pause()) {
          throw failed(throttled, "the ledger failed until the deadline: " + e.statusCode(), e);
        }
      } catch (SdkClientException e) {
        if (e instanceof Breaker.Open || !deadline.pause()) {
          throw failed(throttled, "the ledger did not answer until the deadline", e);
        }
      }
      bounded = within(deadline, request);
    }
  }

  /// A database that throttled any attempt was available, so that is contention and no outage
  /// (protocol.md#outage).
  private RuntimeException failed(boolean throttled, String message, SdkException cause) {
    if (throttled) {
      listener.gaveUp();
      return new StorageContended("the ledger throttled until the deadline", cause);
    }
    reachable = false;
    listener.unavailable();
    return new StorageUnavailable(message, cause);
  }

  /// The same request, with a timeout at the deadline.
  @SuppressWarnings("unchecked")
  private static <Q extends DynamoDbRequest> Q within(Deadline deadline, Q request) {
    return (Q)
        request.toBuilder()
            .overrideConfiguration(override -> override.apiCallTimeout(deadline.remaining()))
            .build();
  }
}
