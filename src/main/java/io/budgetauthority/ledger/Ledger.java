package io.budgetauthority.ledger;

import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.StoredValues;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// The ledger on DynamoDB: reads accounts and decisions, takes holds and posts charges, each in one
/// transaction (ledger.md, "Reserve" and "Settle"). It contains no rule of who may have what. Safe
/// for use by many threads; every write is safe to send again.
public final class Ledger {

  private static final int MOST_KEYS_A_BATCH = 100;
  private static final Duration PATIENCE = Duration.ofMillis(2_500);
  private static final Set<String> THROTTLED =
      Set.of("ThrottlingError", "ProvisionedThroughputExceeded");

  private final DynamoDbClient dynamoDb;
  private final String ledgerTable;
  private final String decisionsTable;
  private volatile boolean reachable = true;

  public Ledger(DynamoDbClient dynamoDb, String ledgerTable, String decisionsTable) {
    this.dynamoDb = dynamoDb;
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
  }

  /// What stood in the ledger when it was read, strongly consistent.
  public record Snapshot(
      @Nullable Reservation reservation, Map<AccountKey, Account> accounts, @Nullable Run run) {
    public Snapshot {
      accounts = Map.copyOf(accounts);
    }
  }

  /// A decision to write.
  ///
  /// @param takes one for every account that it touches, but for the account of a run that it
  ///   starts
  /// @param run what becomes of the run; null where the decision lets nothing through
  public record Order(Reservation reservation, List<Take> takes, @Nullable RunChange run) {
    public Order {
      takes = List.copyOf(takes);
    }
  }

  /// What a decision does to its run.
  public sealed interface RunChange {
    /// Makes it, its first hold already in the account.
    record Start(Run run) implements RunChange {}

    /// Renews it; the order's takes include its account.
    record Renew(Run seen, Run.Tuple completed, Instant now, Instant expiresAt)
        implements RunChange {}
  }

  /// What became of an order.
  public sealed interface Outcome {
    record Reserved() implements Outcome {}

    /// The key was used before, with this.
    record AlreadyDecided(Reservation stored) implements Outcome {}

    /// Accounts were not as they had been read; they are to be read and decided upon again.
    record Moved() implements Outcome {}
  }

