package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// How an account is stored, and the updates that move money on it. Each update has the condition
/// that keeps its invariant.
final class AccountItem {

  static final String LIMIT = "lim";
  static final String COMMITTED = "cmt";
  static final String RESERVED = "res";
  static final String AVAILABLE = "avl";
  static final String CEILINGS_VERSION = "cver";
  static final String POLICY_VERSION = "pver";

  /// A hold moves money from what is available to what is reserved: ledger.md#balance and
  /// ledger.md#sums.
  private static final String TAKE = "SET res = res + :hold, avl = avl + :avail";

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

  private static final String PRESENT = "attribute_exists(pk)";

  /// Corrects what is available by ledger.md#balance. The other sums stay as they were read.
  private static final String REPAIR = "SET avl = :right";

  private static final String AS_READ = "lim = :lim AND cmt = :cmt AND res = :res AND avl = :wrong";

  private static final String CORRECT = "SET cmt = :committed, res = :reserved, avl = :right";

  private AccountItem() {}

  static Account read(Map<String, AttributeValue> item) {
    return new Account(
        AccountKey.parse(text(item, "pk"), text(item, "sk")),
        money(item, LIMIT),
        money(item, COMMITTED),
        money(item, RESERVED),
        money(item, AVAILABLE),
        readVersion(item));
  }

  private static LimitVersion readVersion(Map<String, AttributeValue> item) {
    return item.containsKey(CEILINGS_VERSION)
        ? new LimitVersion(number(item, CEILINGS_VERSION), number(item, POLICY_VERSION))
        : LimitVersion.NONE;
  }

  /// The condition that an account still has the version that it was read with.
  static String sameVersion(LimitVersion seen, Map<String, AttributeValue> values) {
    if (seen.equals(LimitVersion.NONE)) {
      values.put(":cseen", number(0));
      values.put(":pseen", number(0));
      return "(" + NO_VERSION + " OR (" + SAME_VERSION + "))";
    }
    values.put(":cseen", number(seen.ceilings()));
    values.put(":pseen", number(seen.policy()));
    return SAME_VERSION;
  }

  /// The values of a version that is written.
  static void putVersion(LimitVersion version, Map<String, AttributeValue> values) {
    values.put(":cver", number(version.ceilings()));
    values.put(":pver", number(version.policy()));
  }

  static Map<String, AttributeValue> key(AccountKey key) {
    return Map.of("pk", text(key.partitionKey()), "sk", text(key.sortKey()));
  }

  /// The update that holds an amount, and charges what is charged at once. An account that exists
  /// must still have the version that it was read with. The hold is gated on what is available
  /// under the limit that applies.
  static Update take(String table, ConditionalHold take) {
    EnforcedAccount enforced = take.enforced();
    Account stored = enforced.stored();
    Account account = enforced.account();
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":hold", money(take.hold()));
    Update.Builder update = Update.builder().tableName(table).key(key(account.key()));
    if (stored == null) {
      values.put(":lim", money(account.limit()));
      values.put(":charge", money(take.charge()));
      values.put(":avail", money(account.limit().minus(take.total())));
      putVersion(account.version(), values);
      return update
          .updateExpression(MAKE)
          .conditionExpression(ABSENT)
          .expressionAttributeValues(values)
          .build();
    }
    MicroUsd difference = account.limit().minus(stored.limit());
    values.put(":avail", money(difference.minus(take.total())));
    StringBuilder expression = new StringBuilder(TAKE);
    if (!take.charge().equals(MicroUsd.ZERO)) {
      expression.append(CHARGE);
      values.put(":charge", money(take.charge()));
    }
    if (!account.version().equals(stored.version()) || !difference.equals(MicroUsd.ZERO)) {
      expression.append(UNDER_NEW_LIMIT);
      values.put(":diff", money(difference));
      putVersion(account.version(), values);
    }
    return update
        .updateExpression(expression.toString())
        .conditionExpression(
            sameVersion(stored.version(), values) + condition(take, difference, values))
        .expressionAttributeValues(values)
        .build();
  }

  private static String condition(
      ConditionalHold take, MicroUsd difference, Map<String, AttributeValue> values) {
    return switch (take.condition()) {
      case ConditionalHold.Condition.None none -> "";
      case ConditionalHold.Condition.AtLeast least -> {
        values.put(":least", money(least.available().minus(difference)));
        yield ENOUGH;
      }
      case ConditionalHold.Condition.NotSpent notSpent -> {
        values.put(":limit", money(take.enforced().account().limit()));
        yield NOT_SPENT;
      }
    };
  }

  /// The update that corrects an account that does not add up: what is available becomes what the
  /// other sums say, if all four are still as they were read.
  static Update repair(String table, Account broken) {
    Map<String, AttributeValue> values = asRead(broken);
    values.put(":right", money(broken.available()));
    return Update.builder()
        .tableName(table)
        .key(key(broken.key()))
        .updateExpression(REPAIR)
        .conditionExpression(AS_READ)
        .expressionAttributeValues(values)
        .build();
  }

  /// The update that gives an account other sums, if all four are still as they were read. An
  /// account that does not exist is created without a version, so that the next ask sets the limit
  /// that applies.
  static Update correct(String table, @Nullable Account seen, Account right) {
    Map<String, AttributeValue> values = seen == null ? new HashMap<>() : asRead(seen);
    values.put(":committed", money(right.committed()));
    values.put(":reserved", money(right.reserved()));
    values.put(":right", money(right.available()));
    Update.Builder update = Update.builder().tableName(table).key(key(right.key()));
    if (seen == null) {
      values.put(":lim", money(right.limit()));
      return update
          .updateExpression(CORRECT + ", lim = :lim")
          .conditionExpression(ABSENT)
          .expressionAttributeValues(values)
          .build();
    }
    return update
        .updateExpression(CORRECT)
        .conditionExpression(AS_READ)
        .expressionAttributeValues(values)
        .build();
  }

  /// The values of the condition that an account still is as it was read.
  private static Map<String, AttributeValue> asRead(Account seen) {
    return new HashMap<>(
        Map.of(
            ":lim", money(seen.limit()),
            ":cmt", money(seen.committed()),
            ":res", money(seen.reserved()),
            ":wrong", money(seen.storedAvailable())));
  }

  static Update post(String table, Posting posting) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":res", money(posting.reservedChange()));
    values.put(":cmt", money(posting.committedChange()));
    values.put(":avl", money(posting.availableChange()));
    String condition = PRESENT;
    if (posting.leastAvailable() != null) {
      values.put(":least", money(posting.leastAvailable()));
      condition += ENOUGH;
    }
    return Update.builder()
        .tableName(table)
        .key(key(posting.account()))
        .updateExpression(POST)
        .conditionExpression(condition)
        .expressionAttributeValues(values)
        .build();
  }
}
