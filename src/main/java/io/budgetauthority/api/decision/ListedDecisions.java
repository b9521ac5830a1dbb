package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.TimeSpan;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads the decisions of a list as they are now. The list comes from the stream, which is about a
/// second late; the state of each decision comes from the ledger.
final class ListedDecisions {

  /// The most decisions that are read for one page.
  private static final int MAX_READ = 1_000;

  /// How many are read at a time where no page is asked for.
  private static final int BATCH = 200;

  private final DecisionLists lists;
  private final Ledger ledger;
  private final Clock clock;

  ListedDecisions(DecisionLists lists, Ledger ledger, Clock clock) {
    this.lists = lists;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Decisions of a list.
  ///
  /// @param next where the list goes on; null at its end
  record Found(List<Reservation> reservations, Attribution.@Nullable Cursor next) {}

  /// A page of a tenant's decisions. It may have fewer than `most` where the filter fits few of
  /// those that were read.
  ///
  /// @param most how many the page has at most
  /// @param after where the page before ended; null for the first page
  Found page(
      Caller caller,
      DecisionFilter filter,
      TimeSpan span,
      int most,
      Attribution.@Nullable Cursor after) {
    List<Reservation> found = new ArrayList<>();
    Attribution.Cursor next = after;
    for (int read = 0; read < MAX_READ; read += most) {
      Attribution.Listed listed =
          lists.decisions(caller.tenantId(), filter.outcome(), span.from(), span.to(), most, next);
      found.addAll(read(caller, listed, filter::fits));
      next = listed.next();
      if (found.size() > most) {
        List<Reservation> some = found.subList(0, most);
        Reservation last = some.getLast();
        return new Found(
            List.copyOf(some), new Attribution.Cursor(last.createdAt(), last.id().hash()));
      }
      if (next == null || found.size() == most) {
        break;
      }
    }
    return new Found(List.copyOf(found), next);
  }

  /// The newest decisions of a time, as many as are read for one page.
  Found find(Caller caller, DecisionFilter filter, TimeSpan span) {
    List<Reservation> found = new ArrayList<>();
    Attribution.Cursor next = null;
    for (int read = 0; read < MAX_READ; read += BATCH) {
      Attribution.Listed listed =
          lists.decisions(caller.tenantId(), filter.outcome(), span.from(), span.to(), BATCH, next);
      found.addAll(read(caller, listed, filter::fits));
      next = listed.next();
      if (next == null) {
        break;
      }
    }
    return new Found(List.copyOf(found), next);
  }

  /// Those that the caller may see and that fit, in the list's order. A decision whose retention
  /// has ended may still be in a list; it is left out.
  List<Reservation> read(Caller caller, Attribution.Listed listed, Predicate<Reservation> fits) {
    Map<ReservationId, Reservation> found =
        ledger.findAll(caller.tenantId(), listed.ids(), Deadline.ofRequest());
    return listed.ids().stream()
        .flatMap(id -> Optional.ofNullable(found.get(id)).stream())
        .filter(it -> it.decision().subject().tuple().isVisibleTo(caller))
        .filter(fits)
        .toList();
  }

  /// The place that `after` names; null for the first page.
  static Attribution.@Nullable Cursor cursor(@Nullable String after) {
    return after == null || after.isEmpty()
        ? null
        : Attribution.Cursor.parse(after)
            .orElseThrow(
                () -> RequestFields.invalid("after", "must be the next of the page before"));
  }

  /// A page of records.
  Page<DecisionRecord> records(
      List<Reservation> found, Attribution.@Nullable Cursor next, Caller caller) {
    Instant now = clock.instant();
    return new Page<>(
        found.stream().map(it -> DecisionRecord.of(it, now, caller)).toList(),
        next == null ? null : next.toString());
  }
}
