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
import io.budgetauthority.tenant.Window;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Finds the thresholds that are crossed and whose event was not sent yet. A decision shows each of
/// its accounts as it is after the decision, with its thresholds. An account at or above a
/// threshold was brought there by this decision or by one before it. Two decisions that crossed it
/// together may each be below it alone. So the first decision that is seen above a threshold gives
/// the event, and a mark keeps later ones from giving it again. An account and period have one
/// mark, which names the thresholds whose events were sent.
public final class Thresholds {

  private static final int MAX_KEYS_A_BATCH = 100;
  private static final int MAX_REMEMBERED = 50_000;
  private static final int MAX_ATTEMPTS = 20;
  private static final int MAX_WRITES_A_BATCH = 25;
  private static final String PERCENTS = "percents";

  /// No mark is needed longer: once a period or a run is over, none of its thresholds is crossed.
  private static final Duration KEPT = Duration.ofDays(400);

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Clock clock;
  private final Cache<Mark, Set<Integer>> sent =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).build();

  /// @param table where the marks are stored: that of attribution
  public Thresholds(DynamoDbClient dynamoDb, String table, Clock clock) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.clock = clock;
  }

  /// A threshold that an account reached and whose event was not sent.
  record Crossing(Mark mark, int percent, BudgetEvent event) {}

  /// The mark of one account and period.
  ///
  /// @param ends whether the account ends, and its mark with it
  record Mark(String tenantId, String account, boolean ends) {

    private static Mark of(String tenantId, AccountShare account) {
      return new Mark(
          tenantId,
          StoredIds.digest(
              account.scope().wireName(),
              account.id(),
              account.window().wireName(),
              account.period()),
          account.window() != Window.TOTAL || account.scope() == Scope.RUN);
    }

    private Map<String, AttributeValue> key() {
      return Map.of(
          "pk", text(StoredIds.escape(tenantId) + "#thresholds#" + account), "sk", text("sent"));
    }
  }

  /// The decision that is the first to show an account at a threshold.
  private record Reached(Change.Stepped step, AccountShare account) {}

  /// The crossings that these changes show and whose events were not sent, each once.
  List<Crossing> unsent(List<Change> changes) {
    Map<Mark, Map<Integer, Reached>> reached = new LinkedHashMap<>();
    for (Change change : changes) {
      if (change instanceof Change.Stepped step && step.before() == null) {
        step.decision().accounts().forEach(account -> addReached(reached, step, account));
      }
    }
    // Another process may have sent what this one does not know of.
    readMarks(
        reached.entrySet().stream()
            .filter(it -> !percentsSent(it.getKey()).containsAll(it.getValue().keySet()))
            .map(Map.Entry::getKey)
            .toList());
    List<Crossing> crossings = new ArrayList<>();
    reached.forEach(
        (mark, byPercent) -> {
          Set<Integer> known = percentsSent(mark);
          byPercent.forEach(
              (percent, it) -> {
                if (!known.contains(percent)) {
                  crossings.add(
                      new Crossing(mark, percent, event(it.step(), it.account(), percent)));
                }
              });
        });
    return crossings;
  }

  private static void addReached(
      Map<Mark, Map<Integer, Reached>> reached, Change.Stepped step, AccountShare account) {
    if (!account.limit().isPositive()) {
      return;
    }
    MicroUsd used = account.committed().plus(account.reserved());
    List<Integer> percents =
        percents(account).stream()
            .filter(percent -> used.isAtLeastPercentOf(percent, account.limit()))
            .toList();
    if (!percents.isEmpty()) {
      Map<Integer, Reached> byPercent =
          reached.computeIfAbsent(
              Mark.of(step.after().tenantId(), account), mark -> new LinkedHashMap<>());
      percents.forEach(percent -> byPercent.putIfAbsent(percent, new Reached(step, account)));
    }
  }

  private static List<Integer> percents(AccountShare account) {
    return account.warnAtPercent() == null
        ? Ceiling.DEFAULT_WARN_AT_PERCENT
        : account.warnAtPercent();
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

  /// Reads marks, so that [#sent] has what each of them names.
  private void readMarks(List<Mark> marks) {
    for (int from = 0; from < marks.size(); from += MAX_KEYS_A_BATCH) {
      List<Mark> some = marks.subList(from, Math.min(marks.size(), from + MAX_KEYS_A_BATCH));
      Map<Map<String, AttributeValue>, Mark> byKey = new HashMap<>();
      some.forEach(mark -> byKey.put(mark.key(), mark));
      Map<String, KeysAndAttributes> wanted =
          Map.of(
              table, KeysAndAttributes.builder().keys(byKey.keySet()).consistentRead(true).build());
      for (int attempt = 0; !wanted.isEmpty(); attempt++) {
        if (attempt == MAX_ATTEMPTS) {
          throw new IllegalStateException("the marks of thresholds stayed unread");
        }
        Map<String, KeysAndAttributes> asked = wanted;
        var answer = dynamoDb.batchGetItem(get -> get.requestItems(asked));
        answer.responses().values().forEach(items -> items.forEach(item -> remember(byKey, item)));
        wanted = answer.unprocessedKeys();
      }
    }
  }

  private void remember(
      Map<Map<String, AttributeValue>, Mark> byKey, Map<String, AttributeValue> item) {
    Mark mark = byKey.get(Map.of("pk", text(text(item, "pk")), "sk", text(text(item, "sk"))));
    AttributeValue percents = item.get(PERCENTS);
    if (mark != null && percents != null) {
      sent.put(mark, percents.ns().stream().map(Integer::valueOf).collect(Collectors.toSet()));
    }
  }

  /// Stores marks for these crossings, whose events were sent. Two readers of the stream that write
  /// one mark at once may leave it without the thresholds of one of them. The next decision then
  /// gives their events again, with the same ids.
  void markSent(List<Crossing> crossings) {
    Map<Mark, Set<Integer>> marks = new LinkedHashMap<>();
    for (Crossing crossing : crossings) {
      marks
          .computeIfAbsent(crossing.mark(), mark -> new TreeSet<>(percentsSent(mark)))
          .add(crossing.percent());
    }
    List<Map.Entry<Mark, Set<Integer>>> all = List.copyOf(marks.entrySet());
    for (int from = 0; from < all.size(); from += MAX_WRITES_A_BATCH) {
      List<Map.Entry<Mark, Set<Integer>>> some =
          all.subList(from, Math.min(all.size(), from + MAX_WRITES_A_BATCH));
      Map<String, List<WriteRequest>> wanted =
          Map.of(table, some.stream().map(it -> put(it.getKey(), it.getValue())).toList());
      for (int attempt = 0; !wanted.isEmpty(); attempt++) {
        if (attempt == MAX_ATTEMPTS) {
          throw new IllegalStateException("the marks of thresholds stayed unwritten");
        }
        Map<String, List<WriteRequest>> asked = wanted;
        wanted = dynamoDb.batchWriteItem(it -> it.requestItems(asked)).unprocessedItems();
      }
      some.forEach(it -> sent.put(it.getKey(), Set.copyOf(it.getValue())));
    }
  }

  private Set<Integer> percentsSent(Mark mark) {
    Set<Integer> percents = sent.getIfPresent(mark);
    return percents == null ? Set.of() : percents;
  }

  private WriteRequest put(Mark mark, Collection<Integer> percents) {
    Map<String, AttributeValue> item = new HashMap<>(mark.key());
    item.put(PERCENTS, AttributeValue.fromNs(percents.stream().map(String::valueOf).toList()));
    if (mark.ends()) {
      item.put("ttl", number(clock.instant().plus(KEPT).getEpochSecond()));
    }
    return WriteRequest.builder().putRequest(it -> it.item(item)).build();
  }
}
