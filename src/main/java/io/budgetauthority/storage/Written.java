package io.budgetauthority.storage;

import java.util.List;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;

/// The outcome of a write or of a transaction: everything is written, or nothing is because
/// conditions failed.
///
/// @param refusals one for each write where a condition failed; empty otherwise
/// @param isBusy whether nothing is written because another transaction was writing an item
public record Written(List<Refusal> refusals, boolean isBusy) {

  static final Written DONE = new Written(List.of(), false);
  static final Written BUSY = new Written(List.of(), true);

  public Written {
    refusals = List.copyOf(refusals);
  }

  /// What one write did to the outcome.
  ///
  /// @param failed whether its condition failed
  /// @param stored the item as it is stored, where the write asked for it and the item exists
  public record Refusal(boolean failed, Attributes stored) {}

  public boolean isDone() {
    return refusals.isEmpty() && !isBusy;
  }

  /// Whether the condition of a write of the transaction failed.
  public boolean failed(int index) {
    return !refusals.isEmpty() && refusals.get(index).failed();
  }

  /// The stored item of a write whose condition failed; empty where it does not exist or was not
  /// asked for.
  public Attributes stored(int index) {
    return refusals.get(index).stored();
  }

  static boolean hasFailed(CancellationReason reason) {
    return codeOf(reason).equals("ConditionalCheckFailed");
  }

  static boolean hasConflicted(CancellationReason reason) {
    return codeOf(reason).equals("TransactionConflict");
  }

  static String codeOf(CancellationReason reason) {
    return reason.code() == null ? "None" : reason.code();
  }

  static Written refused(List<CancellationReason> reasons) {
    return new Written(
        reasons.stream()
            .map(reason -> new Refusal(hasFailed(reason), Attributes.of(reason.item())))
            .toList(),
        false);
  }
}
