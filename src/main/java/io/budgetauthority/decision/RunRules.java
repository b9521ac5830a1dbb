package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Says whether a run, its parent and its ancestors allow a call (protocol.md#runs and
/// protocol.md#child-runs). Pure.
public final class RunRules {

  private RunRules() {}

  /// Why the run that is named as parent may not start a run; null where it may, or where no parent
  /// is named.
  ///
  /// @param runId null for a dry run without a run
  /// @param parent the run that is named as parent; null where it does not exist
  public static Answer.@Nullable RunRefused refuseParent(
      @Nullable String runId,
      @Nullable String named,
      @Nullable Run parent,
      Tuple stated,
      Instant now) {
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

  /// Why a run that exists does not allow an ask; null where it does.
  static Answer.@Nullable RunRefused refuseRun(Run run, Ask ask, Instant now) {
    if (!run.tuple().admits(ask.stated())) {
      return new Answer.RunMismatch(run.runId(), run.tuple().differingField(ask.stated()));
    }
    if (run.stateAt(now) != Run.State.ACTIVE) {
      return new Answer.RunClosed(run.runId());
    }
    String parent = ask.request().parentRunId();
    if (parent != null && !parent.equals(run.parentRunId())) {
      return new Answer.RunConflict(
          run.runId(), "parent_run_id is " + parent + ", the run has " + run.parentRunId());
    }
    MicroUsd limit = ask.request().runLimit();
    MicroUsd ofCeiling = run.account().limitOfCeiling();
    if (limit != null && !limit.equals(ofCeiling) && !limit.equals(run.madeLimit())) {
      return new Answer.RunConflict(
          run.runId(), "run_limit_usd is " + limit + ", the run has " + ofCeiling);
    }
    return null;
  }

  /// Why an ancestor does not allow a call of this tuple; null where all do. A call must be within
  /// the tuple of every ancestor, and none of them may have ended.
  static Answer.@Nullable RunRefused refuseAncestors(
      List<Run> ancestors, Tuple tuple, Instant now) {
    for (Run ancestor : ancestors) {
      if (!ancestor.tuple().admits(tuple)) {
        return new Answer.RunMismatch(ancestor.runId(), ancestor.tuple().differingField(tuple));
      }
      if (ancestor.stateAt(now) != Run.State.ACTIVE) {
        return new Answer.RunClosed(ancestor.runId());
      }
    }
    return null;
  }
}
