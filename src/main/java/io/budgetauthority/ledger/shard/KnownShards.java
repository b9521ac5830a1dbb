package io.budgetauthority.ledger.shard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.account.Shards;
import io.budgetauthority.record.AccountKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// What a process knows of the shards of accounts before it reads them, and the shard that each
/// call uses (ledger.md#shards). An ask reads the head and one more shard. The sums of the others
/// are those of at most a second ago; they are shown and gate nothing. Safe for use by many
/// threads.
public final class KnownShards {

  private static final int MAX_KNOWN = 20_000;

  /// An account of at most this many shards is read whole by each call.
  private static final int MAX_READ_WHOLE = 8;

  /// How old the sums of the shards may be that a decision does not read.
  private static final Duration MAX_AGE = Duration.ofSeconds(1);

  private final SharedDraw draw;
  private final Cache<AccountKey, Integer> counts =
      Caffeine.newBuilder().maximumSize(MAX_KNOWN).build();
  private final Cache<AccountKey, Map<Integer, Shards.Sums>> sums =
      Caffeine.newBuilder().maximumSize(MAX_KNOWN).expireAfterWrite(MAX_AGE).build();

  public KnownShards(SharedDraw draw) {
    this.draw = draw;
  }

  /// Which shards of an account to read.
  ///
  /// @param own the one to hold on
  /// @param unread the sums of those that are not read; null where all are read
  public record Choice(int own, int count, @Nullable Map<Integer, Shards.Sums> unread) {

    /// The numbers of the shards to read.
    public List<Integer> numbers() {
      return unread == null
          ? IntStream.range(0, count).boxed().toList()
          : own == 0 ? List.of(0) : List.of(0, own);
    }

    /// The shards as they were read.
    ///
    /// @param others those that exist, by number
    public Shards of(Account head, Map<Integer, Account> others) {
      Shards.Sums elsewhere = Shards.Sums.ZERO;
      if (unread != null) {
        for (Map.Entry<Integer, Shards.Sums> one : unread.entrySet()) {
          if (one.getKey() != 0 && one.getKey() != own) {
            elsewhere = elsewhere.plus(one.getValue());
          }
        }
      }
      return new Shards(head, others, own, unread == null, elsewhere);
    }
  }

  /// The choice for an account whose head was not read yet. One that the process does not know has
  /// one shard, as far as it knows.
  ///
  /// @param extent how much of the account is wanted
  public Choice before(AccountKey head, Extent extent) {
    Integer count = counts.getIfPresent(head);
    return choose(head, count == null ? 1 : count, extent);
  }

  /// The choice once the head says how many shards there are.
  public Choice after(Account head, Choice before, Extent extent) {
    int count = head.split().count();
    if (count == before.count()) {
      return before;
    }
    counts.put(head.key(), count);
    return choose(head.key(), count, extent);
  }

  private Choice choose(AccountKey head, int count, Extent extent) {
    if (count == 1) {
      return new Choice(0, 1, null);
    }
    Integer held = extent.shardOf(head);
    int own = held == null ? own(head, count, extent.busy()) : held;
    boolean isWhole = extent.isWhole() || count <= MAX_READ_WHOLE;
    return new Choice(own, count, isWhole ? null : sums.getIfPresent(head));
  }

  private int own(AccountKey head, int count, int busy) {
    long drawn = busy > 0 ? SharedDraw.fresh() : draw.current() ^ head.hashCode();
    return (int) Long.remainderUnsigned(drawn, count);
  }

  /// Keeps the sums of all shards, which were just read.
  public void keep(Shards whole) {
    Map<Integer, Shards.Sums> all = new ConcurrentHashMap<>();
    whole.others().forEach((number, shard) -> all.put(number, Shards.Sums.of(shard)));
    sums.put(whole.head().key(), all);
  }

  /// Keeps the sums of the shards that were read of an account with others.
  public void keepRead(Shards some) {
    Map<Integer, Shards.Sums> kept = sums.getIfPresent(some.head().key());
    if (kept != null) {
      some.others().forEach((number, shard) -> kept.put(number, Shards.Sums.of(shard)));
    }
  }

  /// Keeps what this process has posted to a shard.
  public void posted(Posting posting) {
    Map<Integer, Shards.Sums> kept = sums.getIfPresent(posting.account().head());
    if (kept != null) {
      kept.merge(
          posting.account().shard(),
          new Shards.Sums(posting.committedChange(), posting.reservedChange()),
          Shards.Sums::plus);
    }
  }
}
