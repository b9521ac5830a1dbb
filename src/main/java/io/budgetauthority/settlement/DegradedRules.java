package io.budgetauthority.settlement;

import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.Verdict;
import java.time.Instant;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The rules for a decision that was made in an outage, as a message of the usage queue contains it
/// (protocol.md#degraded-decisions). They are needed because a queue accepts messages from anyone
/// who may write to it.
final class DegradedRules {

  private DegradedRules() {}

  /// The dearest call that pricing can express: it sums pico-USD in a long.
  private static final MicroUsd MAX_ESTIMATE = MicroUsd.of(Long.MAX_VALUE / 1_000_000);

  /// The largest amount that a request may state (protocol.md#wire-format).
  private static final MicroUsd MAX_STATED = MicroUsd.of(999_999_999_999_999L);

  /// Why no authority can have sent the decision, by the name of the field; null where one can.
  static @Nullable String impossibleBecause(DegradedDecision degraded) {
    Decision decision = degraded.decision();
    Instant expiresAt = degraded.expiresAt();
    if (degraded.requestHash() == null || decision == null || expiresAt == null) {
      return "lacks request_hash, decision or expires_at";
    }
    if (!(decision.verdict() instanceof Verdict.Granted granted)
        || granted.kind() == Verdict.Kind.DOWNGRADE) {
      return "decision/verdict must be an allow or an advisory_warn";
    }
    if (decision.degraded() == null
        || decision.subject().orphanOf() != null
        || !decision.accounts().isEmpty()) {
      return "decision must be one that was made in an outage";
    }
    if (isOutOfRange(decision.estimate(), MAX_ESTIMATE)) {
      return "decision/estimate_usd must be from 0 to " + MAX_ESTIMATE;
    }
    if (isOutOfRange(degraded.runLimit(), MAX_STATED)) {
      return "run_limit_usd must be from 0 to " + MAX_STATED;
    }
    Decision.Tokens tokens = decision.tokens();
    Long input = tokens.input();
    if ((input != null && input < 0)
        || isNoCount(tokens.requestedOutput())
        || isNoCount(tokens.effectiveOutput())) {
      return "decision/tokens must be counts from 0 to " + RequestFields.MAX_INTEGER;
    }
    if (expiresAt.isBefore(decision.createdAt())
        || expiresAt.isAfter(decision.createdAt().plus(Reservation.MAX_LIFE))) {
      return "expires_at must be at most "
          + Reservation.MAX_LIFE.toSeconds()
          + " s after decision/created_at";
    }
    return wrongName(degraded);
  }

  private static @Nullable String wrongName(DegradedDecision degraded) {
    Decision decision = degraded.decision();
    String runId = decision.subject().runId();
    String parentRunId = degraded.parentRunId();
    if (runId == null || !Ids.isRunId(runId)) {
      return "decision/subject/run_id must be a run's id";
    }
    if (parentRunId != null && (!Ids.isRunId(parentRunId) || parentRunId.equals(runId))) {
      return "parent_run_id must be another run's id";
    }
    Tuple tuple = decision.subject().tuple();
    boolean idsAreRight =
        Stream.of(tuple.userId(), tuple.keyId(), tuple.teamId(), tuple.featureId())
            .allMatch(id -> id == null || Ids.isId(id));
    if (!idsAreRight) {
      return "decision/subject/tuple must have ids of 1 to 128 visible ASCII characters";
    }
    Decision.Model model = decision.model();
    boolean namesAreRight =
        Stream.of(
                model.provider(),
                model.requested(),
                model.selected(),
                model.requestClass(),
                decision.priceTableVersion(),
                decision.service().tier())
            .allMatch(name -> name == null || RequestFields.isLabel(name));
    if (!namesAreRight) {
      return "decision must have names of 1 to " + RequestFields.MAX_CHARACTERS + " characters";
    }
    Asked asked = decision.asked();
    boolean isAsked =
        asked != null
            && !isNoCount(asked.inputTokens())
            && !isNoCount(asked.inputBytes())
            && asked.parts().counts().noneMatch(DegradedRules::isNoCount)
            && asked.choices() >= 1
            && asked.choices() <= DecisionRequest.MAX_CHOICES
            && asked.units().values().stream().noneMatch(count -> count.millionths() < 0)
            && asked.billedTools().values().stream().noneMatch(count -> count < 0);
    return isAsked ? null : "decision/asked must be what an ask may state";
  }

  private static boolean isOutOfRange(@Nullable MicroUsd amount, MicroUsd max) {
    return amount != null && (amount.isNegative() || amount.compareTo(max) > 0);
  }

  private static boolean isNoCount(@Nullable Long tokens) {
    return tokens != null && (tokens < 0 || tokens > RequestFields.MAX_INTEGER);
  }
}
