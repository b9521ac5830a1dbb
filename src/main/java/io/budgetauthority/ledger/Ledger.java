package io.budgetauthority.ledger;

import io.budgetauthority.metrics.Meters;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.StoredValues;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// The ledger on DynamoDB. It reads accounts and decisions, holds amounts and posts charges, each
/// in one transaction (ledger.md#reserve and ledger.md#settle). It has no rule about which call may
/// be let through. Safe for use by many threads; every write is safe to send again.
public final class Ledger {

  private static final Logger LOG = Logger.getLogger("budget.ledger");

  private final LedgerCalls calls;
  private final String ledgerTable;
  private final String decisionsTable;

  public Ledger(DynamoDbClient dynamoDb, String ledgerTable, String decisionsTable) {
    this.calls = new LedgerCalls(dynamoDb);
    this.ledgerTable = ledgerTable;
    this.decisionsTable = decisionsTable;
  }

  /// What the ledger had when it was read, strongly consistent.
  ///
  /// @param runs those of the requested runs that exist, by id
  public record Snapshot(
      @Nullable Reservation reservation, Map<AccountKey, Account> accounts, Map<String, Run> runs) {
    public Snapshot {
      accounts = Map.copyOf(accounts);
      runs = Map.copyOf(runs);
    }
  }

  /// A decision to write.
  ///
  /// @param takes one for every account that it touches, except the account of a run that it starts
  /// @param runs the changes of the runs that it is held against; empty for a block
  /// @param counters the counters of the runs of its key, user and tenant that it increments
  public record Write(
      Reservation reservation,
      List<ConditionalHold> takes,
      List<RunChange> runs,
      List<RunCounter> counters) {
    public Write {
      takes = List.copyOf(takes);
      runs = List.copyOf(runs);
      counters = List.copyOf(counters);
    }

    /// A decision that touches no account, such as a block.
    public static Write of(Reservation reservation) {
      return new Write(reservation, List.of(), List.of(), List.of());
    }

    /// The same write, in which no counter of runs has a maximum.
    public Write withoutRunLimits() {
      return new Write(
          reservation, takes, runs, counters.stream().map(RunCounter::unlimited).toList());
    }

    private @Nullable Renew renewalOf(ConditionalHold take) {
      AccountKey account = take.enforced().account().key();
      for (RunChange change : runs) {
        if (change instanceof Renew renew && renew.seen().account().key().equals(account)) {
          return renew;
        }
      }
      return null;
    }
  }

  /// What a decision does to a run.
  public sealed interface RunChange {}

  /// Creates the run, with its first hold in its account.
  public record Start(Run run) implements RunChange {}

  /// Renews the run. The write's takes include its account.
  ///
  /// @param counts whether the run counts as active and new from now on, if it did not before
  public record Renew(Run seen, Tuple completed, Instant now, Instant expiresAt, boolean counts)
      implements RunChange {}

  /// The outcome of a write.
  public sealed interface Outcome {
    record Reserved() implements Outcome {}

    /// The key was used before, and this is stored under it.
    record AlreadyDecided(Reservation stored) implements Outcome {}

    /// Accounts or runs were no longer as they had been read. The caller reads and decides again.
    record Conflict() implements Outcome {}

    /// A counter of runs has reached its maximum.
    ///
    /// @param count how many runs it counts
    record OverLimit(RunCounter counter, long count) implements Outcome {
      /// The count and the limit, in words.
      public String reason() {
        return switch (counter.of()) {
              case ACTIVE_OF_KEY -> "key " + counter.id() + " has " + count + " active runs";
              case ACTIVE_OF_USER -> "user " + counter.id() + " has " + count + " active runs";
              case NEW_ON_DAY -> count + " runs were begun on " + counter.id();
            }
            + ", the limit is "
            + counter.most();
      }
    }
  }

