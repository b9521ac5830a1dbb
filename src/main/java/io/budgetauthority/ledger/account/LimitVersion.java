package io.budgetauthority.ledger.account;

/// The state of the configuration that an account's limit was computed from: how often the ceilings
/// of its scope id were changed, and how often the tenant's policy was changed. Both counters only
/// rise. They are compared as a pair and never added: (2, 1) and (1, 2) are different states, and
/// neither is newer (ledger.md#versions).
///
/// @param ceilings the change counter of the scope id's ceilings; for a run, of its own limit
/// @param policy the change counter of the policy; 0 for a run, whose limit no policy moves
public record LimitVersion(long ceilings, long policy) {

  /// The state before any change.
  public static final LimitVersion NONE = new LimitVersion(0, 0);

  /// The version of a run's limit after this many changes.
  public static LimitVersion ofRun(long changes) {
    return new LimitVersion(changes, 0);
  }

  /// Whether one counter of this version is higher than that of the other. Of two versions each may
  /// know something that the other does not.
  public boolean knowsMoreThan(LimitVersion other) {
    return ceilings > other.ceilings || policy > other.policy;
  }
}
