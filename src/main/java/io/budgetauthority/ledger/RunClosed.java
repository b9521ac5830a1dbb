package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

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
  Write.Put write(String decisionsTable) {
    return new Write.Put(
        decisionsTable,
        Attributes.at(
                Key.of(StoredIds.escape(tenantId) + '#' + KIND + '#' + StoredIds.escape(runId)))
            .put("kind", KIND)
            .put("tenant", tenantId)
            .put("run", runId)
            .put("state", state.wireName())
            .putIfPresent("user_id", tuple.userId())
            .putIfPresent("key_id", tuple.keyId())
            .putIfPresent("team_id", tuple.teamId())
            .putIfPresent("feature_id", tuple.featureId())
            .put("lim", limit)
            .put("cmt", committed)
            .put("res", reserved)
            .put("created", createdAt)
            .put("closed", closedAt)
            .put("ttl", closedAt.plus(KEPT).getEpochSecond())
            .build());
  }

  /// Whether an item is one of these.
  public static boolean isOne(Attributes item) {
    return KIND.equals(item.textOrNull("kind"));
  }

  /// Reads a stored item.
  public static RunClosed read(Attributes item) {
    return new RunClosed(
        item.text("tenant"),
        item.text("run"),
        Run.State.valueOf(item.text("state").toUpperCase(Locale.ROOT)),
        new Tuple(
            item.textOrNull("user_id"),
            item.textOrNull("key_id"),
            item.textOrNull("team_id"),
            item.textOrNull("feature_id")),
        item.money("lim"),
        item.money("cmt"),
        item.money("res"),
        item.time("created"),
        item.time("closed"));
  }
}
