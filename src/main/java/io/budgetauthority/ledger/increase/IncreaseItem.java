package io.budgetauthority.ledger.increase;

import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import java.time.Instant;
import java.util.Optional;

/// How an increase is stored: in its tenant's partition of increases, and in the index of what is
/// due until it has ended.
final class IncreaseItem {

  private static final String PARTITION = "#increases";

  /// How many parts the index of what is due has. It is that of runs.
  static final int DUE_BUCKETS = 16;

  private static final String REVOKED = "revoked";
  private static final String ENDED = "ended";
  private static final String NOT_ENDED = "attribute_exists(pk) AND attribute_not_exists(ended)";

  private IncreaseItem() {}

  static Key key(String tenantId, String id) {
    return new Key(partition(tenantId), id);
  }

  static String partition(String tenantId) {
    return StoredIds.escape(tenantId) + PARTITION;
  }

  static Write.Put create(String table, Increase increase) {
    AccountKey account = increase.account();
    return new Write.Put(
        table,
        Attributes.at(key(increase.tenantId(), increase.id()))
            .put("account_pk", account.partitionKey())
            .put("account_sk", account.sortKey())
            .put("amount", increase.amount())
            .put("until", increase.until())
            .put("reason", increase.reason())
            .put("created_by", increase.createdBy())
            .put("created", increase.createdAt())
            .put("request", increase.requestHash())
            .put("run_due_bucket", Math.floorMod(increase.id().hashCode(), DUE_BUCKETS))
            .put("run_due_at", increase.until())
            .build(),
        Write.Condition.ABSENT);
  }

  /// Marks an increase as ended. It leaves the index.
  static Write.Update end(String table, String tenantId, String id, Instant at, boolean revoked) {
    return new Write.Update(
        table,
        key(tenantId, id),
        "SET ended = :at, revoked = :revoked REMOVE run_due_bucket, run_due_at",
        NOT_ENDED,
        Attributes.builder().put(":at", at).put(":revoked", revoked).build());
  }

  static Optional<Increases.Due> due(Attributes keys) {
    String partition = keys.text("pk");
    return partition.endsWith(PARTITION)
        ? Optional.of(
            new Increases.Due(
                StoredIds.unescape(partition.substring(0, partition.length() - PARTITION.length())),
                keys.text("sk")))
        : Optional.empty();
  }

  static Increase read(Attributes item) {
    return new Increase(
        item.text("sk"),
        AccountKey.parse(item.text("account_pk"), item.text("account_sk")),
        item.money("amount"),
        item.time("until"),
        item.text("reason"),
        item.text("created_by"),
        item.time("created"),
        item.text("request"),
        item.timeOrNull(ENDED),
        item.has(REVOKED) && item.flag(REVOKED));
  }
}
