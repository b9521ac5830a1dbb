package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// How good a usage report is, from the weakest; a better one replaces the charge of a weaker one
/// (protocol.md#commit).
public enum UsageQuality {
  PRESUMED,
  MISSING,
  ESTIMATED,
  EXACT;

  public boolean isBetterThan(UsageQuality other) {
    return compareTo(other) > 0;
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
