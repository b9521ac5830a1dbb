package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Refill;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How a rate is stored, and the updates of it (ledger.md#rates). Its item stores one place, `tat`.
/// An update adds to the place that is stored, or to that of now if the stored one has passed. It
/// says by its condition which of the two it is, so it needs no exact value that was read, and
/// calls at the same time do not conflict.
public final class RateItem {

  private static final String EMPTY_UNTIL = "tat";
  private static final String LIMIT = "lim";
  private static final String PERIOD = "per";
  private static final String BURST = "bur";
  private static final String REFILLED_BEFORE = "rfb";
  private static final String CHANGED_AT = "chg";

  private static final String ADD = "SET tat = tat + :change";
  private static final String RESTART = "SET tat = :next";
  private static final String HAS_PASSED = "tat <= :now";
  private static final String NOT_PASSED = "tat > :now";
  private static final String FITS = " AND tat <= :most";
  private static final String AS_READ = "tat = :seen";
  private static final String TERMS = ", lim = :lim, per = :per, bur = :bur";
  private static final String VERSION = ", cver = :cver, pver = :pver";
  private static final String SAME_TERMS = "lim = :lim AND per = :per";
  private static final String ABSENT = "attribute_not_exists(pk)";

  private RateItem() {}

  /// The key of a rate's item.
  public static Key key(RateKey key) {
    return new Key(key.partitionKey(), key.sortKey());
  }

  /// Whether an item is that of a rate.
  public static boolean isRate(Attributes item) {
    return RateKey.isOne(item.text("sk"));
  }

  /// Reads a stored rate.
  public static StoredRate read(Attributes item) {
    return new StoredRate(
        RateKey.parse(item.text("pk"), item.text("sk")),
        item.integer(EMPTY_UNTIL),
        new Refill(item.money(LIMIT), Math.toIntExact(item.number(PERIOD))),
        item.money(BURST),
        item.has(REFILLED_BEFORE) ? item.integer(REFILLED_BEFORE) : BigInteger.ZERO,
        item.timeOrNull(CHANGED_AT),
        AccountItem.readVersion(item));
  }

  /// The update that takes an amount for a decision. The rate must still have the version and the
  /// terms that it was read with.
  public static Write.Update hold(String table, RateHold hold) {
    EnforcedRate rate = hold.rate();
    StoredRate stored = rate.stored();
    if (stored == null) {
      return make(
          table, rate.key(), rate.refill(), rate.burst(), hold.taken(), rate.now(), rate.version());
    }
    if (rate.hasOtherTerms()) {
      throw new IllegalStateException("the terms of " + rate.key() + " must be put first");
    }
    Attributes.Builder values = Attributes.builder();
    String same = SAME_TERMS + " AND " + AccountItem.sameVersion(stored.version(), values);
    putRefill(stored.refill(), values);
    String newVersion = "";
    if (!rate.version().equals(stored.version())) {
      newVersion = VERSION;
      AccountItem.putVersion(rate.version(), values);
    }
    MicroUsd burst = hold.gated() ? rate.burst() : null;
    return add(table, stored, hold.taken(), burst, rate.now(), newVersion, same, values);
  }

  /// The update that gives a stored rate the terms and the version of its ceiling. What is owed
  /// stays the same amount, and what was refilled until now is remembered. Under another refill the
  /// rate must still be exactly as it was read.
  public static Write.Update putTerms(String table, EnforcedRate rate) {
    StoredRate stored = Objects.requireNonNull(rate.stored(), "a rate that is stored");
    Refill refill = rate.refill();
    Attributes.Builder values = Attributes.builder();
    String condition = AccountItem.sameVersion(stored.version(), values);
    AccountItem.putVersion(rate.version(), values);
    values.put(":bur", rate.burst());
    String expression = "SET bur = :bur" + VERSION;
    if (!refill.equals(stored.refill())) {
      putRefill(refill, values);
      values
          .put(":seen", stored.emptyUntil())
          .put(":next", rate.emptyUntil())
          .put(
              ":before",
              stored.refilledBefore().add(stored.refill().refilledMoreThan(refill, rate.now())))
          .put(":at", rate.now());
      expression += ", tat = :next, lim = :lim, per = :per, rfb = :before, chg = :at";
      condition = AS_READ + " AND " + condition;
    }
    return new Write.Update(table, key(rate.key()), expression, condition, values.build());
  }

  /// The update that posts what a step takes or gives back; null where that is nothing.
  ///
  /// @param stored the rate as it was just read; null where the ledger does not have it
  public static Write.@Nullable Update post(
      String table, @Nullable StoredRate stored, RateMove move) {
    Refill refill = move.share().refill();
    BigInteger change = move.takenAfter(stored).subtract(move.share().taken());
    if (change.signum() == 0) {
      return null;
    }
    if (stored == null) {
      return change.signum() > 0
          ? make(
              table,
              move.key(),
              refill,
              move.share().burst(),
              change,
              move.now(),
              LimitVersion.NONE)
          : null;
    }
    Attributes.Builder values = Attributes.builder();
    putRefill(stored.refill(), values);
    BigInteger converted = refill.placesIn(stored.refill(), change);
    if (converted.signum() > 0) {
      MicroUsd burst = move.isGated() ? stored.burst() : null;
      return add(table, stored, converted, burst, move.now(), "", SAME_TERMS, values);
    }
    values.put(":change", converted);
    return new Write.Update(table, key(stored.key()), ADD, SAME_TERMS, values.build());
  }

  private static Write.Update add(
      String table,
      StoredRate stored,
      BigInteger change,
      @Nullable MicroUsd burst,
      Instant at,
      String alsoSet,
      String alsoRequired,
      Attributes.Builder values) {
    Refill refill = stored.refill();
    BigInteger now = refill.placeOf(at);
    values.put(":now", now);
    if (stored.emptyUntil().compareTo(now) <= 0) {
      values.put(":next", now.add(change));
      return new Write.Update(
          table,
          key(stored.key()),
          RESTART + alsoSet,
          HAS_PASSED + " AND " + alsoRequired,
          values.build());
    }
    values.put(":change", change);
    String fits = "";
    if (burst != null) {
      fits = FITS;
      values.put(":most", now.add(refill.placesOf(burst)).subtract(change));
    }
    return new Write.Update(
        table,
        key(stored.key()),
        ADD + alsoSet,
        NOT_PASSED + fits + " AND " + alsoRequired,
        values.build());
  }

  private static Write.Update make(
      String table,
      RateKey key,
      Refill refill,
      MicroUsd burst,
      BigInteger taken,
      Instant at,
      LimitVersion version) {
    Attributes.Builder values =
        Attributes.builder().put(":next", refill.placeOf(at).add(taken)).put(":bur", burst);
    putRefill(refill, values);
    String expression = RESTART + TERMS;
    if (!version.equals(LimitVersion.NONE)) {
      expression += VERSION;
      AccountItem.putVersion(version, values);
    }
    return new Write.Update(table, key(key), expression, ABSENT, values.build());
  }

  private static void putRefill(Refill refill, Attributes.Builder values) {
    values.put(":lim", refill.limit()).put(":per", refill.periodSeconds());
  }
}
