package io.budgetauthority.ledger.shard;

import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// How often the transactions of this process conflict on an account, and how many shards it should
/// have for that (ledger.md#shards). The account has twice as many once a fifth of the tries of ten
/// seconds conflicted. It has four times as many once half of the tries of one second did, and
/// eight times as many once four fifths did. The next period begins with as many, or with half as
/// many where under a twentieth conflicted. Safe for use by many threads.
public final class ShardLoad {

  private static final long WINDOW_NANOS = Duration.ofSeconds(10).toNanos();

  /// How long half of the tries must conflict.
  private static final long SHORT_WINDOW_NANOS = Duration.ofSeconds(1).toNanos();

  /// Fewer tries than this say nothing. They count until there are as many.
  private static final int LEAST_TRIES = 20;

  private static final int SELDOM = 20;
  private static final int MAX_ACCOUNTS = 20_000;

  private final LongSupplier nanos;
  private final @Nullable Integer stated;
  private final ConcurrentMap<CeilingName, Counts> accounts =
      Caffeine.newBuilder().maximumSize(MAX_ACCOUNTS).<CeilingName, Counts>build().asMap();

  /// A ceiling, whose accounts follow each other.
  private record CeilingName(String tenantId, Scope scope, String id, Window window) {
    static CeilingName of(AccountKey key) {
      return new CeilingName(key.tenantId(), key.scope(), key.id(), key.window());
    }
  }

  /// @param carried how many shards the account had in the period before, or half of them
  /// @param count how many shards it has
  /// @param since when the counts began, in nanoseconds
  /// @param wasQuiet whether the last counts that say something had few conflicts
  private record Counts(
      String period,
      int carried,
      int count,
      long since,
      long tries,
      long conflicts,
      boolean wasQuiet) {

    static Counts ofNew(AccountKey key, int count, long now) {
      return new Counts(key.period(), 1, count, now, 0, 0, true);
    }

    Counts afterTry(AccountKey key, boolean conflicted) {
      return key.period().equals(period)
          ? new Counts(
              period, carried, count, since, tries + 1, conflicts + (conflicted ? 1 : 0), wasQuiet)
          : this;
    }

    Counts after(long now, int newCount) {
      return new Counts(period, carried, newCount, now, 0, 0, isQuiet());
    }

    boolean isOver(long now) {
      long window = factor() > 2 ? SHORT_WINDOW_NANOS : WINDOW_NANOS;
      return tries >= LEAST_TRIES && now - since >= window;
    }

    /// How many times as many shards the account should have, so that few tries conflict.
    int factor() {
      if (conflicts * 5 >= tries * 4) {
        return 8;
      }
      if (conflicts * 2 >= tries) {
        return 4;
      }
      return conflicts * 5 >= tries ? 2 : 1;
    }

    boolean isQuiet() {
      return tries < LEAST_TRIES ? wasQuiet : conflicts * SELDOM < tries;
    }
  }

  /// @param nanos a monotonic time in nanoseconds
  /// @param stated how many shards an account has, whatever the load is, 1 to 64; null for as many
  ///   as the load needs. Any other number gets an [IllegalArgumentException]
  public ShardLoad(LongSupplier nanos, @Nullable Integer stated) {
    if (stated != null && (stated < 1 || stated > AccountKey.MAX_SHARDS)) {
      throw new IllegalArgumentException(
          "BUDGET_SHARDS must be from 1 to " + AccountKey.MAX_SHARDS + ", not " + stated);
    }
    this.nanos = nanos;
    this.stated = stated;
  }

  /// Counts one try of a transaction that writes an account. There are many runs and few that many
  /// calls share, so a run counts from its first conflict on.
  ///
  /// @param conflicted whether another transaction was writing it
  public void count(AccountKey key, boolean conflicted) {
    CeilingName name = CeilingName.of(key);
    if (conflicted && key.scope() == Scope.RUN) {
      accounts.computeIfAbsent(name, same -> Counts.ofNew(key, 1, nanos.getAsLong()));
    }
    accounts.computeIfPresent(name, (same, counts) -> counts.afterTry(key, conflicted));
  }

  /// How many shards an account should have under its ceiling. Only in `hard_gate` it gets more.
  ///
  /// @param head the key of the account
  /// @param count how many it has
  public int wanted(EnforcedAccount enforced, AccountKey head, int count) {
    if (enforced.mode() != Mode.HARD_GATE) {
      return count;
    }
    Integer ofCeiling = enforced.own().shards();
    return ofCeiling == null ? wanted(head, count) : ofCeiling;
  }

  /// How many shards an account should have by its load.
  ///
  /// @param count how many it has
  public int wanted(AccountKey head, int count) {
    if (stated != null) {
      return stated;
    }
    CeilingName name = CeilingName.of(head);
    if (head.scope() == Scope.RUN && !accounts.containsKey(name)) {
      return count;
    }
    long now = nanos.getAsLong();
    int[] wanted = {count};
    accounts.compute(
        name,
        (same, counts) -> {
          if (counts == null) {
            return Counts.ofNew(head, count, now);
          }
          int order = head.period().compareTo(counts.period());
          if (order < 0) {
            return counts;
          }
          Counts current =
              order == 0
                  ? counts
                  : new Counts(
                      head.period(),
                      counts.isQuiet() ? Math.max(1, counts.count() / 2) : counts.count(),
                      count,
                      now,
                      0,
                      0,
                      counts.isQuiet());
          if (current.carried() > count) {
            wanted[0] = current.carried();
            return current;
          }
          if (current.count() != count) {
            return current.after(now, count);
          }
          if (!current.isOver(now)) {
            return current;
          }
          wanted[0] = Math.min(AccountKey.MAX_SHARDS, count * current.factor());
          return current.after(now, count);
        });
    return wanted[0];
  }
}
