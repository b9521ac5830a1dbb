package io.budgetauthority.notification;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.attribution.Change;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Scope;
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
import org.jspecify.annotations.Nullable;

/// Finds the thresholds that are crossed and whose event was not sent yet. A decision shows each of
/// its accounts as it is after the decision, with its thresholds. An account at or above a
/// threshold was brought there by this decision or by one before it. Two decisions that crossed it
/// together may each be below it alone. So the first decision that is seen above a threshold gives
/// the event, and a mark keeps later ones from giving it again. An account and period have one
/// mark, which names the thresholds whose events were sent.
public final class Thresholds {

  /// How long a batch of marks may take to be read or written.
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static final int MAX_REMEMBERED = 50_000;
  private static final String PERCENTS = "percents";

  /// No mark is needed longer: once a period or a run is over, none of its thresholds is crossed.
  private static final Duration KEPT = Duration.ofDays(400);

  private final Database database;
  private final String table;
  private final Clock clock;
  private final Cache<Mark, Set<Integer>> sent =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).build();

  /// @param table where the marks are stored: that of attribution
  public Thresholds(Database database, String table, Clock clock) {
    this.database = database;
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

    private Key key() {
      return new Key(StoredIds.escape(tenantId) + "#thresholds#" + account, "sent");
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
    Map<Key, Mark> byKey = new HashMap<>();
    marks.forEach(mark -> byKey.put(mark.key(), mark));
    for (Attributes item : database.getAll(table, byKey.keySet(), Deadline.in(TIMEOUT))) {
      Mark mark = byKey.get(item.key());
      if (mark != null) {
        sent.put(mark, item.numbers(PERCENTS));
      }
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
    database.putAll(
        table,
        marks.entrySet().stream().map(it -> item(it.getKey(), it.getValue())).toList(),
        Deadline.in(TIMEOUT));
    marks.forEach((mark, percents) -> sent.put(mark, Set.copyOf(percents)));
  }

  private Set<Integer> percentsSent(Mark mark) {
    Set<Integer> percents = sent.getIfPresent(mark);
    return percents == null ? Set.of() : percents;
  }

  private Attributes item(Mark mark, Collection<Integer> percents) {
    Attributes.Builder item = Attributes.at(mark.key()).putNumbers(PERCENTS, percents);
    if (mark.ends()) {
      item.put("ttl", clock.instant().plus(KEPT).getEpochSecond());
    }
    return item.build();
  }
}
