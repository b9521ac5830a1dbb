package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// What a principal may do (protocol.md#roles).
public enum Role {
  GATEWAY,
  AGENT,
  VIEWER,
  ADMIN,
  OPERATOR;

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The constant of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static Role ofWireName(String wireName) {
    return WireNames.of(Role.class, wireName);
  }
}
