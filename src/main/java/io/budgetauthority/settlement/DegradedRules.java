package io.budgetauthority.settlement;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.DecisionRequest;
import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
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
  static @Nullable String impossibleBecause(DegradedDecision decision) {
    DecisionFacts facts = decision.facts();
    Instant expiresAt = decision.expiresAt();
    if (decision.requestHash() == null
        || facts == null
        || expiresAt == null
        || facts.createdAt() == null) {
      return "lacks request_hash, facts, facts/created_at or expires_at";
    }
    if (!facts.decision().equals("allow") && !facts.decision().equals("advisory_warn")) {
      return "facts/decision must be allow or advisory_warn";
    }
    if (facts.degraded() == null
        || facts.block() != null
        || facts.orphanOf() != null
        || !facts.accounts().isEmpty()) {
      return "facts must be of a decision that was made in an outage";
    }
    if (isOutOfRange(facts.estimate(), MAX_ESTIMATE)) {
      return "facts/estimate_usd must be from 0 to " + MAX_ESTIMATE;
    }
    if (isOutOfRange(decision.runLimit(), MAX_STATED)) {
      return "run_limit_usd must be from 0 to " + MAX_STATED;
    }
    Long inputTokens = facts.inputTokens();
    if ((inputTokens != null && inputTokens < 0)
        || isNoCount(facts.clientRequestedMaxOutputTokens())
        || isNoCount(facts.effectiveMaxOutputTokens())) {
      return "facts must have token counts from 0 to " + RequestFields.MAX_INTEGER;
    }
    if (expiresAt.isBefore(facts.createdAt())
        || expiresAt.isAfter(facts.createdAt().plus(Reservation.MAX_LIFE))) {
      return "expires_at must be at most "
          + Reservation.MAX_LIFE.toSeconds()
          + " s after facts/created_at";
    }
    return wrongName(decision);
  }

  private static @Nullable String wrongName(DegradedDecision decision) {
    DecisionFacts facts = decision.facts();
    String parentRunId = decision.parentRunId();
    if (facts.runId() == null || !Ids.isRunId(facts.runId())) {
      return "facts/run_id must be a run's id";
    }
    if (parentRunId != null && (!Ids.isRunId(parentRunId) || parentRunId.equals(facts.runId()))) {
      return "parent_run_id must be another run's id";
    }
    boolean idsAreRight =
        Stream.of(facts.userId(), facts.keyId(), facts.teamId(), facts.featureId())
            .allMatch(id -> id == null || Ids.isId(id));
    if (!idsAreRight) {
      return "facts must have ids of 1 to 128 visible ASCII characters";
    }
    boolean namesAreRight =
        Stream.of(
                facts.provider(),
                facts.requestedModel(),
                facts.selectedModel(),
                facts.requestClass(),
                facts.priceTableVersion(),
                facts.serviceTier())
            .allMatch(name -> name == null || RequestFields.isLabel(name));
    if (!namesAreRight) {
      return "facts must have names of 1 to " + RequestFields.MAX_CHARACTERS + " characters";
    }
    DecisionFacts.Asked asked = facts.asked();
    boolean isAsked =
        asked != null
            && !isNoCount(asked.inputTokens())
            && !isNoCount(asked.inputBytes())
            && asked.parts().counts().noneMatch(DegradedRules::isNoCount)
            && asked.choices() >= 1
            && asked.choices() <= DecisionRequest.MAX_CHOICES
            && asked.units().values().stream().noneMatch(count -> count.millionths() < 0)
            && asked.billedTools().values().stream().noneMatch(count -> count < 0);
    return isAsked ? null : "facts/asked must be what an ask may state";
  }

  private static boolean isOutOfRange(@Nullable MicroUsd amount, MicroUsd max) {
    return amount != null && (amount.isNegative() || amount.compareTo(max) > 0);
  }

  private static boolean isNoCount(@Nullable Long tokens) {
    return tokens != null && (tokens < 0 || tokens > RequestFields.MAX_INTEGER);
  }
}
