package io.budgetauthority.price;

import java.util.Locale;

/// What a request may need of a model (protocol section 2, `requires`).
public enum Capability {
  TOOLS,
  JSON_SCHEMA,
  VISION,
  AUDIO_INPUT,
  PDF_INPUT,
  REASONING,
  STREAMING;

  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The capability of a wire name; anything else gets an [IllegalArgumentException].
  public static Capability ofWireName(String wireName) {
    for (Capability capability : values()) {
      if (capability.wireName().equals(wireName)) {
        return capability;
      }
    }
    throw new IllegalArgumentException("no capability: " + wireName);
  }
}
