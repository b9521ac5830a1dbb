package io.budgetauthority.attribution;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What was added up of one decision: its revision, the row, and the amounts that are in that row
/// because of it. The marker makes the sums exact whatever the order and number of records: a newer
/// record removes these amounts and adds its own.
///
/// @param hash the decision's hash
/// @param version counts the changes of the marker itself; 0 before the first
/// @param corrections how much each changed the charge, in micro-USD, by the revision that made it.
///   A correction shows only in the record of its own revision, so each is stored
/// @param keptUntil null while the decision is live, or is not known to have ended
record Marker(
    String hash,
    long revision,
    long version,
    Instant createdAt,
    RowKey row,
    Amounts amounts,
    Map<Long, MicroUsd> corrections,
    @Nullable Instant keptUntil) {

  static final String SORT_KEY = "marker";

  /// A marker outlives its decision by the greatest age that a record may have when it is read (see
  /// [AttributionStream#MAX_AGE]). So no record is added again because its marker is missing.
  private static final Duration KEPT_BEYOND = Duration.ofDays(30);

  Marker {
    corrections = Map.copyOf(corrections);
  }

  /// The marker after these records of one decision, in any order. Its version is one higher, also
  /// where it says nothing new.
  ///
  /// @param seen null where none exists yet
  static Marker next(@Nullable Marker seen, List<Change.Stepped> steps, ZoneId zone) {
    Change.Stepped newest =
        steps.stream().max(Comparator.comparingLong(step -> step.after().revision())).orElseThrow();
    Map<Long, MicroUsd> corrections = new TreeMap<>(seen == null ? Map.of() : seen.corrections);
    for (Change.Stepped step : steps) {
      MicroUsd correction = step.correction();
      if (correction != null) {
        corrections.put(step.after().revision(), correction);
      }
    }
    if (seen != null && newest.after().revision() <= seen.revision) {
      return new Marker(
          seen.hash,
          seen.revision,
          seen.version + 1,
          seen.createdAt,
          seen.row,
          seen.amounts,
          corrections,
          seen.keptUntil);
    }
    return of(seen, newest, corrections, zone);
  }

  /// The marker of a decision as it is now, whatever a marker of the same or an older revision
  /// says.
  static Marker of(
      @Nullable Marker seen,
      Change.Stepped enforced,
      Map<Long, MicroUsd> corrections,
      ZoneId zone) {
    Reservation after = enforced.after();
    // A change of the tenant's zone moves no decision to another day.
    LocalDate day =
        seen != null && seen.createdAt.equals(after.createdAt())
            ? seen.row.day()
            : after.createdAt().atZone(zone).toLocalDate();
    Contribution contribution = Contribution.of(enforced, day);
    return new Marker(
        after.id().hash(),
        after.revision(),
        seen == null ? 1 : seen.version + 1,
        after.createdAt(),
        contribution.row(),
        contribution.amounts(),
        corrections,
        after.endedAt() == null ? null : after.endedAt().plus(after.retention()).plus(KEPT_BEYOND));
  }

  /// All amounts that are in the row because of this decision.
  Amounts total() {
    return new Amounts.Builder()
        .add(amounts)
        .add(Measure.CORRECTIONS, corrections.size())
        .add(
            Measure.CORRECTED_USD,
            corrections.values().stream().reduce(MicroUsd.ZERO, MicroUsd::plus))
        .build();
  }

  /// Whether this marker says something that the marker before it does not. A marker of the next
  /// revision that is otherwise the same need not be written: no revision lies between the two.
  boolean isNews(@Nullable Marker seen) {
    return seen == null
        || revision > seen.revision + 1
        || !row.equals(seen.row)
        || !total().equals(seen.total())
        || !Objects.equals(keptUntil, seen.keptUntil);
  }

  static Key key(String hash) {
    return new Key(hash, SORT_KEY);
  }

  /// The place of a decision in the list of its run.
  String placeInRun() {
    return placeInRun(createdAt, hash);
  }

  static String placeInRun(Instant createdAt, String hash) {
    return "decision#%013d#%s".formatted(createdAt.toEpochMilli(), hash);
  }

  Attributes write() {
    Attributes.Builder item =
        Attributes.at(key(hash))
            .putAll(row.write())
            .put("rev", revision)
            .put("ver", version)
            .put("created", createdAt)
            .putNumbers("amounts", amounts.byStoredName());
    if (!corrections.isEmpty()) {
      Map<String, Long> stored = new TreeMap<>();
      corrections.forEach(
          (atRevision, change) -> stored.put(Long.toString(atRevision), change.micros()));
      item.putNumbers("corrections", stored);
    }
    if (row.runId() != null) {
      item.put("of_run", RowKey.runKey(row.tenantId(), row.runId()));
      item.put("of_run_at", placeInRun());
    }
    putListed(item);
    if (keptUntil != null) {
      item.put("ttl", keptUntil.getEpochSecond());
      item.put("kept_until", keptUntil);
    }
    return item.build();
  }

  /// A block that only marks a cancelled key counts as no decision and is in no list.
  private void putListed(Attributes.Builder item) {
    if (amounts.of(Measure.DECISIONS) == 0) {
      return;
    }
    item.put("of_tenant", ListKey.partition(row.tenantId(), kind(), createdAt, hash));
    item.put("of_tenant_at", ListKey.place(createdAt, hash));
  }

  private ListKey.Kind kind() {
    if (amounts.of(Measure.OPEN) > 0) {
      return ListKey.Kind.OPEN;
    }
    return amounts.of(Measure.BLOCKED) > 0 ? ListKey.Kind.REFUSED : ListKey.Kind.PASSED;
  }

  static Marker read(Attributes item) {
    Map<Long, MicroUsd> corrections = new TreeMap<>();
    item.numbersByName("corrections")
        .forEach(
            (atRevision, change) ->
                corrections.put(Long.parseLong(atRevision), MicroUsd.of(change)));
    return new Marker(
        item.text("pk"),
        item.number("rev"),
        item.number("ver"),
        item.time("created"),
        RowKey.read(item),
        Amounts.of(item.numbersByName("amounts")),
        corrections,
        item.timeOrNull("kept_until"));
  }
}
