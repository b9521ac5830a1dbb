package io.budgetauthority.ledger;

/// The accounts stayed busy, or DynamoDB throttled, until the deadline. Sending the same request
/// again is safe.
public final class LedgerContended extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LedgerContended(String message) {
    super(message);
  }

  LedgerContended(String message, Throwable cause) {
    super(message, cause);
  }
}
