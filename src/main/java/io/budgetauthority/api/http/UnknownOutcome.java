package io.budgetauthority.api.http;

import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import java.util.function.Supplier;

/// A write failed, and it is not known whether it was made. The same request again would not have
/// the answer that was lost, because that answer shows a secret once (protocol.md#administration).
public final class UnknownOutcome extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean isContention;

  private UnknownOutcome(String advice, boolean isContention, RuntimeException cause) {
    super(cause.getMessage() + "; " + advice, cause);
    this.isContention = isContention;
  }

  /// Makes a write whose answer shows a secret.
  ///
  /// @param advice what the caller is told to do where it is not known whether the write was made
  public static <T> T adviseOf(String advice, Supplier<T> write) {
    try {
      return write.get();
    } catch (StorageContended e) {
      throw new UnknownOutcome(advice, true, e);
    } catch (StorageUnavailable e) {
      throw new UnknownOutcome(advice, false, e);
    }
  }

  /// Whether DynamoDB answered, but conflicted or throttled until the deadline.
  boolean isContention() {
    return isContention;
  }
}
