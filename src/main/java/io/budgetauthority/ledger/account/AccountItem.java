package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How an account is stored, and the updates that move money on it. Each update has the condition
/// that keeps its invariant.
public final class AccountItem {

  public static final String LIMIT = "lim";
  public static final String COMMITTED = "cmt";
  public static final String RESERVED = "res";
  public static final String AVAILABLE = "avl";
  public static final String CEILINGS_VERSION = "cver";
  public static final String POLICY_VERSION = "pver";

  /// The increases that the limit includes, and how often they changed.
  private static final String INCREASES = "inc";

  private static final String INCREASES_VERSION = "iver";

  /// ledger.md#shards: how many shards there are, the limit that is on the others, and what was
  /// ever freed.
  private static final String SHARDS = "shd";

  private static final String LIMIT_ELSEWHERE = "oth";
  private static final String FREED = "fre";

  /// A hold moves money from what is available to what is reserved: ledger.md#balance and
  /// ledger.md#sums.
  private static final String HOLD = "SET res = res + :hold, avl = avl + :avail";

  private static final String CHARGE = ", cmt = cmt + :charge";

  /// The limit moves to a newer one, by the difference.
  private static final String UNDER_NEW_LIMIT = ", lim = lim + :diff, cver = :cver, pver = :pver";

  static final String SAME_VERSION = "cver = :cseen AND pver = :pseen";

  /// The account has no version. It was created before versions were pairs, or by a correction.
  private static final String NO_VERSION = "attribute_not_exists(cver)";

  /// ledger.md#gate: at least this much must be available.
  private static final String ENOUGH = " AND avl >= :least";

  private static final String NOT_SPENT = " AND cmt < :limit";

  private static final String MAKE =
      "SET lim = :lim, cmt = :charge, res = :hold, avl = :avail, cver = :cver, pver = :pver";
  private static final String ABSENT = "attribute_not_exists(pk)";

  /// A posting frees and charges whatever the sums are: a commit never checks a ceiling.
  private static final String POST = "SET res = res + :res, cmt = cmt + :cmt, avl = avl + :avl";

  private static final String AND_LIMIT = ", lim = lim + :lim";

  /// What the head gets, the other shards give.
  private static final String FROM_ELSEWHERE = ", oth = if_not_exists(oth, :none) - :lim";

  private static final String AND_FREED = ", fre = if_not_exists(fre, :none) + :freed";

  private static final String MAKE_SHARD = "SET lim = :lim, res = :res, cmt = :cmt, avl = :avl";

  private static final String SPLIT = "SET shd = :shards";

  private static final String PRESENT = "attribute_exists(pk)";

  /// Corrects what is available by ledger.md#balance. The other sums stay as they were read.
  private static final String REPAIR = "SET avl = :right";

  private static final String AS_READ = "lim = :lim AND cmt = :cmt AND res = :res AND avl = :wrong";

  /// Changes the limit, and what is available by the same difference, on the sums as they are:
  /// ledger.md#balance.
  public static final String MOVE_LIMIT =
      "SET lim = lim + :change, avl = avl + :change, cver = :cver, pver = :pver";

  /// ledger.md#increases: the limit and what is available change by the same amount.
  private static final String CHANGE_INCREASES =
      "SET lim = lim + :change, avl = avl + :change, inc = :inc, iver = :iver";

  private static final String SAME_LIMIT = "lim = :was AND ";

  private static final String CORRECT = "SET cmt = :committed, res = :reserved, avl = :right";

  private AccountItem() {}

  /// Reads a stored account.
  public static Account read(Attributes item) {
    return new Account(
        AccountKey.parse(item.text("pk"), item.text("sk")),
        item.money(LIMIT),
        item.money(COMMITTED),
        item.money(RESERVED),
        item.money(AVAILABLE),
        readVersion(item),
        readIncreases(item),
        readSplit(item),
        null);
  }

  private static Account.Split readSplit(Attributes item) {
    return item.has(SHARDS) || item.has(FREED)
        ? new Account.Split(
            Math.toIntExact(item.numberOr(SHARDS, 1)),
            MicroUsd.of(item.numberOr(LIMIT_ELSEWHERE, 0)),
            MicroUsd.of(item.numberOr(FREED, 0)))
        : Account.Split.NONE;
  }

  private static AccountIncreases readIncreases(Attributes item) {
    return item.has(INCREASES_VERSION)
        ? new AccountIncreases(
            item.number(INCREASES_VERSION),
            item.texts(INCREASES).stream().map(AccountIncrease::ofStored).toList())
        : AccountIncreases.NONE;
  }

  static LimitVersion readVersion(Attributes item) {
    return item.has(CEILINGS_VERSION)
        ? new LimitVersion(item.number(CEILINGS_VERSION), item.number(POLICY_VERSION))
        : LimitVersion.NONE;
  }

