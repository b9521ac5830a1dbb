package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The increases that an account's stored limit includes (ledger.md#increases).
///
/// @param version how often one was added or taken away
public record AccountIncreases(long version, List<AccountIncrease> included) {

  /// Those of an account that never had one.
  public static final AccountIncreases NONE = new AccountIncreases(0, List.of());

  public AccountIncreases {
    included = List.copyOf(included);
  }

  /// What they add to the limit.
  public MicroUsd sum() {
    MicroUsd sum = MicroUsd.ZERO;
    for (AccountIncrease increase : included) {
      sum = sum.plus(increase.amount());
    }
    return sum;
  }

  public Optional<AccountIncrease> find(String id) {
    return included.stream().filter(increase -> increase.id().equals(id)).findFirst();
  }

  /// Those whose time has passed.
  public List<AccountIncrease> endedAt(Instant instant) {
    return included.isEmpty()
        ? List.of()
        : included.stream().filter(increase -> !increase.until().isAfter(instant)).toList();
  }

  AccountIncreases with(AccountIncrease increase) {
    List<AccountIncrease> more = new ArrayList<>(included);
    more.add(increase);
    return new AccountIncreases(version + 1, more);
  }

  AccountIncreases without(List<AccountIncrease> gone) {
    List<AccountIncrease> left = new ArrayList<>(included);
    left.removeAll(gone);
    return new AccountIncreases(version + 1, left);
  }
}
