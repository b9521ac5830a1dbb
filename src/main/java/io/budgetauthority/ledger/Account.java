package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;

/// What one account holds at an instant. `available = limit - committed - reserved`, always
/// (ledger.md, invariant 1): it is stored redundantly so that one condition on one attribute gates,
/// and checked whenever an account is read back.
///
/// @param version the state of the ceilings and policy that its limit came from; 0 for a run's
public record Account(
    AccountKey key,
    MicroUsd limit,
    MicroUsd committed,
    MicroUsd reserved,
    MicroUsd available,
    long version) {

  public Account {
    if (!available.equals(limit.minus(committed).minus(reserved))) {
      throw new IllegalStateException(
          "account "
              + key
              + " does not add up: limit "
              + limit
              + ", committed "
              + committed
              + ", reserved "
              + reserved
              + ", available "
              + available);
    }
  }

  /// An account nobody has used yet.
  public static Account unused(AccountKey key, MicroUsd limit, long version) {
    return new Account(key, limit, MicroUsd.ZERO, MicroUsd.ZERO, limit, version);
  }

  /// The same sums under another limit.
  public Account withLimit(MicroUsd newLimit, long newVersion) {
    return new Account(
        key, newLimit, committed, reserved, newLimit.minus(committed).minus(reserved), newVersion);
  }
}
