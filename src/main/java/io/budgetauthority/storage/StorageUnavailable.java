package io.budgetauthority.storage;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/// The ledger did not answer in time, or not at all. What was asked may or may not have happened;
/// sending it again is safe.
public final class StorageUnavailable extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// Whether an exception means that the database did not answer, or not in time. A refusal is an
  /// answer, and so is throttling (protocol.md#outage).
  public static boolean isCauseOf(Throwable thrown) {
    return switch (thrown) {
      case StorageUnavailable e -> true;
      case SdkServiceException e -> e.statusCode() >= 500 && !e.isThrottlingException();
      case SdkException e -> true;
      default -> false;
    };
  }

  public StorageUnavailable(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
