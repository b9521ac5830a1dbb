package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.Division;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Write;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The holds of one group on one account (ledger.md#group-commit).
///
/// @param renew what they do to the run whose account it is; null for an account that is no run's
/// @param division how the limit is divided among shards if they make the account
record GroupedHold(
    String table, ConditionalHold hold, RunChange.@Nullable Renew renew, Division division)
    implements GroupedWrite {

  @Override
  public Item item() {
    return new Item(table, AccountItem.key(hold.enforced().account().key()));
  }

  @Override
  public AccountKey account() {
    return hold.enforced().account().key();
  }

  @Override
  public boolean isShared() {
    return true;
  }

  /// Both holds, of an account that both saw with the same limit and version. A run is renewed by
  /// both alike, and keeps the later end. It is counted by one call alone.
  @Override
  public Optional<GroupedWrite> then(GroupedWrite later) {
    return later instanceof GroupedHold other
            && sees(other.hold)
            && isRenewedLike(other.renew)
            && !division.makesOthers()
            && !other.division.makesOthers()
        ? hold.then(other.hold)
            .map(
                both ->
                    new GroupedHold(
                        table, both, RunChange.Renew.last(renew, other.renew), division))
        : Optional.empty();
  }

  private boolean sees(ConditionalHold other) {
    Account mine = hold.enforced().account();
    Account theirs = other.enforced().account();
    Account stored = hold.enforced().stored();
    Account storedThere = other.enforced().stored();
    return mine.limit().equals(theirs.limit())
        && mine.version().equals(theirs.version())
        && (stored == null || storedThere == null
            ? stored == storedThere
            : stored.limit().equals(storedThere.limit())
                && stored.version().equals(storedThere.version()));
  }

  private boolean isRenewedLike(RunChange.@Nullable Renew other) {
    return renew == null || other == null ? renew == other : renew.isLike(other);
  }

  @Override
  public Write write() {
    return renew == null
        ? AccountItem.hold(table, hold, division)
        : RunItem.renew(AccountItem.hold(table, hold), renew);
  }
}