  /// Reads a decision, accounts and runs in one batch.
  public Snapshot read(
      @Nullable ReservationId id,
      String tenantId,
      Collection<AccountKey> accounts,
      Collection<String> runIds,
      Deadline deadline) {
    Set<Map<String, AttributeValue>> ledgerKeys = new LinkedHashSet<>();
    accounts.forEach(account -> ledgerKeys.add(AccountItem.key(account)));
    runIds.forEach(runId -> ledgerKeys.add(RunItem.key(tenantId, runId)));
    Map<String, KeysAndAttributes> wanted = new HashMap<>();
    if (!ledgerKeys.isEmpty()) {
      wanted.put(ledgerTable, LedgerCalls.consistent(ledgerKeys));
    }
    if (id != null) {
      wanted.put(decisionsTable, LedgerCalls.consistent(List.of(ReservationItem.key(id))));
    }
    Map<AccountKey, Account> found = new HashMap<>();
    Map<String, Run> runs = new HashMap<>();
    Reservation reservation = null;
    for (Map<String, AttributeValue> item : calls.readAll(wanted, deadline)) {
      if (!item.containsKey("sk")) {
        reservation = ReservationItem.read(item);
        continue;
      }
      if (RunItem.isRun(item)) {
        Run run = RunItem.read(item);
        runs.put(run.runId(), run);
        found.put(run.account().key(), run.account());
      } else {
        Account account = AccountItem.read(item);
        found.put(account.key(), account);
      }
    }
    return new Snapshot(reservation, found, runs);
  }

  /// One reservation by its id; empty where none exists or it is another tenant's.
  public Optional<Reservation> find(String tenantId, ReservationId id, Deadline deadline) {
    return find(id, deadline).filter(found -> found.tenantId().equals(tenantId));
  }

  /// One reservation by its id, of any tenant: for the sweeper and the queue, never for a caller.
  public Optional<Reservation> find(ReservationId id, Deadline deadline) {
    Map<String, AttributeValue> item =
        calls
            .send(
                deadline,
                GetItemRequest.builder()
                    .tableName(decisionsTable)
                    .key(ReservationItem.key(id))
                    .consistentRead(true)
                    .build(),
                calls.dynamoDb()::getItem)
            .item();
    return item == null || item.isEmpty()
        ? Optional.empty()
        : Optional.of(ReservationItem.read(item));
  }

  /// The reservations of these ids that exist and are the tenant's, at most 200 ids.
  public Map<ReservationId, Reservation> findAll(
      String tenantId, Collection<ReservationId> ids, Deadline deadline) {
    Map<ReservationId, Reservation> found = new HashMap<>();
    for (Map<String, AttributeValue> item :
        calls.readAll(
            decisionsTable, ids.stream().distinct().map(ReservationItem::key).toList(), deadline)) {
      Reservation reservation = ReservationItem.read(item);
      if (reservation.tenantId().equals(tenantId)) {
        found.put(reservation.id(), reservation);
      }
    }
    return found;
  }

  /// The accounts of a reservation as they are now.
  public Map<AccountKey, Account> accounts(Reservation reservation, Deadline deadline) {
    List<AccountKey> keys =
        reservation.shares().stream().map(share -> share.key(reservation.tenantId())).toList();
    return read(null, reservation.tenantId(), keys, List.of(), deadline).accounts();
  }

