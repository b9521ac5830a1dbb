package io.budgetauthority.attribution;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// What spend can be grouped and filtered by (protocol.md#attribution).
public enum Dimension {
  DAY("day"),
  RUN("run_id"),
  USER("user_id"),
  KEY("key_id"),
  TEAM("team_id"),
  FEATURE("feature_id"),
  PROVIDER("provider"),
  MODEL("model"),
  REQUEST_CLASS("request_class");

  private final String field;

  Dimension(String field) {
    this.field = field;
  }

  /// The name of its value: as a filter and in an answer.
  public String field() {
    return field;
  }

  /// Its name in `group_by`.
  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Dimension> ofWireName(String wireName) {
    return Arrays.stream(values()).filter(it -> it.wireName().equals(wireName)).findFirst();
  }
}