  /// The condition that an account still has the version that it was read with.
  public static String sameVersion(LimitVersion seen, Attributes.Builder values) {
    if (seen.equals(LimitVersion.NONE)) {
      values.put(":cseen", 0);
      values.put(":pseen", 0);
      return "(" + NO_VERSION + " OR (" + SAME_VERSION + "))";
    }
    values.put(":cseen", seen.ceilings());
    values.put(":pseen", seen.policy());
    return SAME_VERSION;
  }

  /// The values of a version that is written.
  public static void putVersion(LimitVersion version, Attributes.Builder values) {
    values.put(":cver", version.ceilings());
    values.put(":pver", version.policy());
  }

  /// The condition that an account still has the increases that it was read with.
  public static String sameIncreases(Account seen, Attributes.Builder values) {
    if (seen.increases().version() == 0) {
      return " AND attribute_not_exists(iver)";
    }
    values.put(":iseen", seen.increases().version());
    return " AND iver = :iseen";
  }

  /// The key of an account's item.
  public static Key key(AccountKey key) {
    return new Key(key.partitionKey(), key.sortKey());
  }

  /// The update that holds an amount, and charges what is charged at once. An account that exists
  /// must still have the version that it was read with. The hold is gated on what is available
  /// under the limit that applies.
  public static Write.Update hold(String table, ConditionalHold hold) {
    return hold(table, hold, Division.NONE);
  }

  /// The same, of an account that has several shards if the update makes it.
  public static Write.Update hold(String table, ConditionalHold hold, Division division) {
    EnforcedAccount enforced = hold.enforced();
    Account stored = enforced.stored();
    Account account = enforced.account();
    Attributes.Builder values = Attributes.builder().put(":hold", hold.hold());
    if (stored == null) {
      MicroUsd own = account.limit().minus(division.ofOthers());
      values.put(":lim", own).put(":charge", hold.charge()).put(":avail", own.minus(hold.total()));
      putVersion(account.version(), values);
      String make = MAKE;
      if (division.shards() > 1) {
        make += ", shd = :shards, oth = :others";
        values.put(":shards", division.shards()).put(":others", division.ofOthers());
      }
      return new Write.Update(table, key(account.key()), make, ABSENT, values.build());
    }
    MicroUsd difference = account.limit().minus(stored.limit());
    values.put(":avail", difference.minus(hold.total()));
    StringBuilder expression = new StringBuilder(HOLD);
    if (!hold.charge().equals(MicroUsd.ZERO)) {
      expression.append(CHARGE);
      values.put(":charge", hold.charge());
    }
    if (!account.version().equals(stored.version()) || !difference.equals(MicroUsd.ZERO)) {
      expression.append(UNDER_NEW_LIMIT);
      values.put(":diff", difference);
      putVersion(account.version(), values);
    }
    String condition = sameVersion(stored.version(), values) + condition(hold, difference, values);
    return new Write.Update(
        table, key(account.key()), expression.toString(), condition, values.build());
  }

  private static String condition(
      ConditionalHold hold, MicroUsd difference, Attributes.Builder values) {
    return switch (hold.condition()) {
      case ConditionalHold.Condition.None none -> "";
      case ConditionalHold.Condition.AtLeast least -> {
        values.put(":least", least.available().minus(difference));
        yield ENOUGH;
      }
      case ConditionalHold.Condition.NotSpent notSpent -> {
        values.put(":limit", hold.enforced().account().limit());
        yield NOT_SPENT;
      }
    };
  }

  /// The update that corrects an account that does not add up: what is available becomes what the
  /// other sums say, if all four are still as they were read.
  public static Write.Update repair(String table, Account broken) {
    return new Write.Update(
        table,
        key(broken.key()),
        REPAIR,
        AS_READ,
        asRead(broken).put(":right", broken.available()).build());
  }

  /// The update that gives an account other sums, if all four are still as they were read. An
  /// account that does not exist is created without a version, so that the next ask sets the limit
  /// that applies.
  public static Write.Update correct(String table, @Nullable Account seen, Account right) {
    Attributes.Builder values =
        (seen == null ? Attributes.builder() : asRead(seen))
            .put(":committed", right.committed())
            .put(":reserved", right.reserved())
            .put(":right", right.available());
    return seen == null
        ? new Write.Update(
            table,
            key(right.key()),
            CORRECT + ", lim = :lim",
            ABSENT,
            values.put(":lim", right.limit()).build())
        : new Write.Update(table, key(right.key()), CORRECT, AS_READ, values.build());
  }

  /// The values of the condition that an account still is as it was read.
  private static Attributes.Builder asRead(Account seen) {
    return Attributes.builder()
        .put(":lim", seen.limit())
        .put(":cmt", seen.committed())
        .put(":res", seen.reserved())
        .put(":wrong", seen.storedAvailable());
  }

