package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.flag;
import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.textOrNull;
import static io.budgetauthority.tenant.StoredValues.texts;
import static io.budgetauthority.tenant.StoredValues.time;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.StoredValues;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// How a run is stored: the item of its account, which has the tuple and the life of the run beside
/// the sums.
final class RunItem {

  private static final String ABSENT = "attribute_not_exists(pk)";

  /// Marks a run that counts neither as active nor as new yet.
  private static final String UNCOUNTED = "run_uncounted";

  /// A decision renews the run's life. The index of due runs moves in coarse steps, because each
  /// move is a write of its own. So a reader of the index judges each run by `run_expires`.
  private static final String RENEW = ", run_expires = :expires, run_due_at = :due";

  private static final int STEPS_OF_A_LIFE = 16;

  /// The condition that the run is still open, as it was read.
  private static final String STILL_OPEN = " AND run_closed = :open";

  /// The prefix of the sort key of a child's mark.
  static final String CHILD = "child#";

  private RunItem() {}

  static Map<String, AttributeValue> key(String tenantId, String runId) {
    return AccountItem.key(AccountKey.total(tenantId, Scope.RUN, runId));
  }

  /// Whether an account's item is that of a run.
  static boolean isRun(Map<String, AttributeValue> item) {
    return item.containsKey("run_created");
  }

  static Run read(Map<String, AttributeValue> item) {
    Account account = AccountItem.read(item);
    return new Run(
        account.key().tenantId(),
        account.key().id(),
        item.containsKey("run_ancestors") ? texts(item, "run_ancestors") : List.of(),
        new Tuple(
            textOrNull(item, "run_user_id"),
            textOrNull(item, "run_key_id"),
            textOrNull(item, "run_team_id"),
            textOrNull(item, "run_feature_id")),
        readEnded(item),
        time(item, "run_created"),
        time(item, "run_expires"),
        money(item, "run_made_lim"),
        readRules(item),
        !flag(item, UNCOUNTED),
        account);
  }

  private static Run.Rules readRules(Map<String, AttributeValue> item) {
    if (!item.containsKey("run_warn")) {
      return Run.Rules.USUAL;
    }
    String mode = textOrNull(item, "run_mode");
    return new Run.Rules(
        mode == null ? null : Mode.ofWireName(mode),
        item.containsKey("run_margin") ? money(item, "run_margin") : null,
        texts(item, "run_warn").stream().map(Integer::valueOf).toList());
  }

