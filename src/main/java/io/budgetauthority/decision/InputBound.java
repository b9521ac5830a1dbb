package io.budgetauthority.decision;

import com.fasterxml.jackson.annotation.JsonValue;
import io.budgetauthority.price.Price;
import java.util.Locale;

/// How many input tokens a call may have, and how that is known (protocol.md#ask: `input_tokens`,
/// `input_bytes`, `unbounded_input`).
record InputBound(long tokens, Basis basis) {

  enum Basis {
    /// Counted by the provider's own tokenizer.
    EXACT,
    /// Bounded by bytes: a text has no more tokens than bytes.
    BYTES,
    /// The model's whole window.
    WINDOW;

    @JsonValue
    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Whether the request's input has any bound on this row. An unbounded input needs a row with a
  /// window.
  static boolean isKnown(DecisionRequest request, Price row) {
    return !request.unboundedInput() || row.windowTokens() != null;
  }

  static InputBound of(DecisionRequest request, Price row) {
    long window = row.windowTokens() == null ? Long.MAX_VALUE : row.windowTokens();
    if (request.unboundedInput()) {
      return new InputBound(row.windowTokens() == null ? 0 : window, Basis.WINDOW);
    }
    long counted = request.inputTokens() == null ? 0 : request.inputTokens();
    if (request.inputBytes() == null) {
      return new InputBound(counted, Basis.EXACT);
    }
    long sum = counted + request.inputBytes();
    return new InputBound(Math.max(counted, Math.min(sum, window)), Basis.BYTES);
  }
}
