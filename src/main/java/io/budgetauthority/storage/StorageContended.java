package io.budgetauthority.storage;

/// The accounts stayed busy, or DynamoDB throttled, until the deadline. Sending the same request
/// again is safe.
public final class StorageContended extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StorageContended(String message) {
    super(message);
  }

  StorageContended(String message, Throwable cause) {
    super(message, cause);
  }
}
