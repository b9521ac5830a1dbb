package io.budgetauthority.ledger.increase;

import io.budgetauthority.ledger.account.AccountIncrease;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import java.time.Duration;
import java.time.Instant;

/// The notice that an increase has ended, which the transaction that ends it writes into the
/// decisions table, as that of a run's end does. The stream of that table has it exactly once.
///
/// @param limit the limit of the account without the increase
/// @param revoked whether a caller took it away before its time
public record IncreaseEnded(
    AccountKey account,
    String id,
    MicroUsd amount,
    Instant until,
    MicroUsd limit,
    boolean revoked,
    Instant endedAt) {

  private static final String KIND = "increase_ended";
  private static final Duration KEPT = Duration.ofDays(7);

  static IncreaseEnded of(
      AccountKey account, AccountIncrease increase, MicroUsd limit, boolean revoked, Instant at) {
    return new IncreaseEnded(
        account, increase.id(), increase.amount(), increase.until(), limit, revoked, at);
  }

  Write.Put write(String decisionsTable) {
    return new Write.Put(
        decisionsTable,
        Attributes.at(Key.of(StoredIds.escape(account.tenantId()) + '#' + KIND + '#' + id))
            .put("kind", KIND)
            .put("tenant", account.tenantId())
            .put("account_pk", account.partitionKey())
            .put("account_sk", account.sortKey())
            .put("increase", id)
            .put("amount", amount)
            .put("until", until)
            .put("lim", limit)
            .put("revoked", revoked)
            .put("at", endedAt)
            .put("ttl", endedAt.plus(KEPT).getEpochSecond())
            .build());
  }

  /// Whether an item is one of these.
  public static boolean isOne(Attributes item) {
    return KIND.equals(item.textOrNull("kind"));
  }

  /// Reads a stored item.
  public static IncreaseEnded read(Attributes item) {
    return new IncreaseEnded(
        AccountKey.parse(item.text("account_pk"), item.text("account_sk")),
        item.text("increase"),
        item.money("amount"),
        item.time("until"),
        item.money("lim"),
        item.flag("revoked"),
        item.time("at"));
  }
}
