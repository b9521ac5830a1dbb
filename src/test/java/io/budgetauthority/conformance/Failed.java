package io.budgetauthority.conformance;

/// A case is not answered as it says; the message tells which step, and how.
final class Failed extends RuntimeException {

  private static final long serialVersionUID = 1L;

  Failed(String message) {
    super(message);
  }

  Failed(String message, Throwable cause) {
    super(message, cause);
  }
}
