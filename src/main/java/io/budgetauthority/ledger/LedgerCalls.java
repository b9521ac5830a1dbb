package io.budgetauthority.ledger;

import io.budgetauthority.metrics.Meters;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbRequest;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// Sends the calls of the ledger to DynamoDB. It sends a call again until its deadline where no
/// answer came, and reads a cancelled transaction as ledger.md#reserve says.
final class LedgerCalls {

  private static final int MAX_KEYS_A_BATCH = 100;
  private static final Set<String> THROTTLED =
      Set.of("ThrottlingError", "ProvisionedThroughputExceeded");

  private final DynamoDbClient dynamoDb;
  private volatile boolean reachable = true;

  LedgerCalls(DynamoDbClient dynamoDb) {
    this.dynamoDb = dynamoDb;
  }

  DynamoDbClient dynamoDb() {
    return dynamoDb;
  }

  boolean isReachable() {
    return reachable;
  }

  static KeysAndAttributes consistent(Collection<Map<String, AttributeValue>> keys) {
    return KeysAndAttributes.builder().keys(keys).consistentRead(true).build();
  }

  /// Every item that exists for these keys of one table, in as many batches as they need.
  List<Map<String, AttributeValue>> readAll(
      String table, List<Map<String, AttributeValue>> keys, Deadline deadline) {
    List<Map<String, AttributeValue>> items = new ArrayList<>(keys.size());
    for (int from = 0; from < keys.size(); from += MAX_KEYS_A_BATCH) {
      List<Map<String, AttributeValue>> some =
          keys.subList(from, Math.min(keys.size(), from + MAX_KEYS_A_BATCH));
      items.addAll(readAll(Map.of(table, consistent(some)), deadline));
    }
    return items;
  }

  /// Every item that exists for these keys, which fit into one batch, in as many calls as the
  /// server needs.
  List<Map<String, AttributeValue>> readAll(
      Map<String, KeysAndAttributes> keys, Deadline deadline) {
    List<Map<String, AttributeValue>> items = new ArrayList<>();
    Map<String, KeysAndAttributes> wanted = keys;
    while (!wanted.isEmpty()) {
      BatchGetItemResponse answer =
          send(
              deadline,
              BatchGetItemRequest.builder().requestItems(new HashMap<>(wanted)).build(),
              dynamoDb::batchGetItem);
      answer.responses().values().forEach(items::addAll);
      wanted = answer.unprocessedKeys();
      if (!wanted.isEmpty() && !deadline.pause()) {
        throw new LedgerContended("the ledger left keys unread until the deadline");
      }
    }
    return items;
  }

  /// One page of a query.
  ///
  /// @param from the [Page#next] of the page before; null for the first
  Page<Map<String, AttributeValue>> page(
      QueryRequest.Builder query, Page.@Nullable Next from, Deadline deadline) {
    if (from != null) {
      query.exclusiveStartKey(from.key());
    }
    QueryResponse answer = send(deadline, query.build(), dynamoDb::query);
    return new Page<>(
        answer.items(),
        answer.hasLastEvaluatedKey() ? new Page.Next(answer.lastEvaluatedKey()) : null);
  }

  /// Sends a transaction until it is written or one of its conditions fails. It returns an empty
  /// list if it was written, else one reason for each write. After a conflict or throttling it
  /// pauses and sends again.
  List<CancellationReason> transact(List<TransactWriteItem> writes, Deadline deadline) {
    TransactWriteItemsRequest request =
        TransactWriteItemsRequest.builder().transactItems(writes).build();
    while (true) {
      try {
        send(deadline, request, dynamoDb::transactWriteItems);
        return List.of();
      } catch (TransactionCanceledException e) {
        List<CancellationReason> reasons = e.cancellationReasons();
        if (failed(reasons.getFirst())) {
          return reasons;
        }
        if (reasons.stream().anyMatch(reason -> codeOf(reason).equals("ValidationError"))) {
          throw e;
        }
        boolean throttled = reasons.stream().anyMatch(reason -> THROTTLED.contains(codeOf(reason)));
        if (!throttled && reasons.stream().anyMatch(LedgerCalls::failed)) {
          return reasons;
        }
        if (!deadline.pause()) {
          List<String> codes = reasons.stream().map(LedgerCalls::codeOf).toList();
          Meters.gaveUp();
          throw new LedgerContended("the accounts stayed busy: " + codes);
        }
        Meters.contended();
      }
    }
  }

  /// Whether the condition of a write cancelled its transaction.
  static boolean failed(CancellationReason reason) {
    return codeOf(reason).equals("ConditionalCheckFailed");
  }

  private static String codeOf(CancellationReason reason) {
    return reason.code() == null ? "None" : reason.code();
  }

  /// Sends one call, and sends it again where no answer came or the server failed, until the
  /// deadline. The caller handles an answer that refuses the call.
  <Q extends DynamoDbRequest, T> T send(Deadline deadline, Q request, Function<Q, T> call) {
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
      Meters.gaveUp();
      return new LedgerContended("the ledger throttled until the deadline", cause);
    }
    reachable = false;
    Meters.ledgerWasAway();
    return new LedgerUnavailable(message, cause);
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
