package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.flag;
import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.time;

import io.budgetauthority.tenant.StoredValues;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// How a decision, its reservation and its idempotency record are stored: in one item. The item is
/// in the due index while the reservation holds anything. It has a time to live only once the
/// reservation has ended.
final class ReservationItem {

  /// ledger.md#single-decision: a key makes at most one item.
  private static final String KEY_IS_FREE = "attribute_not_exists(pk)";

  /// ledger.md#one-charge: a step is written only over the state that it was computed from, and so
  /// only once.
  private static final String SAME_REVISION = "rev = :revision";

  private ReservationItem() {}

  static Map<String, AttributeValue> key(ReservationId id) {
    return Map.of("pk", text(id.hash()));
  }

  static Reservation read(Map<String, AttributeValue> item) {
    return new Reservation(
        new ReservationId(text(item, "pk")),
        text(item, "tenant"),
        text(item, "principal"),
        text(item, "request"),
        text(item, "nonce"),
        number(item, "rev"),
        ReservationState.valueOf(text(item, "state").toUpperCase(Locale.ROOT)),
        flag(item, "explicit"),
        flag(item, "forwarded"),
        StoredValues.texts(item, "holds").stream().map(Hold::decode).toList(),
        money(item, "estimate"),
        readSettled(item),
        StoredValues.textOrNull(item, "release_reason"),
        time(item, "created"),
        time(item, "expires"),
        item.containsKey("ended") ? time(item, "ended") : null,
        Duration.ofDays(number(item, "retention")),
        text(item, "facts"),
        text(item, "price_row"));
  }

  private static @Nullable Settled readSettled(Map<String, AttributeValue> item) {
    if (!item.containsKey("charge")) {
      return null;
    }
    return new Settled(
        money(item, "charge"),
        UsageQuality.valueOf(text(item, "quality").toUpperCase(Locale.ROOT)),
        text(item, "particulars"),
        time(item, "settled"),
        readReporter(item));
  }

  private static Settled.Reporter readReporter(Map<String, AttributeValue> item) {
    String reporter = StoredValues.textOrNull(item, "reporter");
    return reporter == null
        ? Settled.Reporter.GATEWAY
        : Settled.Reporter.valueOf(reporter.toUpperCase(Locale.ROOT));
  }

  static Map<String, AttributeValue> write(Reservation reservation) {
    Map<String, AttributeValue> item = new HashMap<>(key(reservation.id()));
    item.put("tenant", text(reservation.tenantId()));
    item.put("principal", text(reservation.principalId()));
    item.put("request", text(reservation.requestHash()));
    item.put("nonce", text(reservation.nonce()));
    item.put("rev", number(reservation.revision()));
    item.put("state", text(reservation.state().wireName()));
    if (reservation.explicitForward()) {
      item.put("explicit", flag(true));
    }
    if (reservation.forwarded()) {
      item.put("forwarded", flag(true));
    }
    item.put(
        "holds",
        AttributeValue.builder()
            .l(reservation.holds().stream().map(hold -> text(hold.encode())).toList())
            .build());
    item.put("estimate", money(reservation.estimate()));
    item.put("created", time(reservation.createdAt()));
    item.put("expires", time(reservation.expiresAt()));
    item.put("retention", number(reservation.retention().toDays()));
    item.put("facts", text(reservation.facts()));
    item.put("price_row", text(reservation.priceRow()));
    if (reservation.releaseReason() != null) {
      item.put("release_reason", text(reservation.releaseReason()));
    }
    if (reservation.settled() != null) {
      writeSettled(item, reservation.settled());
    }
    if (reservation.state().isHolding()) {
      item.put("due_bucket", number(reservation.id().dueBucket()));
      item.put("due_at", time(reservation.expiresAt()));
    }
    Instant ended = reservation.endedAt();
    if (ended != null) {
      item.put("ended", time(ended));
      item.put("ttl", number(ended.plus(reservation.retention()).getEpochSecond()));
    }
    return item;
  }

  private static void writeSettled(Map<String, AttributeValue> item, Settled settled) {
    item.put("charge", money(settled.charge()));
    item.put("quality", text(settled.quality().wireName()));
    item.put("particulars", text(settled.particulars()));
    item.put("settled", time(settled.at()));
    if (settled.reporter() != Settled.Reporter.GATEWAY) {
      item.put("reporter", text(settled.reporter().name().toLowerCase(Locale.ROOT)));
    }
  }

  static Put create(String table, Reservation reservation) {
    return Put.builder()
        .tableName(table)
        .item(write(reservation))
        .conditionExpression(KEY_IS_FREE)
        .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
        .build();
  }

  static Put replace(String table, Reservation next) {
    return Put.builder()
        .tableName(table)
        .item(write(next))
        .conditionExpression(SAME_REVISION)
        .expressionAttributeValues(Map.of(":revision", number(next.revision() - 1)))
        .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
        .build();
  }
}
