package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.storage.Write;
import java.util.Optional;

/// The postings of one group to one account (ledger.md#group-commit).
record GroupedPosting(String table, Posting posting) implements GroupedWrite {

  @Override
  public Item item() {
    return new Item(table, AccountItem.key(posting.account()));
  }

  @Override
  public boolean isShared() {
    return true;
  }

  /// Both changes, where neither has a condition.
  @Override
  public Optional<GroupedWrite> then(GroupedWrite later) {
    return later instanceof GroupedPosting other
            && posting.leastAvailable() == null
            && other.posting.leastAvailable() == null
        ? Optional.of(
            new GroupedPosting(
                table,
                new Posting(
                    posting.account(),
                    posting.reservedChange().plus(other.posting.reservedChange()),
                    posting.committedChange().plus(other.posting.committedChange()))))
        : Optional.empty();
  }

  @Override
  public Write write() {
    return AccountItem.post(table, posting);
  }
}
