package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Write;
import java.util.Optional;

/// The postings of one group to one account (ledger.md#group-commit).
record GroupedPosting(String table, Posting posting) implements GroupedWrite {

  @Override
  public Item item() {
    return new Item(table, AccountItem.key(posting.account()));
  }

  @Override
  public AccountKey account() {
    return posting.account().head();
  }

  @Override
  public boolean isShared() {
    return true;
  }

  /// Both changes, the later one after this one.
  @Override
  public Optional<GroupedWrite> then(GroupedWrite later) {
    Posting both = later instanceof GroupedPosting other ? posting.then(other.posting) : null;
    return Optional.ofNullable(both).map(it -> new GroupedPosting(table, it));
  }

  /// Whether a write is a posting that has a condition on what is available.
  static boolean hasCondition(GroupedWrite write) {
    return write instanceof GroupedPosting it && it.posting.leastAvailable() != null;
  }

  @Override
  public Write write() {
    return AccountItem.post(table, posting);
  }
}
