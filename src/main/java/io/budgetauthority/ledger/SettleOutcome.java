package io.budgetauthority.ledger;

/// The outcome of a step.
public enum SettleOutcome {
  /// The step and its postings are written.
  SETTLED,
  /// The reservation has changed meanwhile. The caller reads it and computes the step again.
  CONFLICT,
  /// An account has not enough available for a posting that holds more on it, or a rate has moved
  /// since it was read. The caller reads and judges again.
  INSUFFICIENT
}
