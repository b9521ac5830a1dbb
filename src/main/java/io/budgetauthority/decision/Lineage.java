package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.record.Tuple;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The runs whose accounts a call is held against: its own run and the ancestors of that run, the
/// parent first.
///
/// @param run null where this call starts the run
public record Lineage(@Nullable Run run, List<Run> ancestors) {

  public Lineage {
    ancestors = List.copyOf(ancestors);
  }

  /// The ids of the ancestors, the parent's first.
  List<String> chain() {
    return ancestors.stream().map(Run::runId).toList();
  }

  @Nullable String parentRunId() {
    return ancestors.isEmpty() ? null : ancestors.getFirst().runId();
  }

  /// Why the run that is named as parent may not start a run (protocol.md#child-runs); null where
  /// it may, or where no parent is named.
  ///
  /// @param parent the run that is named as parent; null where it does not exist
  public static Answer.@Nullable RunRefused refuseParent(
      String runId, @Nullable String named, @Nullable Run parent, Tuple stated, Instant now) {
    if (named == null) {
      return null;
    }
    if (named.equals(runId)) {
      return new Answer.InvalidParent("is the run itself");
    }
    if (parent == null) {
      return new Answer.UnknownParent(named);
    }
    if (!parent.tuple().admits(stated)) {
      return new Answer.RunMismatch(named, parent.tuple().differingField(stated));
    }
    if (parent.stateAt(now) != Run.State.ACTIVE) {
      return new Answer.RunClosed(named);
    }
    return parent.ancestorsOfChild().size() < Run.MAX_LEVELS
        ? null
        : new Answer.InvalidParent(
            "would make a run of level "
                + (Run.MAX_LEVELS + 1)
                + "; the most is "
                + Run.MAX_LEVELS);
  }
}