  /// Writes a decision: a block by one conditional put, any other in one transaction with its
  /// holds. A decision of a later revision than the first replaces the item of the revision before.
  public Outcome reserve(Write write, Deadline deadline) {
    Put decision =
        write.reservation().revision() == 1
            ? ReservationItem.create(decisionsTable, write.reservation())
            : ReservationItem.replace(decisionsTable, write.reservation());
    if (write.runs().isEmpty() && write.takes().isEmpty()) {
      return record(write.reservation(), decision, deadline);
    }
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(TransactWriteItem.builder().put(decision).build());
    for (RunChange change : write.runs()) {
      if (change instanceof Start start) {
        writes.addAll(RunItem.begin(ledgerTable, start.run()));
      }
    }
    for (ConditionalHold take : write.takes()) {
      Renew renew = write.renewalOf(take);
      writes.add(
          TransactWriteItem.builder()
              .update(
                  renew == null
                      ? AccountItem.take(ledgerTable, take)
                      : RunItem.renew(ledgerTable, take, renew))
              .build());
    }
    int firstCounter = writes.size();
    for (RunCounter counter : write.counters()) {
      writes.add(TransactWriteItem.builder().update(counter.take(ledgerTable)).build());
    }
    List<CancellationReason> reasons = calls.transact(writes, deadline);
    if (reasons.isEmpty()) {
      return new Outcome.Reserved();
    }
    if (LedgerCalls.failed(reasons.getFirst())) {
      return recognise(write.reservation(), reasons.getFirst().item());
    }
    return refusal(write.counters(), firstCounter, reasons);
  }

  /// Why a transaction was cancelled. The reason is a full counter if everything else was still as
  /// it had been read. Else something that was read has changed.
  static Outcome refusal(
      List<RunCounter> counters, int firstCounter, List<CancellationReason> reasons) {
    if (reasons.subList(0, firstCounter).stream().noneMatch(LedgerCalls::failed)) {
      for (int i = 0; i < counters.size(); i++) {
        CancellationReason reason = reasons.get(firstCounter + i);
        if (LedgerCalls.failed(reason)) {
          return new Outcome.OverLimit(counters.get(i), RunCounter.count(reason.item()));
        }
      }
    }
    return new Outcome.Conflict();
  }

  private Outcome record(Reservation reservation, Put decision, Deadline deadline) {
    try {
      calls.send(deadline, alone(decision), calls.dynamoDb()::putItem);
      return new Outcome.Reserved();
    } catch (ConditionalCheckFailedException e) {
      return recognise(reservation, e.item());
    }
  }

  private static PutItemRequest alone(Put put) {
    return PutItemRequest.builder()
        .tableName(put.tableName())
        .item(put.item())
        .conditionExpression(put.conditionExpression())
        .expressionAttributeValues(
            put.hasExpressionAttributeValues() ? put.expressionAttributeValues() : null)
        .returnValuesOnConditionCheckFailure(put.returnValuesOnConditionCheckFailure())
        .build();
  }

  /// The outcome for a key that is taken. If the stored item is the one that was being written, an
  /// attempt whose answer was lost has written it.
  private static Outcome recognise(Reservation written, Map<String, AttributeValue> item) {
    if (item.isEmpty()) {
      return new Outcome.Conflict();
    }
    Reservation stored = ReservationItem.read(item);
    return isSameWrite(stored, written)
        ? new Outcome.Reserved()
        : new Outcome.AlreadyDecided(stored);
  }

  private static boolean isSameWrite(Reservation stored, Reservation written) {
    return stored.nonce().equals(written.nonce())
        && stored.revision() == written.revision()
        && stored.requestHash().equals(written.requestHash())
        && stored.decision().accounts().equals(written.decision().accounts());
  }

  /// Corrects those of these accounts that do not add up, each under the condition that it is still
  /// as it was read, and raises an alarm for each.
  ///
  /// @return whether there were any; the caller then reads again
  public boolean repair(Collection<Account> seen, Deadline deadline) {
    boolean any = false;
    for (Account account : seen) {
      if (account.addsUp()) {
        continue;
      }
      any = true;
      Meters.accountRepaired();
      LOG.errorf(
          "account %s does not add up: limit %s, committed %s, reserved %s, available %s;"
              + " available is set to %s",
          account.key(),
          account.limit(),
          account.committed(),
          account.reserved(),
          account.storedAvailable(),
          account.available());
      Update repair = AccountItem.repair(ledgerTable, account);
      try {
        calls.send(
            deadline,
            UpdateItemRequest.builder()
                .tableName(repair.tableName())
                .key(repair.key())
                .updateExpression(repair.updateExpression())
                .conditionExpression(repair.conditionExpression())
                .expressionAttributeValues(repair.expressionAttributeValues())
                .build(),
            calls.dynamoDb()::updateItem);
      } catch (ConditionalCheckFailedException e) {
        LOG.infof("account %s moved before it was put right; it is read again", account.key());
      }
    }
    return any;
  }

