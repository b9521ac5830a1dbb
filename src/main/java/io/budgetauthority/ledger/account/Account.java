package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;

/// The sums of one account at an instant. `available = limit - committed - reserved`, always
/// (ledger.md#balance). The ledger stores what is available too, so that one condition on one
/// attribute gates. An account whose stored amount differs does not add up. It counts as what its
/// other sums say, and the ledger corrects it before anything is held on it.
///
/// @param storedAvailable what the ledger has stored as available, in micro-USD
/// @param version the state of the configuration that its limit came from
/// @param increases those that the limit includes
public record Account(
    AccountKey key,
    MicroUsd limit,
    MicroUsd committed,
    MicroUsd reserved,
    MicroUsd storedAvailable,
    LimitVersion version,
    AccountIncreases increases) {

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
        AccountIncreases.NONE);
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
        increases);
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
        newIncreases);
  }
}
