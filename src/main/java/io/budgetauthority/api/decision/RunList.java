package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.view.RunView;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.storage.Page.Next;
import io.budgetauthority.tenant.Caller;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Lists the runs that a caller may see.
final class RunList {

  /// The most runs that are read for one page of a list.
  private static final int MAX_READ = 1_000;

  private final Runs runs;

  RunList(Runs runs) {
    this.runs = runs;
  }

  /// A page of the runs that the caller may see and that have the stated state. The index has
  /// neither, so more runs are read than are shown. The number of runs that are read for one page
  /// is limited. Such a page may have fewer items than it could, and its `next` says where to
  /// continue.
  ///
  /// @param user null for every user's
  /// @param state null for every state
  /// @param after the last run of the page before; null for the first page
  Page<RunView> page(
      Caller caller,
      @Nullable String user,
      @Nullable String state,
      int most,
      @Nullable Run after,
      Instant now) {
    List<RunView> items = new ArrayList<>();
    Run last = after;
    Next from = after == null ? null : runs.placeAfter(after, user);
    for (int read = 0; read < MAX_READ; read += most) {
      var some = runs.list(caller.tenantId(), user, most, from);
      for (Run run : some.items()) {
        last = run;
        if (run.tuple().isVisibleTo(caller)
            && (state == null || run.stateAt(now).wireName().equals(state))) {
          items.add(RunView.of(run, now));
        }
        if (items.size() == most) {
          return new Page<>(items, run.runId());
        }
      }
      from = some.next();
      if (from == null) {
        return new Page<>(items, null);
      }
    }
    return new Page<>(items, last == null ? null : last.runId());
  }
}
