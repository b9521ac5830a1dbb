package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// What a ceiling limits (protocol.md#terms). The order is the order in which equal blocking
/// accounts are named.
public enum Scope {
  RUN,
  USER,
  KEY,
  TEAM,
  FEATURE,
  TENANT;

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The constant of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static Scope ofWireName(String wireName) {
    return WireNames.of(Scope.class, wireName);
  }
}
