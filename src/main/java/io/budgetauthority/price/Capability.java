package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// What a request may need of a model (protocol.md#ask, `requires`).
public enum Capability {
  TOOLS,
  JSON_SCHEMA,
  VISION,
  AUDIO_INPUT,
  PDF_INPUT,
  REASONING,
  STREAMING;

  private final String wireName = name().toLowerCase(Locale.ROOT);

  @JsonValue
  public String wireName() {
    return wireName;
  }

  /// The capability of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static Capability ofWireName(String wireName) {
    for (Capability capability : values()) {
      if (capability.wireName().equals(wireName)) {
        return capability;
      }
    }
    throw new IllegalArgumentException("no capability: " + wireName);
  }
}
