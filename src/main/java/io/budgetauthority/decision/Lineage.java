package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The runs that a call is held against: its own, and that one's ancestors, the parent first.
///
/// @param run null where this call starts it
record Lineage(@Nullable Run run, List<Run> ancestors) {

  Lineage {
    ancestors = List.copyOf(ancestors);
  }

  /// The ids of the ancestors, the parent's first.
  List<String> chain() {
    return ancestors.stream().map(Run::runId).toList();
  }

  @Nullable String parentRunId() {
    return ancestors.isEmpty() ? null : ancestors.getFirst().runId();
  }
}
