package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonValue;
import io.budgetauthority.tenant.Scope;
import java.util.Locale;

/// Why a decision is not a plain allow, with the wire names of protocol.md#problems.
public enum ProblemCode {
  RUN_CEILING_REACHED,
  USER_CEILING_REACHED,
  KEY_CEILING_REACHED,
  TEAM_CEILING_REACHED,
  FEATURE_CEILING_REACHED,
  TENANT_CEILING_REACHED,
  PRICE_UNKNOWN,
  MODEL_NOT_ALLOWED,
  CANCELLED,
  OUTPUT_CAP_REQUIRED,
  OUTPUT_CAP_ABOVE_POLICY,
  CONTEXT_WINDOW_EXCEEDED;

  public static ProblemCode ceilingReached(Scope scope) {
    return switch (scope) {
      case RUN -> RUN_CEILING_REACHED;
      case USER -> USER_CEILING_REACHED;
      case KEY -> KEY_CEILING_REACHED;
      case TEAM -> TEAM_CEILING_REACHED;
      case FEATURE -> FEATURE_CEILING_REACHED;
      case TENANT -> TENANT_CEILING_REACHED;
    };
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
