package io.budgetauthority.decision.rule;

import io.budgetauthority.price.Price;
import io.budgetauthority.record.InputBasis;

/// How many input tokens a call may have, and how that is known (protocol.md#ask: `input_tokens`,
/// `input_bytes`, `unbounded_input`).
public record InputBound(long tokens, InputBasis basis) {

  /// Whether the request's input has any bound on this row. An unbounded input needs a row with a
  /// window.
  static boolean isKnown(DecisionRequest request, Price row) {
    return !request.unboundedInput() || row.windowTokens() != null;
  }

  /// The most input tokens that a request can have, and how that was found (pricing.md#bounds).
  public static InputBound of(DecisionRequest request, Price row) {
    long window = row.windowTokens() == null ? Long.MAX_VALUE : row.windowTokens();
    if (request.unboundedInput()) {
      return new InputBound(row.windowTokens() == null ? 0 : window, InputBasis.WINDOW);
    }
    long counted = request.inputTokens() == null ? 0 : request.inputTokens();
    if (request.inputBytes() == null) {
      return new InputBound(counted, InputBasis.EXACT);
    }
    long sum = counted + request.inputBytes();
    return new InputBound(Math.max(counted, Math.min(sum, window)), InputBasis.BYTES);
  }
}
