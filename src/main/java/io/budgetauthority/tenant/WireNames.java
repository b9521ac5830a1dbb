package io.budgetauthority.tenant;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// Reads the lower-case wire names of enums.
final class WireNames {

  private WireNames() {}

  static <E extends Enum<E>> E of(Class<E> type, String wireName) {
    for (E constant : type.getEnumConstants()) {
      if (constant.name().toLowerCase(Locale.ROOT).equals(wireName)) {
        return constant;
      }
    }
    throw new IllegalArgumentException(
        "must be one of "
            + Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", ")));
  }
}
