package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The sums of one account at an instant. `available = limit - committed - reserved`, always
/// (ledger.md#balance). The ledger stores what is available too, so that one condition on one
/// attribute gates. An account whose stored amount differs does not add up. It counts as what its
/// other sums say, and the ledger corrects it before anything is held on it.
///
/// @param storedAvailable what the ledger has stored as available, in micro-USD
/// @param version the state of the configuration that its limit came from
/// @param increases those that the limit includes
/// @param split how it is split into shards
/// @param shards what was read of its shards, where these are their sums; null for an account of
///   one item, and for a single shard
public record Account(
    AccountKey key,
    MicroUsd limit,
    MicroUsd committed,
    MicroUsd reserved,
    MicroUsd storedAvailable,
    LimitVersion version,
    AccountIncreases increases,
    Split split,
    @Nullable Shards shards) {

  /// What an item says of the shards of its account (ledger.md#shards).
  ///
  /// @param count how many shards the account has; 1 in every item but the head's
  /// @param elsewhere the part of the limit that is on the other shards, in micro-USD; zero in
  ///   every item but the head's
  /// @param freed what postings ever made available on this item, in micro-USD
  public record Split(int count, MicroUsd elsewhere, MicroUsd freed) {

    /// That of an item that nothing was freed on, of an account that is not split.
    public static final Split NONE = new Split(1, MicroUsd.ZERO, MicroUsd.ZERO);
  }

  /// An account that adds up and has no increase.
  public static Account of(
      AccountKey key, MicroUsd limit, MicroUsd committed, MicroUsd reserved, LimitVersion version) {
    return new Account(
        key,
        limit,
        committed,
        reserved,
        limit.minus(committed).minus(reserved),
        version,
        AccountIncreases.NONE,
        Split.NONE,
        null);
  }

  /// An account nobody has used yet.
  public static Account unused(AccountKey key, MicroUsd limit, LimitVersion version) {
    return of(key, limit, MicroUsd.ZERO, MicroUsd.ZERO, version);
  }

  /// The account of a run that starts, under its limit.
  public static Account ofNewRun(String tenantId, String runId, MicroUsd limit) {
    return unused(AccountKey.total(tenantId, Scope.RUN, runId), limit, LimitVersion.ofRun(0));
  }

  /// What may still be held or charged, in micro-USD; negative for an account in debt.
  public MicroUsd available() {
    return limit.minus(committed).minus(reserved);
  }

  /// Whether the stored amount is what the other sums say.
  public boolean addsUp() {
    return storedAvailable.equals(available());
  }

  /// The same limit with other sums, which add up.
  public Account withSums(MicroUsd newCommitted, MicroUsd newReserved) {
    return new Account(
        key,
        limit,
        newCommitted,
        newReserved,
        limit.minus(newCommitted).minus(newReserved),
        version,
        increases,
        split,
        shards);
  }

  /// The sums of all shards, of which this is the head. The limit is that of the whole account.
  Account withSumsOf(Shards read, MicroUsd allCommitted, MicroUsd allReserved) {
    MicroUsd total = limit.plus(split.elsewhere());
    return new Account(
        key,
        total,
        allCommitted,
        allReserved,
        total.minus(allCommitted).minus(allReserved),
        version,
        increases,
        split,
        read);
  }

  /// The items that it was read from.
  public List<Account> items() {
    return shards == null ? List.of(this) : shards.items();
  }

  /// Whether it has more than one shard.
  public boolean isSplit() {
    return split.count() > 1;
  }

  /// The limit without the increases that it includes.
  public MicroUsd limitOfCeiling() {
    return limit.minus(increases.sum());
  }

  /// The same sums and increases under the limit of another ceiling.
  public Account under(MicroUsd limitOfCeiling, LimitVersion newVersion) {
    return sums(limitOfCeiling.plus(increases.sum()), newVersion, increases);
  }

  /// The same sums without the increases whose time has passed.
  public Account at(Instant instant) {
    List<AccountIncrease> ended = increases.endedAt(instant);
    if (ended.isEmpty()) {
      return this;
    }
    AccountIncreases left = increases.without(ended);
    return sums(limitOfCeiling().plus(left.sum()), version, left);
  }

  private Account sums(MicroUsd newLimit, LimitVersion newVersion, AccountIncreases newIncreases) {
    return new Account(
        key,
        newLimit,
        committed,
        reserved,
        newLimit.minus(committed).minus(reserved),
        newVersion,
        newIncreases,
        split,
        shards);
  }
}
