package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import io.budgetauthority.money.MicroUsd;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// How an account is stored, and the updates that move money on it, each under the condition that
/// keeps its invariant.
final class AccountItem {

  static final String LIMIT = "lim";
  static final String COMMITTED = "cmt";
  static final String RESERVED = "res";
  static final String AVAILABLE = "avl";
  static final String VERSION = "ver";

  /// A hold moves money from what is available to what is reserved: invariants 1 and 2.
  private static final String TAKE = "SET res = res + :hold, avl = avl + :avail";

  private static final String CHARGE = ", cmt = cmt + :charge";

  /// The limit moves to a newer one by the difference.
  private static final String UNDER_NEW_LIMIT = ", lim = lim + :diff, ver = :version";

  private static final String SAME_VERSION = "ver = :seen";

  /// Invariant 3: nothing is taken that is not there.
  private static final String ENOUGH = " AND avl >= :least";

  private static final String NOT_SPENT = " AND cmt < :limit";

  private static final String MAKE =
      "SET lim = :lim, cmt = :charge, res = :hold, avl = :avail, ver = :version";
  private static final String ABSENT = "attribute_not_exists(pk)";

  /// A posting frees and charges whatever the sums are: a commit never checks a ceiling.
  private static final String POST = "SET res = res + :res, cmt = cmt + :cmt, avl = avl + :avl";

  private static final String PRESENT = "attribute_exists(pk)";

  private AccountItem() {}

  static Account read(Map<String, AttributeValue> item) {
    return new Account(
        AccountKey.parse(text(item, "pk"), text(item, "sk")),
        money(item, LIMIT),
        money(item, COMMITTED),
        money(item, RESERVED),
        money(item, AVAILABLE),
        number(item, VERSION));
  }

  static Map<String, AttributeValue> key(AccountKey key) {
    return Map.of("pk", text(key.partitionKey()), "sk", text(key.sortKey()));
  }

  /// The update that takes a hold, and charges what is charged at once. Where the ledger has the
  /// account, it must still have the version that it was read with, and the hold is gated on what
  /// is available under the limit in force.
  static Update take(String table, Take take) {
    Standing standing = take.standing();
    Account stored = standing.stored();
    Account account = standing.account();
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":hold", money(take.hold()));
    Update.Builder update = Update.builder().tableName(table).key(key(account.key()));
    if (stored == null) {
      values.put(":lim", money(account.limit()));
      values.put(":charge", money(take.charge()));
      values.put(":avail", money(account.limit().minus(take.total())));
      values.put(":version", number(account.version()));
      return update
          .updateExpression(MAKE)
          .conditionExpression(ABSENT)
          .expressionAttributeValues(values)
          .build();
    }
    MicroUsd difference = account.limit().minus(stored.limit());
    values.put(":seen", number(stored.version()));
    values.put(":avail", money(difference.minus(take.total())));
    StringBuilder expression = new StringBuilder(TAKE);
    if (!take.charge().equals(MicroUsd.ZERO)) {
      expression.append(CHARGE);
      values.put(":charge", money(take.charge()));
    }
    if (account.version() != stored.version()) {
      expression.append(UNDER_NEW_LIMIT);
      values.put(":diff", money(difference));
      values.put(":version", number(account.version()));
    }
    return update
        .updateExpression(expression.toString())
        .conditionExpression(SAME_VERSION + gate(take, difference, values))
        .expressionAttributeValues(values)
        .build();
  }

  private static String gate(Take take, MicroUsd difference, Map<String, AttributeValue> values) {
    return switch (take.gate()) {
      case Take.Gate.Open open -> "";
      case Take.Gate.AtLeast least -> {
        values.put(":least", money(least.available().minus(difference)));
        yield ENOUGH;
      }
      case Take.Gate.NotSpent notSpent -> {
        values.put(":limit", money(take.standing().account().limit()));
        yield NOT_SPENT;
      }
    };
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
