package io.budgetauthority.notification;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.attribution.Change;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.Tenants;
import io.budgetauthority.tenant.Window;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Finds the thresholds that are crossed and whose event was not sent yet. A decision shows each of
/// its accounts as it is after the decision. An account at or above a threshold was brought there
/// by this decision or by one before it. Two decisions that crossed it together may each be below
/// it alone. So the first decision that is seen above a threshold gives the event, and a mark for
/// account, period and threshold keeps later ones from giving it again.
public final class Thresholds {

  private static final int MAX_KEYS_A_BATCH = 100;
  private static final int MAX_REMEMBERED = 50_000;
  private static final int MAX_READS = 20;
  private static final int MAX_WRITES_A_BATCH = 25;

  /// No mark is needed longer: once a period or a run is over, none of its thresholds is crossed.
  private static final Duration KEPT = Duration.ofDays(400);

  private final Tenants tenants;
  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Clock clock;
  private final Cache<String, Boolean> told =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).build();

  /// @param table where the marks are stored: that of attribution
  public Thresholds(Tenants tenants, DynamoDbClient dynamoDb, String table, Clock clock) {
    this.tenants = tenants;
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.clock = clock;
  }

  /// The crossings that these changes show and that have no mark, each once.
  List<BudgetEvent> untold(List<Change> changes) {
    Map<String, BudgetEvent> reached = new LinkedHashMap<>();
    for (Change change : changes) {
      if (change instanceof Change.Stepped step && step.before() == null) {
        for (AccountShare account : step.decision().accounts()) {
          reached(step, account).forEach(event -> reached.putIfAbsent(event.id(), event));
        }
      }
    }
    reached.keySet().removeIf(id -> told.getIfPresent(id) != null);
    marked(List.copyOf(reached.values()))
        .forEach(
            id -> {
              told.put(id, true);
              reached.remove(id);
            });
    return List.copyOf(reached.values());
  }

  private List<BudgetEvent> reached(Change.Stepped step, AccountShare account) {
    List<BudgetEvent> events = new ArrayList<>();
    if (!account.limit().isPositive()) {
      return events;
    }
    MicroUsd used = account.committed().plus(account.reserved());
    for (int percent : percents(step.after().tenantId(), account)) {
      if (used.isAtLeastPercentOf(percent, account.limit())) {
        events.add(event(step, account, percent));
      }
    }
    return events;
  }

  /// The thresholds of the ceiling that an account is under now; none where it was deleted.
  private List<Integer> percents(String tenantId, AccountShare account) {
    if (account.scope() == Scope.RUN) {
      return account.warnAtPercent() == null
          ? Ceiling.DEFAULT_WARN_AT_PERCENT
          : account.warnAtPercent();
    }
    Ceiling own =
        tenants
            .ceilings(new Tenants.ScopeId(tenantId, account.scope(), account.id()))
            .byWindow()
            .get(account.window());
    if (own != null) {
      return own.warnAtPercent();
    }
    Ceiling usual =
        tenants.policy(tenantId).policy().defaultCeilingsOf(account.scope()).get(account.window());
    return usual == null ? List.of() : usual.warnAtPercent();
  }

  private static BudgetEvent event(Change.Stepped step, AccountShare account, int percent) {
    Map<String, @Nullable Object> detail = new LinkedHashMap<>();
    detail.put("scope", account.scope());
    detail.put("scope_id", account.id());
    detail.put("window", account.window());
    detail.put("period", account.period());
    detail.put("threshold_percent", percent);
    detail.put("limit_usd", account.limit());
    detail.put("committed_usd", account.committed());
    detail.put("reserved_usd", account.reserved());
    detail.put("decision_id", step.after().id().decisionId());
    return BudgetEvent.about(
        BudgetEvent.Type.THRESHOLD_CROSSED,
        step.after().tenantId(),
        step.after().createdAt(),
        detail,
        account.scope().wireName(),
        account.id(),
        account.window().wireName(),
        account.period(),
        Integer.toString(percent));
  }

  /// The ids of the events that have a mark.
  private Set<String> marked(List<BudgetEvent> events) {
    Set<String> found = new HashSet<>();
    for (int from = 0; from < events.size(); from += MAX_KEYS_A_BATCH) {
      Map<String, KeysAndAttributes> wanted =
          Map.of(
              table,
              KeysAndAttributes.builder()
                  .keys(
                      events
                          .subList(from, Math.min(events.size(), from + MAX_KEYS_A_BATCH))
                          .stream()
                          .map(Thresholds::key)
                          .toList())
                  .consistentRead(true)
                  .build());
      for (int read = 0; !wanted.isEmpty(); read++) {
        if (read == MAX_READS) {
          throw new IllegalStateException("the marks of thresholds stayed unread");
        }
        Map<String, KeysAndAttributes> asked = wanted;
        var answer = dynamoDb.batchGetItem(get -> get.requestItems(asked));
        answer
            .responses()
            .values()
            .forEach(items -> items.forEach(item -> found.add(text(item, "sk"))));
        wanted = answer.unprocessedKeys();
      }
    }
    return found;
  }

  /// Stores marks for these events, which were sent.
  void markTold(List<BudgetEvent> events) {
    for (int from = 0; from < events.size(); from += MAX_WRITES_A_BATCH) {
      List<BudgetEvent> some =
          events.subList(from, Math.min(events.size(), from + MAX_WRITES_A_BATCH));
      Map<String, List<WriteRequest>> wanted =
          Map.of(table, some.stream().map(this::mark).toList());
      for (int write = 0; !wanted.isEmpty(); write++) {
        if (write == MAX_READS) {
          throw new IllegalStateException("the marks of thresholds stayed unwritten");
        }
        Map<String, List<WriteRequest>> asked = wanted;
        wanted = dynamoDb.batchWriteItem(it -> it.requestItems(asked)).unprocessedItems();
      }
      some.forEach(event -> told.put(event.id(), true));
    }
  }

  private WriteRequest mark(BudgetEvent event) {
    Map<String, AttributeValue> item = new HashMap<>(key(event));
    boolean ends =
        !Window.TOTAL.equals(event.detail().get("window"))
            || Scope.RUN.equals(event.detail().get("scope"));
    if (ends) {
      item.put("ttl", number(clock.instant().plus(KEPT).getEpochSecond()));
    }
    return WriteRequest.builder().putRequest(it -> it.item(item)).build();
  }

  private static Map<String, AttributeValue> key(BudgetEvent event) {
    return Map.of("pk", text(StoredIds.escape(event.tenantId()) + "#told"), "sk", text(event.id()));
  }
}
