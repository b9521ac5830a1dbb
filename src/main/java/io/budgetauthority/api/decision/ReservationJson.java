package io.budgetauthority.api.decision;

import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.settlement.UsageJson;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Reads the bodies of the steps of a reservation. Bad input gets a 400 problem that lists every
/// field.
final class ReservationJson {

  private ReservationJson() {}

  /// @param until when the reservation expires; null where that stays
  /// @param outputTokens the new bound of the output; null where it stays
  record Extension(@Nullable Instant until, @Nullable Long outputTokens) {}

  /// The model that is called in place of the one that was decided.
  ///
  /// @param provider null where the name alone says it
  record Target(@Nullable String provider, String model) {}

  static Extension readExtension(byte @Nullable [] body, Instant now) {
    RequestFields fields = RequestFields.parse(body);
    Instant stated = fields.oneOf("expires_at", UsageJson::instant);
    Long seconds = fields.integer("ttl_seconds", 1, Reservation.MAX_LIFE.toSeconds());
    Long outputTokens = fields.integer("max_output_tokens", 1, RequestFields.MAX_INTEGER);
    if (stated != null && stated.isAfter(now.plus(Reservation.MAX_LIFE))) {
      fields.error(
          "expires_at", "may be at most " + Reservation.MAX_LIFE.toSeconds() + " seconds ahead");
    }
    if (fields.has("expires_at") && fields.has("ttl_seconds")) {
      fields.error("ttl_seconds", "and expires_at say the same thing: state one");
    }
    if (!fields.has("expires_at")
        && !fields.has("ttl_seconds")
        && !fields.has("max_output_tokens")) {
      fields.error("expires_at", "is required, or ttl_seconds, or max_output_tokens");
    }
    fields.end();
    return new Extension(seconds == null ? stated : now.plusSeconds(seconds), outputTokens);
  }

  static Target readTarget(byte @Nullable [] body) {
    RequestFields fields = RequestFields.parse(body);
    String provider = fields.text("provider");
    String model = fields.text("model");
    if (!fields.has("model")) {
      fields.error("model", "is required");
    }
    fields.end();
    return new Target(provider, model == null ? "" : model);
  }

  /// Why a reservation is released; null where that is not stated.
  static @Nullable String readReason(byte @Nullable [] body) {
    RequestFields fields = RequestFields.parseOptional(body);
    String reason = fields.text("reason");
    fields.end();
    return reason;
  }
}