  /// Reads a decision, accounts and a run in one batch.
  public Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      @Nullable String runId,
      Deadline deadline) {
    Set<Map<String, AttributeValue>> ledgerKeys = new LinkedHashSet<>();
    accounts.forEach(account -> ledgerKeys.add(AccountItem.key(account)));
    if (runId != null) {
      ledgerKeys.add(RunItem.key(tenantId, runId));
    }
    Map<String, KeysAndAttributes> wanted = new HashMap<>();
    if (!ledgerKeys.isEmpty()) {
      wanted.put(ledgerTable, consistent(ledgerKeys));
    }
    if (id != null) {
      wanted.put(decisionsTable, consistent(List.of(ReservationItem.key(id))));
    }
    Map<AccountKey, Account> found = new HashMap<>();
    Run run = null;
    Reservation reservation = null;
    for (Map<String, AttributeValue> item : readAll(wanted, deadline)) {
      if (!item.containsKey("sk")) {
        reservation = ReservationItem.read(item);
        continue;
      }
      Account account = AccountItem.read(item);
      found.put(account.key(), account);
      if (account.key().scope() == Scope.RUN && account.key().id().equals(runId)) {
        run = RunItem.read(item);
      }
    }
    return new Snapshot(reservation, found, run);
  }

  /// Every item of these keys that there is, in as many calls as the server wants.
  private List<Map<String, AttributeValue>> readAll(
      Map<String, KeysAndAttributes> keys, Deadline deadline) {
    List<Map<String, AttributeValue>> items = new ArrayList<>();
    Map<String, KeysAndAttributes> wanted = keys;
    while (!wanted.isEmpty()) {
      BatchGetItemResponse answer =
          send(
              deadline,
              BatchGetItemRequest.builder().requestItems(wanted).build(),
              dynamoDb::batchGetItem);
      answer.responses().values().forEach(items::addAll);
      wanted = answer.unprocessedKeys();
      if (!wanted.isEmpty() && !deadline.pause()) {
        throw new LedgerContended("the ledger left keys unread until the deadline");
      }
    }
    return items;
  }

  private static KeysAndAttributes consistent(Collection<Map<String, AttributeValue>> keys) {
    return KeysAndAttributes.builder().keys(keys).consistentRead(true).build();
  }

  /// One reservation by its id; empty where there is none or it is another tenant's.
  public Optional<Reservation> find(String tenantId, ReservationId id, Deadline deadline) {
    Map<String, AttributeValue> item =
        send(
                deadline,
                GetItemRequest.builder()
                    .tableName(decisionsTable)
                    .key(ReservationItem.key(id))
                    .consistentRead(true)
                    .build(),
                dynamoDb::getItem)
            .item();
    if (item == null || item.isEmpty()) {
      return Optional.empty();
    }
    Reservation found = ReservationItem.read(item);
    return found.tenantId().equals(tenantId) ? Optional.of(found) : Optional.empty();
  }

  /// The reservations of these ids that there are and that are the tenant's, at most 200 ids.
  public Map<ReservationId, Reservation> findAll(
      String tenantId, Collection<ReservationId> ids, Deadline deadline) {
    List<Map<String, AttributeValue>> keys =
        ids.stream().distinct().map(ReservationItem::key).toList();
    Map<ReservationId, Reservation> found = new HashMap<>();
    for (int from = 0; from < keys.size(); from += MOST_KEYS_A_BATCH) {
      List<Map<String, AttributeValue>> some =
          keys.subList(from, Math.min(keys.size(), from + MOST_KEYS_A_BATCH));
      for (Map<String, AttributeValue> item :
          readAll(Map.of(decisionsTable, consistent(some)), deadline)) {
        Reservation reservation = ReservationItem.read(item);
        if (reservation.tenantId().equals(tenantId)) {
          found.put(reservation.id(), reservation);
        }
      }
    }
    return found;
  }

  /// The accounts of a reservation's holds as they stand.
  public Map<AccountKey, Account> accounts(Reservation reservation, Deadline deadline) {
    List<AccountKey> keys = reservation.holds().stream().map(Hold::account).toList();
    return read(null, reservation.tenantId(), keys, null, deadline).accounts();
  }

  /// A run by its id; empty where there is none.
  public Optional<Run> run(String tenantId, String runId) {
    return Optional.ofNullable(read(null, tenantId, List.of(), runId, Deadline.in(PATIENCE)).run());
  }

  /// Makes a run without a decision. False where there already is one of that id.
  public boolean start(Run run) {
    TransactWriteItem write =
        TransactWriteItem.builder().put(RunItem.start(ledgerTable, run)).build();
    return write(List.of(write), Deadline.in(PATIENCE));
  }

  /// Ends a run: no decision is made in it any more, while what it holds is still settled. False
  /// where there is none.
  public boolean close(String tenantId, String runId) {
    AccountKey key = AccountKey.total(tenantId, Scope.RUN, runId);
    TransactWriteItem write =
        TransactWriteItem.builder().update(RunItem.close(ledgerTable, key)).build();
    return write(List.of(write), Deadline.in(PATIENCE));
  }

  /// A page of the runs of a user, newest first.
  ///
  /// @param after the id of the last run of the page before; null for the first page
  public List<Run> runsOf(String tenantId, String userId, int limit, @Nullable Run after) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":user", StoredValues.text(StoredIds.partitionKey(tenantId, Scope.USER, userId)));
    QueryRequest.Builder query =
        QueryRequest.builder()
            .tableName(ledgerTable)
            .indexName("runs-of-user")
            .keyConditionExpression("run_user = :user")
            .expressionAttributeValues(values)
            .scanIndexForward(false)
            .limit(limit);
    if (after != null) {
      Map<String, AttributeValue> start = new HashMap<>(RunItem.key(tenantId, after.runId()));
      start.put(
          "run_user", StoredValues.text(StoredIds.partitionKey(tenantId, Scope.USER, userId)));
      start.put("run_created", StoredValues.time(after.createdAt()));
      query.exclusiveStartKey(start);
    }
    Deadline deadline = Deadline.in(PATIENCE);
    List<Map<String, AttributeValue>> keys =
        send(deadline, query.build(), dynamoDb::query).items().stream()
            .map(item -> Map.of("pk", item.get("pk"), "sk", item.get("sk")))
            .toList();
    List<Run> runs = new ArrayList<>();
    for (int from = 0; from < keys.size(); from += MOST_KEYS_A_BATCH) {
      List<Map<String, AttributeValue>> some =
          keys.subList(from, Math.min(keys.size(), from + MOST_KEYS_A_BATCH));
      readAll(Map.of(ledgerTable, consistent(some)), deadline)
          .forEach(item -> runs.add(RunItem.read(item)));
    }
    runs.sort(Comparator.comparing(Run::createdAt).thenComparing(Run::runId).reversed());
    return runs;
  }

  /// Writes a decision: a block by one conditional put, everything else in one transaction with its
  /// holds.
  public Outcome reserve(Order order, Deadline deadline) {
    Put decision = ReservationItem.create(decisionsTable, order.reservation());
    if (order.run() == null && order.takes().isEmpty()) {
      return record(order.reservation(), decision, deadline);
    }
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(TransactWriteItem.builder().put(decision).build());
    if (order.run() instanceof RunChange.Start start) {
      writes.add(TransactWriteItem.builder().put(RunItem.start(ledgerTable, start.run())).build());
    }
    for (Take take : order.takes()) {
      boolean ofRun =
          order.run() instanceof RunChange.Renew renew
              && take.standing().account().key().equals(renew.seen().account().key());
      writes.add(
          TransactWriteItem.builder()
              .update(
                  ofRun && order.run() instanceof RunChange.Renew renew
                      ? RunItem.renew(
                          ledgerTable,
                          take,
                          renew.seen(),
                          renew.completed(),
                          renew.now(),
                          renew.expiresAt())
                      : AccountItem.take(ledgerTable, take))
              .build());
    }
    TransactWriteItemsRequest request =
        TransactWriteItemsRequest.builder().transactItems(writes).build();
    List<CancellationReason> reasons = transact(request, deadline);
    if (reasons.isEmpty()) {
      return new Outcome.Reserved();
    }
    if (failed(reasons.getFirst())) {
      return recognise(order.reservation(), reasons.getFirst().item());
    }
    return new Outcome.Moved();
  }

  private Outcome record(Reservation reservation, Put decision, Deadline deadline) {
    PutItemRequest put =
        PutItemRequest.builder()
            .tableName(decisionsTable)
            .item(decision.item())
            .conditionExpression(decision.conditionExpression())
            .returnValuesOnConditionCheckFailure(decision.returnValuesOnConditionCheckFailure())
            .build();
    try {
      send(deadline, put, dynamoDb::putItem);
      return new Outcome.Reserved();
    } catch (ConditionalCheckFailedException e) {
      return recognise(reservation, e.item());
    }
  }

  /// A key that is taken by the very item that was being written was taken by an attempt whose
  /// answer was lost.
  private static Outcome recognise(Reservation written, Map<String, AttributeValue> item) {
    Reservation stored = ReservationItem.read(item);
    return stored.nonce().equals(written.nonce()) && stored.revision() == written.revision()
        ? new Outcome.Reserved()
        : new Outcome.AlreadyDecided(stored);
  }

  /// What became of a step.
  public enum Taken {
    /// It and its postings are written.
    DONE,
    /// The reservation has meanwhile moved on: it is to be read and computed again.
    STALE,
    /// An account has not enough for a posting that takes more of it.
    SHORT
  }

  /// Takes a step of a reservation together with its postings, or does nothing.
  public Taken settle(Reservation.Step.Move move, Deadline deadline) {
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(
        TransactWriteItem.builder()
            .put(ReservationItem.replace(decisionsTable, move.next()))
            .build());
    for (Posting posting : move.postings()) {
      if (!posting.isNothing()) {
        writes.add(
            TransactWriteItem.builder().update(AccountItem.post(ledgerTable, posting)).build());
      }
    }
    List<CancellationReason> reasons =
        transact(TransactWriteItemsRequest.builder().transactItems(writes).build(), deadline);
    if (reasons.isEmpty()) {
      return Taken.DONE;
    }
    if (failed(reasons.getFirst())) {
      return Taken.STALE;
    }
    if (move.postings().stream().anyMatch(posting -> posting.leastAvailable() != null)) {
      return Taken.SHORT;
    }
    throw new IllegalStateException(
        "an account of reservation " + move.next().id().hash() + " is missing from the ledger");
  }

  /// Writes items in one transaction. False where a condition of one fails.
  boolean write(List<TransactWriteItem> writes, Deadline deadline) {
    return transact(TransactWriteItemsRequest.builder().transactItems(writes).build(), deadline)
        .isEmpty();
  }

  String table() {
    return ledgerTable;
  }

  /// Sends a transaction until it is done or a condition of it fails; then the reasons are
  /// returned, one for each write (ledger.md, "Reserve", step 4). Conflicts and throttling are
  /// waited out.
  private List<CancellationReason> transact(TransactWriteItemsRequest request, Deadline deadline) {
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
        if (!throttled && reasons.stream().anyMatch(Ledger::failed)) {
          return reasons;
        }
        if (!deadline.pause()) {
          throw new LedgerContended(
              "the accounts stayed busy: " + reasons.stream().map(Ledger::codeOf).toList());
        }
      }
    }
  }

  private static boolean failed(CancellationReason reason) {
    return codeOf(reason).equals("ConditionalCheckFailed");
  }

  private static String codeOf(CancellationReason reason) {
    return reason.code() == null ? "None" : reason.code();
  }

  /// Sends one call, and again where no answer came or the server was at fault, until the deadline.
  /// An answer that says no is the caller's to read.
  private <Q extends DynamoDbRequest, T> T send(Deadline deadline, Q request, Function<Q, T> call) {
    Q bounded = request;
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
        if (!deadline.pause()) {
          reachable = false;
          throw new LedgerUnavailable("the ledger failed until the deadline: " + e.statusCode(), e);
        }
      } catch (SdkClientException e) {
        if (!deadline.pause()) {
          reachable = false;
          throw new LedgerUnavailable("the ledger did not answer until the deadline", e);
        }
      }
      bounded = within(deadline, request);
    }
  }

  /// The same request, whose call ends with the deadline.
  @SuppressWarnings("unchecked")
  private static <Q extends DynamoDbRequest> Q within(Deadline deadline, Q request) {
    return (Q)
        request.toBuilder()
            .overrideConfiguration(override -> override.apiCallTimeout(deadline.remaining()))
            .build();
  }

  /// Whether the last call was answered. It is a detail of health, and decides nothing.
  public boolean isReachable() {
    return reachable;
  }
}
