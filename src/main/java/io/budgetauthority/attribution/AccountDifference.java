package io.budgetauthority.attribution;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An account whose sums are not what its reservations say. `reserved` must be the sum of the live
/// holds, which are never deleted. `committed` must lie between the charges of the decisions that
/// are still stored and all charges that attribution knows. The reason is that decisions are
/// deleted at the end of their retention and rows of attribution are not. Pure.
///
/// @param stored the account as it is stored; null where the ledger has none
/// @param reserved the sum of the live holds, in micro-USD
/// @param leastCommitted the charges of the decisions that are still stored, in micro-USD
/// @param mostCommitted all charges that can be on it, in micro-USD
public record AccountDifference(
    AccountKey key,
    @Nullable Account stored,
    MicroUsd reserved,
    MicroUsd leastCommitted,
    MicroUsd mostCommitted) {

  /// The difference of one account; empty where its sums are right. Where attribution knows less
  /// than the stored decisions say, the decisions count.
  static Optional<AccountDifference> of(
      AccountKey key,
      @Nullable Account stored,
      MicroUsd reserved,
      MicroUsd leastCommitted,
      MicroUsd mostCommitted) {
    MicroUsd most = mostCommitted.compareTo(leastCommitted) < 0 ? leastCommitted : mostCommitted;
    AccountDifference difference =
        new AccountDifference(key, stored, reserved, leastCommitted, most);
    boolean isRight =
        stored == null
            ? reserved.equals(MicroUsd.ZERO) && leastCommitted.equals(MicroUsd.ZERO)
            : stored.equals(difference.corrected());
    return isRight ? Optional.empty() : Optional.of(difference);
  }

  /// The account with the right sums. `committed` is moved no further than its bounds demand, so a
  /// decision that was deleted never lowers it. An account that is missing is created with a limit
  /// of zero: the next ask sets the one that applies.
  public Account corrected() {
    Account account =
        stored == null ? Account.unused(key, MicroUsd.ZERO, LimitVersion.NONE) : stored;
    return account.withSums(committed(), reserved);
  }

  private MicroUsd committed() {
    MicroUsd committed = stored == null ? MicroUsd.ZERO : stored.committed();
    if (committed.compareTo(leastCommitted) < 0) {
      return leastCommitted;
    }
    return committed.compareTo(mostCommitted) > 0 ? mostCommitted : committed;
  }
}
