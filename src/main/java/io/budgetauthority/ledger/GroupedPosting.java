package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.ledger.group.GroupedWrite;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Write;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The postings of one group to one account (ledger.md#group-commit).
///
/// @param renew what the head of a run's account does to the run; null for nothing
/// @param whileOpen whether it is a hold on another shard of a run, which must not have ended
record GroupedPosting(
    String table, Posting posting, RunChange.@Nullable Renew renew, boolean whileOpen)
    implements GroupedWrite {

  GroupedPosting(String table, Posting posting) {
    this(table, posting, null, false);
  }

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
    if (!(later instanceof GroupedPosting other)) {
      return Optional.empty();
    }
    Posting both = posting.then(other.posting);
    if (both == null || (renew != null && other.renew != null && !renew.isLike(other.renew))) {
      return Optional.empty();
    }
    return Optional.of(
        new GroupedPosting(
            table, both, RunChange.Renew.last(renew, other.renew), whileOpen || other.whileOpen));
  }

  /// Whether a write is a posting that has a condition on what is available.
  static boolean hasCondition(GroupedWrite write) {
    return write instanceof GroupedPosting it && it.posting.leastAvailable() != null;
  }

  @Override
  public Write write() {
    Write.Update plain = AccountItem.post(table, posting);
    if (renew != null) {
      return RunItem.renew(plain, renew);
    }
    return whileOpen && !posting.makes() ? RunItem.whileOpen(plain) : plain;
  }
}
