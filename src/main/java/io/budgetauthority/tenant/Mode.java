package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// How a ceiling is enforced (protocol.md#modes), from the loosest to the strictest.
public enum Mode {
  ADVISORY_ESTIMATE,
  ACTUALS_ONLY,
  SOFT_GATE,
  HARD_GATE;

  public boolean isStricterThan(Mode other) {
    return compareTo(other) > 0;
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The constant of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static Mode ofWireName(String wireName) {
    return WireNames.of(Mode.class, wireName);
  }
}
