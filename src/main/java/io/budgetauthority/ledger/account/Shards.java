package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The shards of an account as they were read (ledger.md#shards). A shard that does not exist reads
/// as zeros. Pure.
///
/// @param head the shard 0, which every account has. It says how many shards there are
/// @param others those of the other shards that were read and exist, by number
/// @param own the shard that a hold is to be taken on, which was read
/// @param isWhole whether all shards were read
/// @param unread the sums of the others, as they were a moment ago; zero where all were read
public record Shards(
    Account head, Map<Integer, Account> others, int own, boolean isWhole, Sums unread) {

  public Shards {
    others = Map.copyOf(others);
  }

  /// The committed and reserved sums of some shards, in micro-USD.
  public record Sums(MicroUsd committed, MicroUsd reserved) {

    public static final Sums ZERO = new Sums(MicroUsd.ZERO, MicroUsd.ZERO);

    public static Sums of(Account account) {
      return new Sums(account.committed(), account.reserved());
    }

    public Sums plus(Sums other) {
      return new Sums(committed.plus(other.committed), reserved.plus(other.reserved));
    }
  }

  /// The keys of the shards of an account.
  public static List<AccountKey> keys(Account account) {
    return keysFrom(0, account);
  }

  /// The keys of the shards that an account has beside its head.
  public static List<AccountKey> keysBesideHead(Account account) {
    return keysFrom(1, account);
  }

  private static List<AccountKey> keysFrom(int first, Account account) {
    return IntStream.range(first, account.split().count())
        .mapToObj(account.key()::ofShard)
        .toList();
  }

  public int count() {
    return head.split().count();
  }

  /// The account with the sums of all shards.
  public Account account() {
    Sums sums = sums();
    return head.withSumsOf(this, sums.committed(), sums.reserved());
  }

  private Sums sums() {
    Sums sums = Sums.of(head).plus(unread);
    for (Account shard : others.values()) {
      sums = sums.plus(Sums.of(shard));
    }
    return sums;
  }

  /// The items that were read.
  public List<Account> items() {
    List<Account> items = new ArrayList<>(others.values());
    items.add(head);
    return items;
  }

  public AccountKey key(int number) {
    return head.key().ofShard(number);
  }

  boolean exists(int number) {
    return number == 0 || others.containsKey(number);
  }

  MicroUsd available(int number) {
    Account shard = number == 0 ? head : others.get(number);
    return shard == null ? MicroUsd.ZERO : shard.storedAvailable();
  }

  boolean has(int number, MicroUsd least) {
    return available(number).compareTo(least) >= 0;
  }

  /// The numbers of all shards, from the one to hold on.
  List<Integer> numbersFromOwn() {
    return IntStream.range(own, own + count()).mapToObj(number -> number % count()).toList();
  }

  private MicroUsd freed(int number) {
    Account shard = number == 0 ? head : others.get(number);
    return shard == null ? MicroUsd.ZERO : shard.split().freed();
  }

  /// What the head lacks, which the next hold on another shard pays; zero where it lacks nothing.
  MicroUsd debt() {
    MicroUsd available = head.storedAvailable();
    return available.isNegative() ? MicroUsd.ZERO.minus(available) : MicroUsd.ZERO;
  }

  /// The same shards, with another one to hold on.
  public Shards holdingOn(int number) {
    return new Shards(head, others, number, isWhole, unread);
  }

  /// The account as it may have been at most between two readings. Empty where they are not of the
  /// same shards under the same limit.
  ///
  /// @param earlier a whole reading that ended before the later one began; null where the account
  ///   had one item
  /// @param later null where the account has one item
  public static Optional<Account> atMostSince(@Nullable Shards earlier, @Nullable Shards later) {
    return earlier != null && later != null && later.isLikeEarlier(earlier)
        ? Optional.of(later.mostSince(earlier))
        : Optional.empty();
  }

  /// Whether this is a later reading of the same shards under the same limit.
  private boolean isLikeEarlier(Shards earlier) {
    return head.key().equals(earlier.head.key())
        && head.split().count() == earlier.head.split().count()
        && head.version().equals(earlier.head.version())
        && head.increases().version() == earlier.head.increases().version();
  }

  /// What the earlier reading had available, and all that was freed since. Money that moves from a
  /// shard that is read early to one that is read late is in neither sum, but it was freed in
  /// between. So what does not fit this account did not fit at some instant between the two.
  private Account mostSince(Shards earlier) {
    Sums before = earlier.sums();
    MicroUsd freedSince = MicroUsd.ZERO;
    for (int number = 0; number < count(); number++) {
      freedSince = freedSince.plus(freed(number).minus(earlier.freed(number)));
    }
    return head.withSumsOf(this, before.committed().minus(freedSince), before.reserved());
  }
}
