package io.budgetauthority.tenant;

import java.util.Map;
import java.util.regex.Pattern;

/// The name of a rate among those of one id (protocol.md#rates). The usual rate has no name. Its
/// wire name is `rate`; that of any other is `rate:` and the name.
///
/// @param name empty for the usual rate
public record RateName(String name) implements CeilingWindow {

  /// The rate without a name.
  public static final RateName USUAL = new RateName("");

  /// How many rates one id may have of its own, and how many a template or a default may give.
  public static final int MAX_RATES = 4;

  private static final String PREFIX = "rate";
  private static final char SEPARATOR = ':';
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /// How many of these ceilings are rates.
  public static long countIn(Map<CeilingWindow, Ceiling> ceilings) {
    return ceilings.keySet().stream().filter(RateName.class::isInstance).count();
  }

  static boolean isOne(String wireName) {
    return wireName.equals(PREFIX) || wireName.startsWith(PREFIX + SEPARATOR);
  }

  /// The rate of a wire name; anything else gets an [IllegalArgumentException].
  public static RateName ofWireName(String wireName) {
    if (wireName.equals(PREFIX)) {
      return USUAL;
    }
    String name = isOne(wireName) ? wireName.substring(PREFIX.length() + 1) : "";
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "must be rate, or rate: and a name of 1 to 64 letters, digits and . _ -");
    }
    return new RateName(name);
  }

  @Override
  public String wireName() {
    return name.isEmpty() ? PREFIX : PREFIX + SEPARATOR + name;
  }
}
