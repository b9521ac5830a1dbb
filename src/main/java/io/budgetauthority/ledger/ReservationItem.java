package io.budgetauthority.ledger;

import static io.budgetauthority.tenant.StoredValues.flag;
import static io.budgetauthority.tenant.StoredValues.money;
import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.time;

import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.UsageQuality;
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
    String priceRow = StoredValues.textOrNull(item, "price_row");
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
        RecordJson.readDecision(text(item, "decision")),
        priceRow == null ? null : RecordJson.readPrice(priceRow),
        readCharge(item),
        StoredValues.textOrNull(item, "release_reason"),
        time(item, "expires"),
        item.containsKey("ended") ? time(item, "ended") : null,
        Duration.ofDays(number(item, "retention")));
  }

  private static @Nullable Charge readCharge(Map<String, AttributeValue> item) {
    if (!item.containsKey("charge")) {
      return null;
    }
    String usage = StoredValues.textOrNull(item, "usage");
    return new Charge(
        money(item, "charge"),
        UsageQuality.valueOf(text(item, "quality").toUpperCase(Locale.ROOT)),
        usage == null ? ChargedUsage.UNKNOWN : RecordJson.readUsage(usage),
        time(item, "settled"),
        readReporter(item));
  }

  private static Charge.Reporter readReporter(Map<String, AttributeValue> item) {
    String reporter = StoredValues.textOrNull(item, "reporter");
    return reporter == null
        ? Charge.Reporter.GATEWAY
        : Charge.Reporter.valueOf(reporter.toUpperCase(Locale.ROOT));
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
    item.put("expires", time(reservation.expiresAt()));
    item.put("retention", number(reservation.retention().toDays()));
    item.put("decision", text(RecordJson.write(reservation.decision())));
    if (reservation.priceRow() != null) {
      item.put("price_row", text(RecordJson.writePrice(reservation.priceRow())));
    }
    if (reservation.releaseReason() != null) {
      item.put("release_reason", text(reservation.releaseReason()));
    }
    if (reservation.charge() != null) {
      writeCharge(item, reservation.charge());
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

  private static void writeCharge(Map<String, AttributeValue> item, Charge charge) {
    item.put("charge", money(charge.amount()));
    item.put("quality", text(charge.quality().wireName()));
    item.put("settled", time(charge.at()));
    if (!charge.usage().equals(ChargedUsage.UNKNOWN)) {
      item.put("usage", text(RecordJson.write(charge.usage())));
    }
    if (charge.reporter() != Charge.Reporter.GATEWAY) {
      item.put("reporter", text(charge.reporter().name().toLowerCase(Locale.ROOT)));
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
