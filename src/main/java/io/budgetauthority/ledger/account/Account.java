package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Scope;

/// The sums of one account at an instant. `available = limit - committed - reserved`, always
/// (ledger.md#balance). The ledger stores what is available too, so that one condition on one
/// attribute gates. An account whose stored amount differs does not add up. It counts as what its
/// other sums say, and the ledger corrects it before anything is held on it.
///
/// @param storedAvailable what the ledger has stored as available, in micro-USD
/// @param version the state of the configuration that its limit came from
public record Account(
    AccountKey key,
    MicroUsd limit,
    MicroUsd committed,
    MicroUsd reserved,
    MicroUsd storedAvailable,
    LimitVersion version) {

  /// An account that adds up.
  public static Account of(
      AccountKey key, MicroUsd limit, MicroUsd committed, MicroUsd reserved, LimitVersion version) {
    return new Account(
        key, limit, committed, reserved, limit.minus(committed).minus(reserved), version);
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

  /// The same sums under another limit.
  public Account withLimit(MicroUsd newLimit, LimitVersion newVersion) {
    return of(key, newLimit, committed, reserved, newVersion);
  }
}
