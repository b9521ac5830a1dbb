package io.budgetauthority.ledger;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// The state of a reservation (protocol.md#states). `NONE` is that of a block, which reserved
/// nothing.
public enum ReservationState {
  NONE,
  RESERVED,
  FORWARDED,
  COMMITTED,
  RELEASED,
  EXPIRED,
  RECONCILED;

  /// Whether the holds still count on their accounts.
  public boolean isHolding() {
    return switch (this) {
      case RESERVED, FORWARDED, EXPIRED -> true;
      case NONE, COMMITTED, RELEASED, RECONCILED -> false;
    };
  }

  /// Whether the provider may still be called under it.
  public boolean isOpen() {
    return this == RESERVED || this == FORWARDED;
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
