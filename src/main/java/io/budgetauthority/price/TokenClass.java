package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The classes of token that a row may price separately. A class without a price of its own is
/// charged at the price of its whole (pricing.md#parts). `INPUT` and `OUTPUT` are wholes
/// themselves.
public enum TokenClass {
  INPUT(null),
  CACHE_READ(INPUT),
  CACHE_WRITE(INPUT),
  CACHE_WRITE_1H(CACHE_WRITE),
  INPUT_AUDIO(INPUT),
  INPUT_IMAGE(INPUT),
  CACHE_READ_AUDIO(CACHE_READ),
  CACHE_READ_IMAGE(CACHE_READ),
  CACHE_WRITE_AUDIO(CACHE_WRITE),
  OUTPUT(null),
  REASONING(OUTPUT),
  OUTPUT_AUDIO(OUTPUT),
  OUTPUT_IMAGE(OUTPUT);

  private final @Nullable TokenClass whole;
  private final String wireName = name().toLowerCase(Locale.ROOT);

  TokenClass(@Nullable TokenClass whole) {
    this.whole = whole;
  }

  /// The class that this one is a part of; null for the two wholes.
  public @Nullable TokenClass whole() {
    return whole;
  }

  public boolean isInput() {
    return compareTo(OUTPUT) < 0;
  }

  /// The name in a price table and in a decision's `price`.
  @JsonValue
  public String wireName() {
    return wireName;
  }

  /// The class of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  public static TokenClass ofWireName(String wireName) {
    for (TokenClass tokenClass : values()) {
      if (tokenClass.wireName().equals(wireName)) {
        return tokenClass;
      }
    }
    throw new IllegalArgumentException("no token class: " + wireName);
  }
}
