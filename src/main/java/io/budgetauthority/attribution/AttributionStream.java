package io.budgetauthority.attribution;

import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.store.Policies;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Adds up the decisions' stream, each decision exactly once (ledger.md#attribution). A decision's
/// marker says what it added to which row. A newer record removes that and adds its own, marker and
/// rows in one transaction. A record that is not newer than its marker adds nothing. So batches may
/// come in any order, be split, replayed or redriven, and be read by several consumers at a time.
/// Safe for use by many threads.
public final class AttributionStream {

  /// The oldest record that may be added: a marker is stored for at least this long after the last
  /// change of its decision.
  public static final Duration MAX_AGE = Duration.ofDays(30);

  /// Another round is needed only where another consumer wrote a marker first.
  private static final int MAX_ROUNDS = 20;

  private final AttributionTable table;
  private final Policies policies;

  public AttributionStream(AttributionTable table, Policies policies) {
    this.table = table;
    this.policies = policies;
  }

  /// A change of a decision's marker.
  ///
  /// @param seen the marker that existed; null where none did
  record Move(@Nullable Marker seen, Marker next) {

    /// The rows that change, with what is added to each.
    Map<RowKey, Amounts> changes() {
      Amounts added = next.total();
      if (seen == null) {
        return Map.of(next.row(), added);
      }
      if (seen.row().equals(next.row())) {
        return Map.of(next.row(), added.minus(seen.total()));
      }
      return Map.of(seen.row(), Amounts.NONE.minus(seen.total()), next.row(), added);
    }

    /// What is added to the sums of each minute.
    Map<MinuteKey, Amounts> minutes() {
      MinuteKey minute = minuteOf(next);
      Amounts total = next.total().only(Measure.OF_MINUTES);
      if (seen == null) {
        return Map.of(minute, total);
      }
      Amounts before = seen.total().only(Measure.OF_MINUTES);
      return minuteOf(seen).equals(minute)
          ? Map.of(minute, total.minus(before))
          : Map.of(minuteOf(seen), Amounts.NONE.minus(before), minute, total);
    }

    private static MinuteKey minuteOf(Marker marker) {
      return MinuteKey.of(marker.row().tenantId(), marker.createdAt());
    }
  }

  /// Adds what these changes say. A change that is not of a decision adds nothing. Where this
  /// throws, some of it may be added, and all of it may be passed again.
  public void add(Collection<? extends Change> changes) {
    Map<String, List<Change.Stepped>> pending = new LinkedHashMap<>();
    for (Change change : changes) {
      if (change instanceof Change.Stepped step) {
        pending.computeIfAbsent(step.after().id().hash(), hash -> new ArrayList<>()).add(step);
      }
    }
    addUntilDone(pending, (seen, steps) -> Marker.next(seen, steps, zoneOf(steps.getFirst())));
  }

  /// Makes the markers and rows of decisions agree with the decisions as they are now, also where a
  /// marker of the same revision says otherwise. Newer markers stay.
  ///
  /// @return how many markers were not as they should be
  int repair(Collection<Change.Stepped> current) {
    Map<String, List<Change.Stepped>> pending = new LinkedHashMap<>();
    current.forEach(step -> pending.put(step.after().id().hash(), List.of(step)));
    return addUntilDone(
        pending,
        (seen, steps) -> {
          Change.Stepped step = steps.getFirst();
          return seen != null && seen.revision() > step.after().revision()
              ? seen
              : Marker.of(seen, step, seen == null ? Map.of() : seen.corrections(), zoneOf(step));
        });
  }

  /// Computes the next marker from the one before and some records.
  private interface Next {
    Marker of(@Nullable Marker seen, List<Change.Stepped> steps);
  }

  private int addUntilDone(Map<String, List<Change.Stepped>> steps, Next next) {
    int written = 0;
    Set<String> pending = new LinkedHashSet<>(steps.keySet());
    for (int round = 0; round < MAX_ROUNDS && !pending.isEmpty(); round++) {
      Map<String, Marker> markers = table.markers(pending);
      List<Move> moves = new ArrayList<>();
      for (String hash : pending) {
        Marker seen = markers.get(hash);
        Marker after = next.of(seen, steps.getOrDefault(hash, List.of()));
        if (after.isNews(seen)) {
          moves.add(new Move(seen, after));
        }
      }
      pending.clear();
      table.noteDays(moves.stream().map(move -> move.next().row()).toList());
      for (List<Move> together : inTransactions(moves)) {
        if (table.write(writes(together))) {
          written += together.size();
        } else {
          together.forEach(move -> pending.add(move.next().hash()));
        }
      }
    }
    if (!pending.isEmpty()) {
      throw new StorageContended("markers moved at every read: " + pending);
    }
    return written;
  }

  private ZoneId zoneOf(Change.Stepped step) {
    return policies.of(step.after().tenantId()).calendar().zoneAt(step.after().createdAt());
  }

  /// The moves in groups that fit into a transaction each. Moves of one row are next to each other,
  /// so that a row that many decisions share is written once for all of them in a group.
  static List<List<Move>> inTransactions(List<Move> moves) {
    List<Move> byRow = new ArrayList<>(moves);
    byRow.sort(
        Comparator.comparing((Move move) -> move.next().row().tenantId())
            .thenComparing(move -> move.next().row().day())
            .thenComparing(move -> move.next().row().sortKey()));
    List<List<Move>> groups = new ArrayList<>();
    List<Move> group = new ArrayList<>();
    Set<Object> sums = new LinkedHashSet<>();
    for (Move move : byRow) {
      Set<Object> withThis = new LinkedHashSet<>(sums);
      withThis.addAll(move.changes().keySet());
      withThis.addAll(move.minutes().keySet());
      if (group.size() + 1 + withThis.size() > Database.MAX_WRITES_A_TRANSACTION) {
        groups.add(group);
        group = new ArrayList<>();
        withThis = new LinkedHashSet<>(move.changes().keySet());
        withThis.addAll(move.minutes().keySet());
      }
      group.add(move);
      sums = withThis;
    }
    if (!group.isEmpty()) {
      groups.add(group);
    }
    return groups;
  }

  private List<Write> writes(List<Move> moves) {
    Map<RowKey, Amounts.Builder> rows = new LinkedHashMap<>();
    Map<MinuteKey, Amounts.Builder> minutes = new LinkedHashMap<>();
    List<Write> writes = new ArrayList<>();
    for (Move move : moves) {
      writes.add(table.replace(move.seen(), move.next()));
      move.changes()
          .forEach(
              (row, amounts) ->
                  rows.computeIfAbsent(row, key -> new Amounts.Builder()).add(amounts));
      move.minutes()
          .forEach(
              (minute, amounts) ->
                  minutes.computeIfAbsent(minute, key -> new Amounts.Builder()).add(amounts));
    }
    rows.forEach(
        (row, sum) -> {
          Amounts amounts = sum.build();
          if (!amounts.isNothing()) {
            writes.add(table.add(row, amounts));
          }
        });
    minutes.forEach(
        (minute, sum) -> {
          Amounts amounts = sum.build();
          if (!amounts.isNothing()) {
            writes.add(table.add(minute.partOf(moves.getFirst().next().hash()), amounts));
          }
        });
    return writes;
  }
}
