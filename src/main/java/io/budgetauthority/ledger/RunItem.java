package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.flag;
import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.textOrNull;
import static io.budgetauthority.tenant.StoredValues.time;

import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.StoredIds;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// How a run is stored: its account's item with the tuple it is bound to and its life beside the
/// sums.
final class RunItem {

  private static final String ABSENT = "attribute_not_exists(pk)";

  /// A decision renews the run's life, and binds what it states and the run does not yet have. The
  /// index of what is due moves in coarse steps, since each move is a write of its own: whoever
  /// reads it judges by `run_expires`.
  private static final String RENEW = ", run_expires = :expires, run_due_at = :due";

  private static final int STEPS_OF_A_LIFE = 16;

  /// The run is still as it was read: open, and bound to nothing newer.
  private static final String STILL_OPEN = " AND run_closed = :open";

  private RunItem() {}

  static Map<String, AttributeValue> key(String tenantId, String runId) {
    return AccountItem.key(AccountKey.total(tenantId, Scope.RUN, runId));
  }

  static Run read(Map<String, AttributeValue> item) {
    Account account = AccountItem.read(item);
    return new Run(
        account.key().tenantId(),
        account.key().id(),
        new Run.Tuple(
            textOrNull(item, "run_user_id"),
            textOrNull(item, "run_key_id"),
            textOrNull(item, "run_team_id"),
            textOrNull(item, "run_feature_id")),
        flag(item, "run_closed"),
        time(item, "run_created"),
        time(item, "run_expires"),
        money(item, "run_made_lim"),
        account);
  }

  /// Makes the run with its first hold already taken.
  static Put start(String table, Run run) {
    Account account = run.account();
    Map<String, AttributeValue> item = new HashMap<>(key(run.tenantId(), run.runId()));
    item.put(AccountItem.LIMIT, money(account.limit()));
    item.put(AccountItem.COMMITTED, money(account.committed()));
    item.put(AccountItem.RESERVED, money(account.reserved()));
    item.put(AccountItem.AVAILABLE, money(account.available()));
    item.put(AccountItem.VERSION, number(account.version()));
    item.put("run_made_lim", money(run.madeLimit()));
    item.put("run_closed", flag(run.closed()));
    item.put("run_created", time(run.createdAt()));
    item.put("run_expires", time(run.expiresAt()));
    item.put("run_due_bucket", number(Math.floorMod(run.runId().hashCode(), 16)));
    item.put("run_due_at", time(due(run.expiresAt(), run.createdAt())));
    putTuple(item, run.tuple());
    if (run.tuple().userId() != null) {
      item.put(
          "run_user",
          text(StoredIds.partitionKey(run.tenantId(), Scope.USER, run.tuple().userId())));
    }
    return Put.builder().tableName(table).item(item).conditionExpression(ABSENT).build();
  }

  /// The step that a run's end falls into, rounded down: a run is looked at early rather than late.
  private static Instant due(Instant expiresAt, Instant now) {
    long step = Math.max(1, Duration.between(now, expiresAt).toMillis() / STEPS_OF_A_LIFE);
    return Instant.ofEpochMilli(expiresAt.toEpochMilli() / step * step);
  }

  private static void putTuple(Map<String, AttributeValue> item, Run.Tuple tuple) {
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

  /// Ends the run. It leaves the index of what is due: nothing more is to be done about it.
  static Update close(String table, AccountKey key) {
    return Update.builder()
        .tableName(table)
        .key(AccountItem.key(key))
        .updateExpression("SET run_closed = :closed REMOVE run_due_bucket, run_due_at")
        .conditionExpression("attribute_exists(pk)")
        .expressionAttributeValues(Map.of(":closed", flag(true)))
        .build();
  }

  /// Takes a hold of a run's account, renews the run and binds newly stated parts of its tuple.
  static Update renew(
      String table, Take take, Run seen, Run.Tuple completed, Instant now, Instant expiresAt) {
    Update plain = AccountItem.take(table, take);
    Map<String, AttributeValue> values = new HashMap<>(plain.expressionAttributeValues());
    values.put(":expires", time(expiresAt));
    values.put(":due", time(due(expiresAt, now)));
    values.put(":open", flag(false));
    StringBuilder set = new StringBuilder(plain.updateExpression()).append(RENEW);
    StringBuilder condition = new StringBuilder(plain.conditionExpression()).append(STILL_OPEN);
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
