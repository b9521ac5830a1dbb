package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.Shards;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RateKey;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the ledger had when it was read, strongly consistent.
///
/// @param runs those of the requested runs that exist, by id
public record Snapshot(
    @Nullable Reservation reservation,
    Map<AccountKey, Account> accounts,
    Map<RateKey, StoredRate> rates,
    Map<String, Run> runs) {
  public Snapshot {
    accounts = Map.copyOf(accounts);
    rates = Map.copyOf(rates);
    runs = Map.copyOf(runs);
  }

  /// A rate with what the ledger had of it.
  public EnforcedRate over(EnforcedRate unread) {
    return unread.over(rates.get(unread.key()));
  }

  /// The items of the accounts.
  public List<Account> items() {
    return accounts.values().stream().flatMap(account -> account.items().stream()).toList();
  }

  /// Whether an account has several shards.
  public boolean isSplit() {
    return accounts.values().stream().anyMatch(Account::isSplit);
  }

  /// The same with the most that each account may have had since an earlier reading; empty where
  /// the accounts are not the same ones under the same limits.
  public Optional<Snapshot> atMostSince(Snapshot earlier) {
    Map<AccountKey, Account> most = new HashMap<>();
    for (Account account : accounts.values()) {
      Shards now = account.shards();
      Account before = earlier.accounts.get(account.key());
      Shards then = before == null ? null : before.shards();
      Optional<Account> one =
          now == null && then == null ? Optional.of(account) : Shards.atMostSince(then, now);
      if (one.isEmpty()) {
        return Optional.empty();
      }
      most.put(account.key(), one.get());
    }
    return Optional.of(new Snapshot(reservation, most, rates, runs));
  }

  /// The accounts without the increases whose time has passed at an instant, for a reader that
  /// writes nothing.
  public Map<AccountKey, Account> accountsAt(Instant instant) {
    Map<AccountKey, Account> at = new HashMap<>();
    accounts.forEach((key, account) -> at.put(key, account.at(instant)));
    return at;
  }
}