  /// The outcome of a step.
  public enum SettleOutcome {
    /// The step and its postings are written.
    SETTLED,
    /// The reservation has changed meanwhile. The caller reads it and computes the step again.
    CONFLICT,
    /// An account has not enough available for a posting that holds more on it.
    INSUFFICIENT
  }

  /// Writes a step of a reservation together with its postings, or nothing. A step that moves no
  /// money is one put.
  public SettleOutcome settle(Reservation.Step.Move move, Deadline deadline) {
    Put next = ReservationItem.replace(decisionsTable, move.next());
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(TransactWriteItem.builder().put(next).build());
    for (Posting posting : move.postings()) {
      if (!posting.isNothing()) {
        writes.add(
            TransactWriteItem.builder().update(AccountItem.post(ledgerTable, posting)).build());
      }
    }
    if (writes.size() == 1) {
      return record(move.next(), next, deadline) instanceof Outcome.Reserved
          ? SettleOutcome.SETTLED
          : SettleOutcome.CONFLICT;
    }
    List<CancellationReason> reasons = calls.transact(writes, deadline);
    if (reasons.isEmpty()) {
      return SettleOutcome.SETTLED;
    }
    if (LedgerCalls.failed(reasons.getFirst())) {
      return SettleOutcome.CONFLICT;
    }
    if (move.postings().stream().anyMatch(posting -> posting.leastAvailable() != null)) {
      return SettleOutcome.INSUFFICIENT;
    }
    throw new IllegalStateException(
        "an account of reservation " + move.next().id().hash() + " is missing from the ledger");
  }

  /// Gives an account other sums and writes the audit entry of that, in one transaction. False
  /// where the account is no longer as it was read.
  ///
  /// @param seen the account as it was read; null where it did not exist
  public boolean correct(@Nullable Account seen, Account right, Put audit, Deadline deadline) {
    return write(
        List.of(
            TransactWriteItem.builder()
                .update(AccountItem.correct(ledgerTable, seen, right))
                .build(),
            TransactWriteItem.builder().put(audit).build()),
        deadline);
  }

  /// Writes items in one transaction. False where a condition of one fails.
  boolean write(List<TransactWriteItem> writes, Deadline deadline) {
    return calls.transact(writes, deadline).isEmpty();
  }

  /// The reservations of one part of the due index whose time had passed, the longest due first.
  ///
  /// @param bucket which part, from 0 to [ReservationId#DUE_BUCKETS] - 1
  /// @param from where the page before ended; null for the first
  public Page<ReservationId> due(
      int bucket, Instant before, int limit, Page.@Nullable Next from, Deadline deadline) {
    return calls
        .page(
            QueryRequest.builder()
                .tableName(decisionsTable)
                .indexName("due")
                .keyConditionExpression("due_bucket = :bucket AND due_at <= :before")
                .expressionAttributeValues(
                    Map.of(
                        ":bucket", StoredValues.number(bucket),
                        ":before", StoredValues.time(before)))
                .limit(limit),
            from,
            deadline)
        .map(item -> new ReservationId(StoredValues.text(item, "pk")));
  }

  LedgerCalls calls() {
    return calls;
  }

  String decisionsTable() {
    return decisionsTable;
  }

  String table() {
    return ledgerTable;
  }

  /// Whether the last call was answered. It is shown in the health of the process and decides
  /// nothing.
  public boolean isReachable() {
    return calls.isReachable();
  }
}
