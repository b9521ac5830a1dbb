package io.budgetauthority.ledger;

import org.jspecify.annotations.Nullable;

/// The ledger did not answer in time, or not at all. What was asked may or may not have happened;
/// sending it again is safe.
public final class LedgerUnavailable extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LedgerUnavailable(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
