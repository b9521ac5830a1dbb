package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// How the bound of a call's input is known (protocol.md#ask: `input_tokens`, `input_bytes`,
/// `unbounded_input`).
public enum InputBasis {
  /// Counted by the provider's own tokenizer.
  EXACT,
  /// Bounded by bytes: a text has no more tokens than bytes.
  BYTES,
  /// The model's whole window.
  WINDOW;

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