  /// The update that moves the limit to that of a changed ceiling, and what is available by the
  /// same difference, on the sums as they are. Increases stay. Of an account with several shards
  /// the head's limit moves; its parts that are on the others may move meanwhile.
  public static Write.Update moveLimit(
      String table, Account stored, MicroUsd limitOfCeiling, LimitVersion to) {
    MicroUsd limit = stored.under(limitOfCeiling, to).limit();
    Attributes.Builder values = Attributes.builder().put(":change", limit.minus(stored.limit()));
    putVersion(to, values);
    String condition = sameVersion(stored.version(), values) + sameIncreases(stored, values);
    if (!stored.isSplit()) {
      condition = SAME_LIMIT + condition;
      values.put(":was", stored.limit());
    }
    return new Write.Update(table, key(stored.key()), MOVE_LIMIT, condition, values.build());
  }

  /// The update that adds an increase to the limit of an account as it was read, and to what is
  /// available.
  public static Write.Update increase(String table, Account stored, AccountIncrease increase) {
    return changeIncreases(table, stored, increase.amount(), stored.increases().with(increase));
  }

  /// The update that takes increases away again. What is held and charged stays.
  public static Write.Update decrease(String table, Account stored, List<AccountIncrease> gone) {
    AccountIncreases left = stored.increases().without(gone);
    return changeIncreases(table, stored, left.sum().minus(stored.increases().sum()), left);
  }

  private static Write.Update changeIncreases(
      String table, Account stored, MicroUsd change, AccountIncreases to) {
    Attributes.Builder values = Attributes.builder().put(":change", change);
    putIncreases(to, values);
    return new Write.Update(
        table,
        key(stored.key()),
        CHANGE_INCREASES,
        PRESENT + sameIncreases(stored, values),
        values.build());
  }

  /// The update that makes an account that nobody has used yet, with an increase.
  ///
  /// @param unused under the limit of its ceiling
  public static Write.Update makeIncreased(String table, Account unused, AccountIncrease increase) {
    MicroUsd limit = unused.limit().plus(increase.amount());
    Attributes.Builder values =
        Attributes.builder()
            .put(":lim", limit)
            .put(":charge", MicroUsd.ZERO)
            .put(":hold", MicroUsd.ZERO)
            .put(":avail", limit);
    putVersion(unused.version(), values);
    putIncreases(AccountIncreases.NONE.with(increase), values);
    return new Write.Update(
        table, key(unused.key()), MAKE + ", inc = :inc, iver = :iver", ABSENT, values.build());
  }

  private static void putIncreases(AccountIncreases increases, Attributes.Builder values) {
    values
        .put(":inc", increases.included().stream().map(AccountIncrease::stored).toList())
        .put(":iver", increases.version());
  }

  /// The update that gives an account more shards, if it still has as many as were read.
  public static Write.Update split(String table, Account stored, int shards) {
    Attributes.Builder values = Attributes.builder().put(":shards", shards);
    String condition = PRESENT + " AND " + sameShards(stored, values);
    return new Write.Update(table, key(stored.key()), SPLIT, condition, values.build());
  }

  /// The condition that an account still has as many shards as were read.
  public static String sameShards(Account seen, Attributes.Builder values) {
    if (!seen.isSplit()) {
      return "attribute_not_exists(shd)";
    }
    values.put(":shseen", seen.split().count());
    return "shd = :shseen";
  }

  /// The update that moves a posting's micro-USD between an account's sums.
  public static Write.Update post(String table, Posting posting) {
    Attributes.Builder values =
        Attributes.builder()
            .put(":res", posting.reservedChange())
            .put(":cmt", posting.committedChange())
            .put(":avl", posting.availableChange());
    if (posting.makes()) {
      return new Write.Update(
          table,
          key(posting.account()),
          MAKE_SHARD,
          ABSENT,
          values.put(":lim", posting.limitChange()).build());
    }
    String expression = POST;
    boolean movesLimit = !posting.limitChange().equals(MicroUsd.ZERO);
    boolean ofHead = posting.account().shard() == 0;
    if (movesLimit) {
      values.put(":lim", posting.limitChange());
      expression += ofHead ? AND_LIMIT + FROM_ELSEWHERE : AND_LIMIT;
    }
    if (posting.freed().isPositive()) {
      values.put(":freed", posting.freed());
      expression += AND_FREED;
    }
    if (posting.freed().isPositive() || (movesLimit && ofHead)) {
      values.put(":none", 0);
    }
    String condition = PRESENT;
    if (posting.leastAvailable() != null) {
      values.put(":least", posting.leastAvailable());
      condition += ENOUGH;
    }
    return new Write.Update(table, key(posting.account()), expression, condition, values.build());
  }
}
