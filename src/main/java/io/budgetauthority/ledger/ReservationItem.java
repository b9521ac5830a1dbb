package io.budgetauthority.ledger;

import io.budgetauthority.price.Price;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How a decision, its reservation and its idempotency record are stored: in one item. The item is
/// in the due index while the reservation holds anything. It has a time to live only once the
/// reservation has ended.
public final class ReservationItem {

  /// ledger.md#single-decision: a key makes at most one item.
  private static final Write.Condition KEY_IS_FREE = Write.Condition.ABSENT;

  /// ledger.md#one-charge: a step is written only over the state that it was computed from, and so
  /// only once.
  private static final String SAME_REVISION = "rev = :revision";

  /// The parts that are packed JSON.
  private static final String DECISION = "d";

  private static final String PRICE = "p";
  private static final String USAGE = "u";

  /// The same parts as a version before 0.2.0 stored them. A packed one counts before them.
  private static final String DECISION_AS_TEXT = "decision";

  private static final String PRICE_AS_TEXT = "price_row";
  private static final String USAGE_AS_TEXT = "usage";

  private ReservationItem() {}

  static Key key(ReservationId id) {
    return Key.of(id.hash());
  }

  /// Reads a stored reservation.
  public static Reservation read(Attributes item) {
    return new Reservation(
        new ReservationId(item.text("pk")),
        item.text("tenant"),
        item.text("principal"),
        item.text("request"),
        item.text("nonce"),
        item.number("rev"),
        ReservationState.valueOf(item.text("state").toUpperCase(Locale.ROOT)),
        item.flag("explicit"),
        item.flag("forwarded"),
        readDecision(item),
        readPrice(item),
        readCharge(item),
        item.textOrNull("release_reason"),
        item.time("expires"),
        item.timeOrNull("ended"),
        Duration.ofDays(item.number("retention")));
  }

  /// A version before 0.2.0 stored JSON as text.
  private static Decision readDecision(Attributes item) {
    byte[] packed = item.bytesOrNull(DECISION);
    return packed == null
        ? RecordJson.readDecision(item.text(DECISION_AS_TEXT))
        : RecordJson.unpackDecision(packed);
  }

  private static @Nullable Price readPrice(Attributes item) {
    byte[] packed = item.bytesOrNull(PRICE);
    if (packed != null) {
      return RecordJson.unpackPrice(packed);
    }
    String text = item.textOrNull(PRICE_AS_TEXT);
    return text == null ? null : RecordJson.readPrice(text);
  }

  private static ChargedUsage readUsage(Attributes item) {
    byte[] packed = item.bytesOrNull(USAGE);
    if (packed != null) {
      return RecordJson.unpackUsage(packed);
    }
    String text = item.textOrNull(USAGE_AS_TEXT);
    return text == null ? ChargedUsage.UNKNOWN : RecordJson.readUsage(text);
  }

  private static @Nullable Charge readCharge(Attributes item) {
    if (!item.has("charge")) {
      return null;
    }
    return new Charge(
        item.money("charge"),
        UsageQuality.valueOf(item.text("quality").toUpperCase(Locale.ROOT)),
        readUsage(item),
        item.time("settled"),
        readReporter(item));
  }

  private static Charge.Reporter readReporter(Attributes item) {
    String reporter = item.textOrNull("reporter");
    return reporter == null
        ? Charge.Reporter.GATEWAY
        : Charge.Reporter.valueOf(reporter.toUpperCase(Locale.ROOT));
  }

  private static Attributes write(Reservation reservation) {
    Attributes.Builder item = Attributes.at(key(reservation.id()));
    putWithoutJson(item, reservation);
    item.put(DECISION, RecordJson.pack(reservation.decision()));
    if (reservation.priceRow() != null) {
      item.put(PRICE, RecordJson.packPrice(reservation.priceRow()));
    }
    return item.build();
  }

  private static Attributes withoutJson(Reservation reservation) {
    Attributes.Builder item = Attributes.builder();
    putWithoutJson(item, reservation);
    return item.build();
  }

  /// Puts all attributes but the key, the decision and the row that priced it.
  private static void putWithoutJson(Attributes.Builder item, Reservation reservation) {
    item.put("tenant", reservation.tenantId());
    item.put("principal", reservation.principalId());
    item.put("request", reservation.requestHash());
    item.put("nonce", reservation.nonce());
    item.put("rev", reservation.revision());
    item.put("state", reservation.state().wireName());
    if (reservation.explicitForward()) {
      item.put("explicit", true);
    }
    if (reservation.forwarded()) {
      item.put("forwarded", true);
    }
    item.put("expires", reservation.expiresAt());
    item.put("retention", reservation.retention().toDays());
    item.putIfPresent("release_reason", reservation.releaseReason());
    if (reservation.charge() != null) {
      writeCharge(item, reservation.charge());
    }
    if (reservation.state().isHolding()) {
      item.put("due_bucket", reservation.id().dueBucket());
      item.put("due_at", reservation.expiresAt());
    }
    Instant ended = reservation.endedAt();
    if (ended != null) {
      item.put("ended", ended);
      item.put("ttl", ended.plus(reservation.retention()).getEpochSecond());
    }
  }

  private static void writeCharge(Attributes.Builder item, Charge charge) {
    item.put("charge", charge.amount());
    item.put("quality", charge.quality().wireName());
    item.put("settled", charge.at());
    if (!charge.usage().equals(ChargedUsage.UNKNOWN)) {
      item.put(USAGE, RecordJson.pack(charge.usage()));
    }
    if (charge.reporter() != Charge.Reporter.GATEWAY) {
      item.put("reporter", charge.reporter().name().toLowerCase(Locale.ROOT));
    }
  }

  static Write.Put create(String table, Reservation reservation) {
    return new Write.Put(table, write(reservation), KEY_IS_FREE, true);
  }

  /// Replaces the item of the revision before.
  static Write.Put replace(String table, Reservation next) {
    return new Write.Put(table, write(next), sameRevision(next), true);
  }

  /// Changes what a step changes, and leaves everything else as it is stored. So a step keeps what
  /// a newer process stored of the decision, and most steps send no decision.
  static Write.Update change(String table, Reservation seen, Reservation next) {
    Attributes before = withoutJson(seen);
    Attributes after = withoutJson(next);
    Attributes.Builder set = after.without(before).toBuilder();
    if (!next.decision().equals(seen.decision())) {
      set.put(DECISION, RecordJson.pack(next.decision()));
    }
    Set<String> removed = new HashSet<>(before.names());
    removed.removeAll(after.names());
    Price row = next.priceRow();
    if (!Objects.equals(row, seen.priceRow())) {
      if (row == null) {
        removed.add(PRICE);
        removed.add(PRICE_AS_TEXT);
      } else {
        set.put(PRICE, RecordJson.packPrice(row));
      }
    }
    return Write.Update.at(table, key(next.id()))
        .set(set.build())
        .remove(removed)
        .build()
        .onlyIf(sameRevision(next))
        .returningStored();
  }

  private static Write.Condition sameRevision(Reservation next) {
    return new Write.Condition(SAME_REVISION, Attributes.of(":revision", next.revision() - 1));
  }
}
