package io.budgetauthority.ledger;

import io.budgetauthority.ledger.Optimistic.Attempt;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.StoredValues;
import io.budgetauthority.tenant.Tenants;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// Handles runs apart from their decisions. It creates runs before their first decision, finds
/// them, and ends them by a call or by time. Safe for use by many threads; every write is safe to
/// send again.
public final class Runs {

  /// How many parts the index of due runs has.
  public static final int DUE_BUCKETS = 16;

  private static final Duration TIMEOUT = Duration.ofMillis(2_500);
  private static final int CHILDREN_A_PAGE = 200;

  private final Ledger ledger;
  private final LedgerCalls calls;

  public Runs(Ledger ledger) {
    this.ledger = ledger;
    this.calls = ledger.calls();
  }

  /// A run by its id; empty where none exists.
  public Optional<Run> find(String tenantId, String runId) {
    return Optional.ofNullable(
        ledger
            .read(null, tenantId, List.of(), List.of(runId), Deadline.in(TIMEOUT))
            .runs()
            .get(runId));
  }

  /// Creates a run without a decision, and increments its counters.
  ///
  /// @param parent the run that starts it, which must be open; null for none
  public Ledger.Outcome start(Run run, @Nullable Run parent, List<RunCounter> counters) {
    List<TransactWriteItem> writes = new ArrayList<>(RunItem.begin(ledger.table(), run));
    if (parent != null) {
      writes.add(
          TransactWriteItem.builder().conditionCheck(RunItem.open(ledger.table(), parent)).build());
    }
    int firstCounter = writes.size();
    counters.forEach(
        counter ->
            writes.add(TransactWriteItem.builder().update(counter.take(ledger.table())).build()));
    List<CancellationReason> reasons = calls.transact(writes, Deadline.in(TIMEOUT));
    return reasons.isEmpty()
        ? new Ledger.Outcome.Reserved()
        : Ledger.refusal(counters, firstCounter, reasons);
  }

  /// Ends a run and all its descendants. They get no more decisions, and what they hold is still
  /// settled. False where the run does not exist. A run that has ended stays as it is. Its
  /// descendants are ended all the same, because an earlier call may have failed before it ended
  /// them.
  ///
  /// @param entry the audit entry, which is written in the transaction that ends the run itself
  public boolean close(
      String tenantId, String runId, Instant now, Tenants tenants, AuditEntry entry) {
    return close(
        tenantId,
        runId,
        now,
        List.of(TransactWriteItem.builder().put(tenants.audit(tenantId, entry)).build()));
  }

  private boolean close(
      String tenantId, String runId, Instant now, List<TransactWriteItem> beside) {
    boolean found =
        Optimistic.retry(
            Deadline.in(TIMEOUT),
            "run " + runId,
            () -> {
              Optional<Run> run = find(tenantId, runId);
              return run.isEmpty()
                      || run.get().ended() != null
                      || end(run.get(), Run.State.CLOSED, now, beside)
                  ? Attempt.done(run.isPresent())
                  : Attempt.conflict();
            });
    if (!found) {
      return false;
    }
    childrenOf(tenantId, runId).forEach(child -> close(tenantId, child, now, List.of()));
    return true;
  }

  /// Ends a run as it was read, decrements its counters and writes the notice of it. False where it
  /// was ended, bound or, for an end by time, renewed meanwhile.
  public boolean end(Run seen, Run.State as, Instant now) {
    return end(seen, as, now, List.of());
  }

  private boolean end(Run seen, Run.State as, Instant now, List<TransactWriteItem> beside) {
    List<TransactWriteItem> writes = new ArrayList<>(beside);
    writes.add(TransactWriteItem.builder().update(RunItem.end(ledger.table(), seen, as)).build());
    writes.add(
        TransactWriteItem.builder()
            .put(RunClosed.of(seen, as, now).write(ledger.decisionsTable()))
            .build());
    for (RunCounter counter : countersOf(seen)) {
      writes.add(TransactWriteItem.builder().update(counter.free(ledger.table())).build());
    }
    return ledger.write(writes, Deadline.in(TIMEOUT));
  }

