package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The runs that a call is held against: its own, and that one's ancestors, the parent first.
///
/// @param run null where this call starts it
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

  /// Whether a run may be started by the one that is named as its parent (protocol.md#child-runs);
  /// null where it may, or none is named.
  ///
  /// @param parent the run of that name; null where there is none
  public static Answer.@Nullable RunRefused refuseParent(
      String runId, @Nullable String named, @Nullable Run parent, Run.Tuple stated, Instant now) {
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
