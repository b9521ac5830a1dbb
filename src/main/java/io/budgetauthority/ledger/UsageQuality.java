package io.budgetauthority.ledger;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// How good a word about usage is, from the weakest; a better one replaces the charge of a weaker
/// one (protocol section 5).
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
