package io.budgetauthority.notification;

import io.budgetauthority.attribution.Change;
import io.budgetauthority.attribution.StoredDecision;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.RunClosed;
import io.budgetauthority.ledger.Settled;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Derives the events of a change of the decisions table from that change alone. Pure: a record
/// that is read again gives the same events again.
final class DecisionEvents {

  private DecisionEvents() {}

  static List<BudgetEvent> of(Change change) {
    return switch (change) {
      case Change.Removed removed -> List.of();
      case Change.RunEnded ended -> List.of(ofRun(ended.run()));
      case Change.Stepped step -> ofStep(step);
    };
  }

  private static List<BudgetEvent> ofStep(Change.Stepped step) {
    List<BudgetEvent> events = new ArrayList<>();
    if (step.before() == null) {
      addIfMade(events, step);
    }
    Settled settled = step.after().settled();
    if (settled != null && !Objects.equals(settled, step.settledBefore())) {
      addIfCharged(events, step, settled);
    }
    return events;
  }

  private static void addIfMade(List<BudgetEvent> events, Change.Stepped step) {
    StoredDecision decision = step.decision();
    if (decision.blocked() && !decision.cancelled()) {
      Map<String, @Nullable Object> detail = decision(step);
      detail.put("code", decision.code());
      detail.put("blocking_scope", decision.blockingScope());
      detail.put("enforcement_mode", decision.enforcementMode());
      detail.put("requested_model", decision.requestedModel());
      detail.put("estimate_usd", decision.estimate());
      events.add(made(BudgetEvent.Type.BLOCKED, step, detail));
    }
    if (decision.downgraded()) {
      Map<String, @Nullable Object> detail = decision(step);
      detail.put("requested_model", decision.requestedModel());
      detail.put("selected_model", decision.selectedModel());
      detail.put("estimate_usd", decision.estimate());
      events.add(made(BudgetEvent.Type.DOWNGRADED, step, detail));
    }
  }

  private static BudgetEvent made(
      BudgetEvent.Type type, Change.Stepped step, Map<String, @Nullable Object> detail) {
    Reservation after = step.after();
    return BudgetEvent.about(type, after.tenantId(), after.createdAt(), detail, after.id().hash());
  }

  private static void addIfCharged(List<BudgetEvent> events, Change.Stepped step, Settled settled) {
    Reservation after = step.after();
    if (step.overrun() != null) {
      Map<String, @Nullable Object> detail = decision(step);
      detail.put("estimate_usd", after.estimate());
      detail.put("actual_usd", settled.charge());
      detail.put("overrun_usd", step.overrun());
      detail.put("usage_quality", settled.quality());
      events.add(
          BudgetEvent.about(
              BudgetEvent.Type.OVERRUN,
              after.tenantId(),
              settled.at(),
              detail,
              after.id().hash(),
              // A decision has at most one report of each quality, and a better one is a new
              // overrun.
              settled.quality().wireName()));
    }
    if (step.presumed()) {
      Map<String, @Nullable Object> detail = decision(step);
      detail.put("presumed_usd", settled.charge());
      events.add(
          BudgetEvent.about(
              BudgetEvent.Type.PRESUMED,
              after.tenantId(),
              settled.at(),
              detail,
              after.id().hash()));
    }
  }

  /// The fields that every event about a decision has.
  static Map<String, @Nullable Object> decision(Change.Stepped step) {
    StoredDecision decision = step.decision();
    Map<String, @Nullable Object> detail = new LinkedHashMap<>();
    detail.put("decision_id", step.after().id().decisionId());
    detail.put("reservation_id", decision.blocked() ? null : step.after().id().reservationId());
    detail.put("run_id", decision.runId());
    detail.put("user_id", decision.userId());
    detail.put("key_id", decision.keyId());
    detail.put("team_id", decision.teamId());
    detail.put("feature_id", decision.featureId());
    detail.put("request_class", decision.requestClass());
    detail.put(
        "provider",
        step.usage().provider() == null ? decision.provider() : step.usage().provider());
    String held =
        decision.selectedModel() == null ? decision.requestedModel() : decision.selectedModel();
    detail.put("model", step.usage().model() == null ? held : step.usage().model());
    return detail;
  }

  private static BudgetEvent ofRun(RunClosed run) {
    Map<String, @Nullable Object> detail = new LinkedHashMap<>();
    detail.put("run_id", run.runId());
    detail.put("state", run.state());
    detail.put("user_id", run.tuple().userId());
    detail.put("key_id", run.tuple().keyId());
    detail.put("team_id", run.tuple().teamId());
    detail.put("feature_id", run.tuple().featureId());
    detail.put("limit_usd", run.limit());
    detail.put("committed_usd", run.committed());
    detail.put("reserved_usd", run.reserved());
    detail.put("created_at", run.createdAt());
    detail.put("closed_at", run.closedAt());
    return BudgetEvent.about(
        BudgetEvent.Type.RUN_CLOSED, run.tenantId(), run.closedAt(), detail, run.runId());
  }
}
