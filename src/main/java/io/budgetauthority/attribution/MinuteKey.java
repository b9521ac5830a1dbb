package io.budgetauthority.attribution;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/// The key of the sums of a minute: what a tenant's decisions that were made in it come to now. A
/// minute has up to sixteen parts, and a transaction adds to one of them, so that transactions at
/// the same time seldom meet. Only the sum over all parts means something.
///
/// @param minute when it begins
/// @param part from 0 to [#PARTS] - 1
record MinuteKey(String tenantId, Instant minute, int part) {

  static final int PARTS = 16;

  /// The first part of the minute of an instant.
  static MinuteKey of(String tenantId, Instant instant) {
    return new MinuteKey(tenantId, instant.truncatedTo(ChronoUnit.MINUTES), 0);
  }

  /// The part of this minute that a transaction adds to.
  ///
  /// @param hash the hash of any decision of the transaction
  MinuteKey partOf(String hash) {
    return new MinuteKey(tenantId, minute, Math.floorMod(hash.hashCode(), PARTS));
  }

  /// A day, in UTC, and a part of a tenant are one partition.
  static String partitionKey(String tenantId, LocalDate day, int part) {
    return StoredIds.escape(tenantId) + "#minutes#" + day + '#' + part;
  }

  Key key() {
    return new Key(
        partitionKey(tenantId, minute.atZone(ZoneOffset.UTC).toLocalDate(), part),
        minute.toString());
  }

  static Instant minuteOf(Attributes item) {
    return Instant.parse(item.text("sk"));
  }
}
