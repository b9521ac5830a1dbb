package io.budgetauthority.notification;

import io.budgetauthority.attribution.Change;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.RunClosed;
import io.budgetauthority.ledger.increase.IncreaseEnded;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Derives the events of a change of the decisions table from that change alone. Pure: a record
/// that is read again gives the same events again.
final class DecisionEvents {

  private DecisionEvents() {}

  static List<BudgetEvent> of(Change change) {
    return switch (change) {
      case Change.Removed removed -> List.of();
      case Change.RunEnded ended -> List.of(ofRun(ended.run()));
      case Change.IncreaseOver over -> List.of(ofIncrease(over.increase()));
      case Change.Stepped step -> ofStep(step);
    };
  }

  private static List<BudgetEvent> ofStep(Change.Stepped step) {
    List<BudgetEvent> events = new ArrayList<>();
    if (step.before() == null) {
      addIfMade(events, step);
    }
    Charge charge = step.after().charge();
    if (charge != null && !charge.equals(step.chargeBefore())) {
      addIfCharged(events, step, charge);
    }
    return events;
  }

  private static void addIfMade(List<BudgetEvent> events, Change.Stepped step) {
    Decision decision = step.decision();
    switch (decision.verdict()) {
      case Verdict.Block block when !decision.isCancelled() -> {
        Map<String, @Nullable Object> detail = decision(step);
        detail.put("code", block.code());
        detail.put("blocking_scope", block.constrainingScope());
        detail.put("enforcement_mode", decision.mode());
        detail.put("requested_model", decision.model().requested());
        detail.put("estimate_usd", decision.estimate());
        events.add(made(BudgetEvent.Type.BLOCKED, step, detail));
      }
      case Verdict.Granted granted when granted.kind() == Verdict.Kind.DOWNGRADE -> {
        Map<String, @Nullable Object> detail = decision(step);
        detail.put("requested_model", decision.model().requested());
        detail.put("selected_model", decision.model().selected());
        detail.put("estimate_usd", decision.estimate());
        events.add(made(BudgetEvent.Type.DOWNGRADED, step, detail));
      }
      case Verdict.Block cancelled -> {}
      case Verdict.Granted granted -> {}
      case Verdict.Unreserved unreserved -> {}
    }
  }

  private static BudgetEvent made(
      BudgetEvent.Type type, Change.Stepped step, Map<String, @Nullable Object> detail) {
    Reservation after = step.after();
    return BudgetEvent.about(type, after.tenantId(), after.createdAt(), detail, after.id().hash());
  }

  private static void addIfCharged(List<BudgetEvent> events, Change.Stepped step, Charge charge) {
    Reservation after = step.after();
    MicroUsd overrun = after.overrun();
    if (overrun != null) {
      Map<String, @Nullable Object> detail = decision(step);
      detail.put("estimate_usd", after.estimate());
      detail.put("actual_usd", charge.amount());
      detail.put("overrun_usd", overrun);
      detail.put("usage_quality", charge.quality());
      events.add(
          BudgetEvent.about(
              BudgetEvent.Type.OVERRUN,
              after.tenantId(),
              charge.at(),
              detail,
              after.id().hash(),
              // A decision has at most one report of each quality, and a better one is a new
              // overrun.
              charge.quality().wireName()));
    }
    if (charge.isPresumed()) {
      Map<String, @Nullable Object> detail = decision(step);
      detail.put("presumed_usd", charge.amount());
      events.add(
          BudgetEvent.about(
              BudgetEvent.Type.PRESUMED, after.tenantId(), charge.at(), detail, after.id().hash()));
    }
  }

  /// The fields that every event about a decision has.
  static Map<String, @Nullable Object> decision(Change.Stepped step) {
    Decision decision = step.decision();
    Tuple tuple = decision.subject().tuple();
    Map<String, @Nullable Object> detail = new LinkedHashMap<>();
    detail.put("decision_id", step.after().id().decisionId());
    detail.put("reservation_id", decision.isBlocked() ? null : step.after().id().reservationId());
    detail.put("run_id", decision.subject().runId());
    detail.put("user_id", tuple.userId());
    detail.put("key_id", tuple.keyId());
    detail.put("team_id", tuple.teamId());
    detail.put("feature_id", tuple.featureId());
    detail.put("request_class", decision.model().requestClass());
    detail.put("provider", step.provider());
    detail.put("model", step.model());
    return detail;
  }

  private static BudgetEvent ofIncrease(IncreaseEnded increase) {
    AccountKey account = increase.account();
    Map<String, @Nullable Object> detail = new LinkedHashMap<>();
    detail.put("increase_id", increase.id());
    detail.put("state", increase.revoked() ? "revoked" : "ended");
    detail.put("scope", account.scope());
    detail.put("scope_id", account.id());
    detail.put("window", account.window());
    detail.put("period", account.period().isEmpty() ? null : account.period());
    detail.put("amount_usd", increase.amount());
    detail.put("limit_usd", increase.limit());
    detail.put("until", increase.until());
    return BudgetEvent.about(
        BudgetEvent.Type.INCREASE_ENDED,
        account.tenantId(),
        increase.endedAt(),
        detail,
        increase.id());
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