  /// The counters that count an active run.
  private static List<RunCounter> countersOf(Run run) {
    List<RunCounter> counters = new ArrayList<>();
    if (!run.counted()) {
      return counters;
    }
    String key = run.tuple().keyId();
    String user = run.tuple().userId();
    if (key != null) {
      counters.add(
          new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, run.tenantId(), key, RunCounter.UNLIMITED));
    }
    if (user != null) {
      counters.add(
          new RunCounter(RunCounter.Of.ACTIVE_OF_USER, run.tenantId(), user, RunCounter.UNLIMITED));
    }
    return counters;
  }

  private List<String> childrenOf(String tenantId, String runId) {
    Map<String, AttributeValue> values =
        Map.of(
            ":pk", StoredValues.text(StoredIds.partitionKey(tenantId, Scope.RUN, runId)),
            ":child", StoredValues.text(RunItem.CHILD));
    List<String> children = new ArrayList<>();
    Page.Next next = null;
    do {
      Page<Map<String, AttributeValue>> page =
          calls.page(
              QueryRequest.builder()
                  .tableName(ledger.table())
                  .keyConditionExpression("pk = :pk AND begins_with(sk, :child)")
                  .expressionAttributeValues(values)
                  .consistentRead(true)
                  .limit(CHILDREN_A_PAGE),
              next,
              Deadline.in(TIMEOUT));
      page.items().forEach(mark -> children.add(RunItem.child(mark)));
      next = page.next();
    } while (next != null);
    return children;
  }

  /// The accounts of the runs in one part of the index of due runs. The runs are due or will be
  /// soon. The index moves in coarse steps, so the caller judges each run by its own `expiresAt`.
  ///
  /// @param bucket which part, from 0 to [#DUE_BUCKETS] - 1
  public Page<AccountKey> due(
      int bucket, Instant before, int limit, Page.@Nullable Next from, Deadline deadline) {
    return calls
        .page(
            QueryRequest.builder()
                .tableName(ledger.table())
                .indexName("runs-due")
                .keyConditionExpression("run_due_bucket = :bucket AND run_due_at <= :before")
                .expressionAttributeValues(
                    Map.of(
                        ":bucket", StoredValues.number(bucket),
                        ":before", StoredValues.time(before)))
                .limit(limit),
            from,
            deadline)
        .map(
            item -> AccountKey.parse(StoredValues.text(item, "pk"), StoredValues.text(item, "sk")));
  }

  /// A page of the runs of a tenant or of one of its users, newest first.
  ///
  /// @param userId null for all of the tenant
  /// @param after the last run of the page before; null for the first page
  public List<Run> list(String tenantId, @Nullable String userId, int limit, @Nullable Run after) {
    String index = userId == null ? "runs-of-tenant" : "runs-of-user";
    String name = userId == null ? "run_tenant" : "run_user";
    AttributeValue owner =
        StoredValues.text(
            userId == null
                ? StoredIds.escape(tenantId)
                : StoredIds.partitionKey(tenantId, Scope.USER, userId));
    Page.Next from = null;
    if (after != null) {
      Map<String, AttributeValue> start = new HashMap<>(RunItem.key(tenantId, after.runId()));
      start.put(name, owner);
      start.put("run_created", StoredValues.time(after.createdAt()));
      from = new Page.Next(start);
    }
    Deadline deadline = Deadline.in(TIMEOUT);
    Page<Map<String, AttributeValue>> keys =
        calls.page(
            QueryRequest.builder()
                .tableName(ledger.table())
                .indexName(index)
                .keyConditionExpression(name + " = :owner")
                .expressionAttributeValues(Map.of(":owner", owner))
                .scanIndexForward(false)
                .limit(limit),
            from,
            deadline);
    List<Run> runs = new ArrayList<>(read(keys.items(), deadline));
    runs.sort(Comparator.comparing(Run::createdAt).thenComparing(Run::runId).reversed());
    return runs;
  }

  private List<Run> read(List<Map<String, AttributeValue>> found, Deadline deadline) {
    List<Map<String, AttributeValue>> keys =
        found.stream().map(item -> Map.of("pk", item.get("pk"), "sk", item.get("sk"))).toList();
    return calls.readAll(ledger.table(), keys, deadline).stream().map(RunItem::read).toList();
  }
}
