package io.budgetauthority.attribution;

import io.budgetauthority.storage.StoredIds;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/// The place of a decision among its tenant's decisions, in the index of the markers. A list has
/// parts, so that no partition of the index is written too often.
final class ListKey {

  /// A list of a tenant's decisions. A decision is in one of them.
  enum Kind {
    /// Calls whose usage was not reported yet. They are one list, whatever their day.
    OPEN("open", 16, false),
    /// Other decisions that let a call through, by the day in UTC on which they were made.
    PASSED("passed", 16, true),
    /// Blocks, by day too.
    REFUSED("refused", 4, true);

    private final String storedName;
    private final int parts;
    private final boolean byDay;

    Kind(String storedName, int parts, boolean byDay) {
      this.storedName = storedName;
      this.parts = parts;
      this.byDay = byDay;
    }

    int parts() {
      return parts;
    }
  }

  private ListKey() {}

  /// The partition of a part of a list.
  ///
  /// @param day in UTC; it does not matter for open calls
  static String partition(String tenantId, Kind kind, LocalDate day, int part) {
    return StoredIds.escape(tenantId)
        + "#list#"
        + kind.storedName
        + (kind.byDay ? "#" + day : "")
        + '#'
        + part;
  }

  /// The partition of a decision.
  static String partition(String tenantId, Kind kind, Instant createdAt, String hash) {
    return partition(tenantId, kind, day(createdAt), Math.floorMod(hash.hashCode(), kind.parts));
  }

  static LocalDate day(Instant time) {
    return time.atZone(ZoneOffset.UTC).toLocalDate();
  }

  /// The place within a part: by time, and by hash among decisions of one millisecond.
  static String place(Instant createdAt, String hash) {
    return "%013d#%s".formatted(createdAt.toEpochMilli(), hash);
  }
}
