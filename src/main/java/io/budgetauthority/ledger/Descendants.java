package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Shards;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.SideBySide;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Gatherers;

/// Closes the descendants of a run that has ended, one generation after the other, many runs in one
/// transaction (ledger.md#runs). Safe to repeat: it goes through those that have ended too, because
/// who ended them may have stopped half way.
///
/// @param now when they are closed
record Descendants(Runs runs, Database database, String ledgerTable, String tenantId, Instant now) {

  /// How many runs one transaction ends.
  private static final int RUNS_AT_ONCE =
      Database.MAX_WRITES_A_TRANSACTION / Runs.MAX_WRITES_OF_AN_END;

  /// How many lists of children are read at the same time.
  private static final int LISTS_AT_ONCE = 16;

  /// Marks the shards of the run and of all its descendants as ended, and closes these.
  void close(Run ended) {
    List<Run> generation = List.of(ended);
    while (!generation.isEmpty()) {
      generation.forEach(runs::markShards);
      generation =
          childrenOf(generation).stream()
              .gather(Gatherers.windowFixed(RUNS_AT_ONCE))
              .flatMap(part -> closed(part).stream())
              .toList();
    }
  }

  /// The runs of these ids, which are closed if they were open.
  private List<Run> closed(List<String> runIds) {
    List<Run> found = List.copyOf(runs.read(tenantId, runIds, Deadline.ofRequest()).values());
    List<Run> open = found.stream().filter(run -> run.ended() == null).toList();
    return open.isEmpty() || areClosedTogether(open)
        ? found
        : found.stream().flatMap(run -> closedAlone(run).stream()).toList();
  }

  /// One transaction is tried once. Where calls write one of the runs, or have changed it since it
  /// was read, each run is closed alone.
  private boolean areClosedTogether(List<Run> open) {
    return database
        .transact(
            runs.endingOf(open, Run.State.CLOSED, now),
            Deadline.ofRequest(),
            (number, busy) -> null)
        .isDone();
  }

  private Optional<Run> closedAlone(Run seen) {
    return seen.ended() != null
        ? Optional.of(seen)
        : runs.ended(
            tenantId,
            seen.runId(),
            Deadline.ofRequest(),
            run -> runs.isEnded(run, Run.State.CLOSED, now));
  }

  private List<String> childrenOf(List<Run> parents) {
    return parents.stream()
        .flatMap(run -> Shards.keys(run.account()).stream())
        .gather(Gatherers.windowFixed(LISTS_AT_ONCE))
        .flatMap(part -> SideBySide.read(part.size(), it -> childrenOn(part.get(it))).stream())
        .toList();
  }

  /// The children whose marks are in the partition of one shard.
  private List<String> childrenOn(AccountKey shard) {
    List<String> children = new ArrayList<>();
    database.each(
        Query.prefix(ledgerTable, shard.partitionKey(), RunItem.CHILD),
        Deadline::ofRequest,
        mark -> children.add(RunItem.child(mark)));
    return children;
  }
}