  /// Changes the limit, and what is available by the same difference, on the sums as they are
  /// (ledger.md#balance), and replaces the rules. The condition is that the version is still as it
  /// was read.
  static Update moveLimit(String table, Run seen, Ceiling ceiling) {
    Account stored = seen.account();
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":limit", money(ceiling.limit()));
    values.put(":change", money(ceiling.limit().minus(stored.limit())));
    AccountItem.putVersion(LimitVersion.ofRun(stored.version().ceilings() + 1), values);
    String sameVersion = AccountItem.sameVersion(stored.version(), values);
    values.put(
        ":warn",
        AttributeValue.builder()
            .l(ceiling.warnAtPercent().stream().map(it -> text(it.toString())).toList())
            .build());
    List<String> gone = new ArrayList<>();
    StringBuilder set =
        new StringBuilder(
            "SET lim = :limit, avl = avl + :change, cver = :cver, pver = :pver, run_warn = :warn");
    Mode mode = ceiling.mode();
    if (mode == null) {
      gone.add("run_mode");
    } else {
      set.append(", run_mode = :mode");
      values.put(":mode", text(mode.wireName()));
    }
    MicroUsd margin = ceiling.margin();
    if (margin == null) {
      gone.add("run_margin");
    } else {
      set.append(", run_margin = :margin");
      values.put(":margin", money(margin));
    }
    if (!gone.isEmpty()) {
      set.append(" REMOVE ").append(String.join(", ", gone));
    }
    return Update.builder()
        .tableName(table)
        .key(AccountItem.key(stored.key()))
        .updateExpression(set.toString())
        .conditionExpression(sameVersion)
        .expressionAttributeValues(values)
        .build();
  }

  private static Run.@Nullable State readEnded(Map<String, AttributeValue> item) {
    if (!flag(item, "run_closed")) {
      return null;
    }
    return flag(item, "run_expired") ? Run.State.EXPIRED : Run.State.CLOSED;
  }

  /// Creates the run with its first hold in its account.
  private static Put start(String table, Run run) {
    Account account = run.account();
    Map<String, AttributeValue> item = new HashMap<>(key(run.tenantId(), run.runId()));
    item.put(AccountItem.LIMIT, money(account.limit()));
    item.put(AccountItem.COMMITTED, money(account.committed()));
    item.put(AccountItem.RESERVED, money(account.reserved()));
    item.put(AccountItem.AVAILABLE, money(account.available()));
    item.put(AccountItem.CEILINGS_VERSION, number(account.version().ceilings()));
    item.put(AccountItem.POLICY_VERSION, number(account.version().policy()));
    item.put("run_made_lim", money(run.madeLimit()));
    item.put("run_closed", flag(false));
    if (!run.ancestors().isEmpty()) {
      item.put(
          "run_ancestors",
          AttributeValue.builder()
              .l(run.ancestors().stream().map(StoredValues::text).toList())
              .build());
    }
    if (!run.counted()) {
      item.put(UNCOUNTED, flag(true));
    }
    item.put("run_created", time(run.createdAt()));
    item.put("run_tenant", text(StoredIds.escape(run.tenantId())));
    item.put("run_expires", time(run.expiresAt()));
    item.put("run_due_bucket", number(Math.floorMod(run.runId().hashCode(), Runs.DUE_BUCKETS)));
    item.put("run_due_at", time(due(run.expiresAt(), run.createdAt())));
    putTuple(item, run.tuple());
    if (run.tuple().userId() != null) {
      item.put(
          "run_user",
          text(StoredIds.partitionKey(run.tenantId(), Scope.USER, run.tuple().userId())));
    }
    return Put.builder().tableName(table).item(item).conditionExpression(ABSENT).build();
  }

  /// The step of the index that a run's end falls into. It is rounded down, so that a run is looked
  /// at early rather than late.
  private static Instant due(Instant expiresAt, Instant now) {
    long step = Math.max(1, Duration.between(now, expiresAt).toMillis() / STEPS_OF_A_LIFE);
    return Instant.ofEpochMilli(expiresAt.toEpochMilli() / step * step);
  }

  private static void putTuple(Map<String, AttributeValue> item, Tuple tuple) {
    putIfPresent(item, "run_user_id", tuple.userId());
    putIfPresent(item, "run_key_id", tuple.keyId());
    putIfPresent(item, "run_team_id", tuple.teamId());
    putIfPresent(item, "run_feature_id", tuple.featureId());
  }

  private static void putIfPresent(
      Map<String, AttributeValue> item, String name, @Nullable String value) {
    if (value != null) {
      item.put(name, text(value));
    }
  }

  /// The writes that create a run: its item and, where it has a parent, the mark by which it is
  /// found among the children of that parent.
  static List<TransactWriteItem> begin(String table, Run run) {
    TransactWriteItem made = TransactWriteItem.builder().put(start(table, run)).build();
    String parent = run.parentRunId();
    return parent == null
        ? List.of(made)
        : List.of(
            made,
            TransactWriteItem.builder()
                .put(childOf(table, run.tenantId(), parent, run.runId()))
                .build());
  }

  private static Put childOf(String table, String tenantId, String parentRunId, String runId) {
    Map<String, AttributeValue> item = new HashMap<>(key(tenantId, parentRunId));
    item.put("sk", text(CHILD + runId));
    return Put.builder().tableName(table).item(item).build();
  }

  /// The run that a child's mark names.
  static String child(Map<String, AttributeValue> mark) {
    return text(mark, "sk").substring(CHILD.length());
  }

  /// The condition that the run exists and is open.
  static ConditionCheck open(String table, Run run) {
    return ConditionCheck.builder()
        .tableName(table)
        .key(AccountItem.key(run.account().key()))
        .conditionExpression("run_closed = :open")
        .expressionAttributeValues(Map.of(":open", flag(false)))
        .build();
  }

  /// Ends the run if it is still as it was read. It must be open and bound to the same user and
  /// key, because their counters are decremented with it. A run that expires must also not have
  /// been renewed since. The run leaves the index of due runs, because nothing more is to be done
  /// for it.
  static Update end(String table, Run seen, Run.State as) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":closed", flag(true));
    values.put(":open", flag(false));
    StringBuilder set = new StringBuilder("SET run_closed = :closed");
    StringBuilder condition = new StringBuilder("run_closed = :open");
    if (as == Run.State.EXPIRED) {
      set.append(", run_expired = :closed");
      condition.append(" AND run_expires = :seen");
      values.put(":seen", time(seen.expiresAt()));
    }
    stillCounted(condition, values, seen);
    stillBound(condition, values, "run_user_id", seen.tuple().userId());
    stillBound(condition, values, "run_key_id", seen.tuple().keyId());
    return Update.builder()
        .tableName(table)
        .key(AccountItem.key(seen.account().key()))
        .updateExpression(set + " REMOVE run_due_bucket, run_due_at")
        .conditionExpression(condition.toString())
        .expressionAttributeValues(values)
        .build();
  }

  /// The condition that a run which did not count when it was read still does not. The counters
  /// that change with the run depend on that.
  private static void stillCounted(
      StringBuilder condition, Map<String, AttributeValue> values, Run seen) {
    if (!seen.counted()) {
      condition.append(" AND run_uncounted = :uncounted");
      values.put(":uncounted", flag(true));
    }
  }

  private static void stillBound(
      StringBuilder condition,
      Map<String, AttributeValue> values,
      String name,
      @Nullable String bound) {
    if (bound == null) {
      condition.append(" AND attribute_not_exists(").append(name).append(')');
    } else {
      condition.append(" AND ").append(name).append(" = :").append(name);
      values.put(":" + name, text(bound));
    }
  }

  /// Holds an amount on a run's account, renews the run and binds newly stated parts of its tuple.
  static Update renew(String table, ConditionalHold take, Ledger.Renew renew) {
    Run seen = renew.seen();
    Tuple completed = renew.completed();
    Update plain = AccountItem.take(table, take);
    Map<String, AttributeValue> values = new HashMap<>(plain.expressionAttributeValues());
    values.put(":expires", time(renew.expiresAt()));
    values.put(":due", time(due(renew.expiresAt(), renew.now())));
    values.put(":open", flag(false));
    StringBuilder set = new StringBuilder(plain.updateExpression()).append(RENEW);
    StringBuilder condition = new StringBuilder(plain.conditionExpression()).append(STILL_OPEN);
    if (!seen.counted() && renew.counts()) {
      stillCounted(condition, values, seen);
      set.append(", run_uncounted = :counted");
      values.put(":counted", flag(false));
    }
    if (!completed.equals(seen.tuple())) {
      Map<String, AttributeValue> bound = new HashMap<>();
      putTuple(bound, completed);
      Map<String, AttributeValue> before = new HashMap<>();
      putTuple(before, seen.tuple());
      if (completed.userId() != null && seen.tuple().userId() == null) {
        set.append(", run_user = :run_user");
        values.put(
            ":run_user",
            text(StoredIds.partitionKey(seen.tenantId(), Scope.USER, completed.userId())));
      }
      bound.forEach(
          (name, value) -> {
            if (!before.containsKey(name)) {
              set.append(", ").append(name).append(" = :").append(name);
              condition.append(" AND attribute_not_exists(").append(name).append(')');
              values.put(":" + name, value);
            }
          });
    }
    return plain.toBuilder()
        .updateExpression(set.toString())
        .conditionExpression(condition.toString())
        .expressionAttributeValues(values)
        .build();
  }
}
