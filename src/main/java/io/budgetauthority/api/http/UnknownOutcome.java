package io.budgetauthority.api.http;

import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import java.util.function.Supplier;

/// A write failed, and it is not known whether it was made. The same request again would not have
/// the answer that was lost, because that answer shows a secret once (protocol.md#administration).
public final class UnknownOutcome extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final RuntimeException failure;
  private final String advice;

  private UnknownOutcome(RuntimeException failure, String advice) {
    super(failure);
    this.failure = failure;
    this.advice = advice;
  }

  /// Makes a write whose answer shows a secret.
  ///
  /// @param advice what the caller is told to do where it is not known whether the write was made
  public static <T> T adviseOf(String advice, Supplier<T> write) {
    try {
      return write.get();
    } catch (StorageContended | StorageUnavailable e) {
      throw new UnknownOutcome(e, advice);
    }
  }

  /// How the write failed.
  RuntimeException failure() {
    return failure;
  }

  /// What the caller is to do.
  String advice() {
    return advice;
  }
}
