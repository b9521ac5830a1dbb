package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// The steps that would help a blocked call now, in the order in which a problem lists them
/// (protocol.md#problems).
public enum Remedy {
  WAIT,
  DOWNGRADE,
  REDUCE_OUTPUT,
  AFTER_RESET,
  RAISE_LIMIT,
  PRICE_MODEL;

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
