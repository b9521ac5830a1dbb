package io.budgetauthority.ledger.shard;

import io.budgetauthority.record.AccountKey;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How much of accounts with several shards is read.
///
/// @param isWhole whether all shards are read; else the head and the shard to hold on
/// @param busy how many tries of the call found a shard busy; each uses another one
/// @param held the shards of what is held already, by the heads of their accounts
public record Extent(boolean isWhole, int busy, Map<AccountKey, Integer> held) {

  /// All shards.
  public static final Extent WHOLE = whole(0);

  public Extent {
    held = Map.copyOf(held);
  }

  /// The head and one shard.
  public static Extent one(int busy) {
    return new Extent(false, busy, Map.of());
  }

  /// All shards.
  public static Extent whole(int busy) {
    return new Extent(true, busy, Map.of());
  }

  /// All shards, to hold more where something is held.
  public static Extent holdingOn(Map<AccountKey, Integer> held) {
    return new Extent(true, 0, held);
  }

  @Nullable Integer shardOf(AccountKey head) {
    return held.get(head);
  }
}
