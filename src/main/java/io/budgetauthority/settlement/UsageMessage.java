package io.budgetauthority.settlement;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.InputTooLarge;
import io.budgetauthority.input.InvalidInput;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.record.RecordJson;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A message of the usage queue (protocol.md#usage-queue), validated like a request.
///
/// @param principalId who sent it; null where the reservation is named by its id
/// @param idempotencyKey the key of the decision or of the charge; null where the reservation is
///   named by its id
public record UsageMessage(
    String tenantId,
    @Nullable String principalId,
    @Nullable String idempotencyKey,
    @Nullable ReservationId stated,
    Instant sentAt,
    Content content) {

  /// The content of a message, which is that of the body of the call.
  public sealed interface Content {
    record Commit(UsageReport report) implements Content {}

    record Release(@Nullable String reason) implements Content {}

    record Extend(Instant until) implements Content {}

    record Usage(UsageCharge charge) implements Content {}

    record Decision(DegradedDecision decision) implements Content {}
  }

  /// The later of the time at which the message was sent and the time at which its call was made.
  Instant latest() {
    Instant told =
        switch (content) {
          case Content.Usage usage -> usage.charge().occurredAt();
          case Content.Decision late -> late.decision().decision().createdAt();
          case Content.Commit commit -> null;
          case Content.Release release -> null;
          case Content.Extend extend -> null;
        };
    return told != null && told.isAfter(sentAt) ? told : sentAt;
  }

  private enum Type {
    COMMIT,
    RELEASE,
    EXTEND,
    USAGE,
    DECISION;

    /// Whether the message is for a reservation that exists. The other types create one.
    boolean settles() {
      return this == COMMIT || this == RELEASE || this == EXTEND;
    }

    static Type ofWireName(String wireName) {
      return Arrays.stream(values())
          .filter(type -> type.name().toLowerCase(Locale.ROOT).equals(wireName))
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "must be commit, release, extend, usage or decision"));
    }
  }

  /// The id of the reservation that the message is for.
  public ReservationId reservationId() {
    return stated != null
        ? stated
        : ReservationId.of(
            tenantId,
            Objects.requireNonNull(principalId),
            ReservationId.Kind.DECISION,
            Objects.requireNonNull(idempotencyKey));
  }

  /// Reads a message. A wrong one throws an [io.budgetauthority.input.InvalidInput] that names each
  /// field, or an [io.budgetauthority.input.InputTooLarge].
  public static UsageMessage read(String text) {
    RequestFields fields = RequestFields.parse(text.getBytes(StandardCharsets.UTF_8));
    Type type = required(fields, "type", fields.oneOf("type", Type::ofWireName));
    String tenantId = required(fields, "tenant_id", fields.id("tenant_id"));
    String principalId = fields.id("principal_id");
    String key = fields.oneOf("idempotency_key", Ids::idempotencyKey);
    ReservationId id = fields.oneOf("reservation_id", UsageMessage::reservationId);
    Instant sentAt = required(fields, "sent_at", fields.oneOf("sent_at", UsageJson::instant));
    boolean settles = type != null && type.settles();
    if (settles && fields.has("reservation_id") == fields.has("idempotency_key")) {
      fields.error("reservation_id", "or idempotency_key is required, one of them");
    }
    if (!settles && type != null && fields.has("reservation_id")) {
      fields.error("reservation_id", "follows from the idempotency_key");
    }
    if (!settles && type != null && !fields.has("idempotency_key")) {
      fields.error("idempotency_key", "is required");
    }
    if (fields.has("idempotency_key") && !fields.has("principal_id")) {
      fields.error("principal_id", "is required with an idempotency_key");
    }
    Content content = type == null || sentAt == null ? null : content(type, fields, sentAt);
    fields.end();
    return new UsageMessage(
        Objects.requireNonNull(tenantId),
        principalId,
        key,
        id,
        Objects.requireNonNull(sentAt),
        Objects.requireNonNull(content));
  }

  /// The JSON object that a message is, valid or not; empty where it is none.
  public static Optional<JsonNode> objectOf(String text) {
    try {
      return Optional.of(RequestFields.parse(text.getBytes(StandardCharsets.UTF_8)).asSent());
    } catch (InvalidInput | InputTooLarge e) {
      return Optional.empty();
    }
  }

  private static @Nullable Content content(Type type, RequestFields fields, Instant sentAt) {
    if (type == Type.DECISION) {
      JsonNode body = fields.json("body");
      return body == null ? null : decision(fields, body);
    }
    RequestFields body = fields.object("body");
    if (body == null) {
      if (type == Type.RELEASE && !fields.has("body")) {
        return new Content.Release(null);
      }
      return required(fields, "body", null);
    }
    Content content =
        switch (type) {
          case COMMIT -> new Content.Commit(UsageJson.report(body));
          case RELEASE -> new Content.Release(body.text("reason"));
          case EXTEND -> extend(body, sentAt);
          case USAGE -> new Content.Usage(UsageJson.charge(body, sentAt));
          case DECISION -> throw new AssertionError("read above");
        };
    body.refuseOthers();
    return content;
  }

  private static @Nullable Content extend(RequestFields body, Instant sentAt) {
    Instant until = required(body, "expires_at", body.oneOf("expires_at", UsageJson::instant));
    if (until != null && until.isAfter(sentAt.plus(Reservation.MAX_LIFE))) {
      body.error(
          "expires_at", "may be at most " + Reservation.MAX_LIFE.toSeconds() + " s after sent_at");
    }
    return until == null ? null : new Content.Extend(until);
  }

  private static @Nullable Content decision(RequestFields fields, JsonNode body) {
    try {
      DegradedDecision decision = RecordJson.read(body, DegradedDecision.class);
      String reason = DegradedRules.impossibleBecause(decision);
      if (reason == null) {
        return new Content.Decision(decision);
      }
      fields.error("body", reason);
    } catch (IllegalStateException e) {
      fields.error("body", "is no decision that an authority makes in an outage");
    }
    return null;
  }

  private static ReservationId reservationId(String text) {
    return ReservationId.ofReservationId(text)
        .orElseThrow(() -> new IllegalArgumentException("is no reservation's id"));
  }

  private static <T> @Nullable T required(RequestFields fields, String name, @Nullable T value) {
    if (!fields.has(name)) {
      fields.error(name, "is required");
    }
    return value;
  }
}
