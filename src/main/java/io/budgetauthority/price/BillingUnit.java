package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// What a row may bill beside tokens, by the wire names of a request's `units` (protocol.md#ask).
public enum BillingUnit {
  IMAGES,
  SECONDS,
  CHARACTERS,
  PAGES,
  QUERIES,
  PIXELS,
  CREDITS,
  REQUESTS;

  private final String wireName = name().toLowerCase(Locale.ROOT);

  @JsonValue
  public String wireName() {
    return wireName;
  }

  /// The unit of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static BillingUnit ofWireName(String wireName) {
    for (BillingUnit unit : values()) {
      if (unit.wireName().equals(wireName)) {
        return unit;
      }
    }
    throw new IllegalArgumentException("no unit: " + wireName);
  }
}
