package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.textOrNull;
import static io.budgetauthority.tenant.StoredValues.time;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.StoredIds;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;

/// The notice that a run has ended. The ledger table has no stream. So the transaction that ends a
/// run writes this notice into the decisions table. The stream of that table then has the notice
/// exactly when the run has ended. No decision is found under its key, and its time to live removes
/// it.
///
/// @param state `closed` by a caller, or `expired`
/// @param limit the limit that applies; it and the sums are as they were read when the run ended,
///   and what the run still holds is settled later
public record RunClosed(
    String tenantId,
    String runId,
    Run.State state,
    Tuple tuple,
    MicroUsd limit,
    MicroUsd committed,
    MicroUsd reserved,
    Instant createdAt,
    Instant closedAt) {

  /// Marks the notice among the items of the decisions table.
  private static final String KIND = "run_closed";

  /// How long the notice is stored. A consumer of the stream that stopped has time to go on, since
  /// a record stays in the stream for only a day.
  private static final Duration KEPT = Duration.ofDays(7);

  public RunClosed {
    if (state == Run.State.ACTIVE) {
      throw new IllegalArgumentException("run " + runId + " is active");
    }
  }

  public static RunClosed of(Run run, Run.State state, Instant now) {
    return new RunClosed(
        run.tenantId(),
        run.runId(),
        state,
        run.tuple(),
        run.account().limit(),
        run.account().committed(),
        run.account().reserved(),
        run.createdAt(),
        now);
  }

  /// The write for the transaction that ends the run. It has no condition of its own, because the
  /// update of the run has the condition that the run ends once. Its key has separators, so it is
  /// never that of a decision, which has only digits and capitals.
  Put write(String decisionsTable) {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("pk", text(StoredIds.escape(tenantId) + '#' + KIND + '#' + StoredIds.escape(runId)));
    item.put("kind", text(KIND));
    item.put("tenant", text(tenantId));
    item.put("run", text(runId));
    item.put("state", text(state.wireName()));
    putIfPresent(item, "user_id", tuple.userId());
    putIfPresent(item, "key_id", tuple.keyId());
    putIfPresent(item, "team_id", tuple.teamId());
    putIfPresent(item, "feature_id", tuple.featureId());
    item.put("lim", money(limit));
    item.put("cmt", money(committed));
    item.put("res", money(reserved));
    item.put("created", time(createdAt));
    item.put("closed", time(closedAt));
    item.put("ttl", number(closedAt.plus(KEPT).getEpochSecond()));
    return Put.builder().tableName(decisionsTable).item(item).build();
  }

  private static void putIfPresent(
      Map<String, AttributeValue> item, String name, @Nullable String value) {
    if (value != null) {
      item.put(name, text(value));
    }
  }

  static boolean isOne(Map<String, AttributeValue> item) {
    return KIND.equals(textOrNull(item, "kind"));
  }

  static RunClosed read(Map<String, AttributeValue> item) {
    return new RunClosed(
        text(item, "tenant"),
        text(item, "run"),
        Run.State.valueOf(text(item, "state").toUpperCase(Locale.ROOT)),
        new Tuple(
            textOrNull(item, "user_id"),
            textOrNull(item, "key_id"),
            textOrNull(item, "team_id"),
            textOrNull(item, "feature_id")),
        money(item, "lim"),
        money(item, "cmt"),
        money(item, "res"),
        time(item, "created"),
        time(item, "closed"));
  }
}
