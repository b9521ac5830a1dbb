package io.budgetauthority.settlement;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.DecisionRequest;
import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.input.Fields;
import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import java.time.Instant;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a decision that was made in an outage must be like, as a message of the usage queue carries
/// it (protocol section 8). A queue takes messages of whoever may write to it.
final class DegradedRules {

  private DegradedRules() {}

  private static final MicroUsd MAX_AMOUNT = MicroUsd.of(9_000_000_000_000_000_000L);

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
    if (isOutOfRange(facts.estimate())) {
      return "facts/estimate_usd must be an amount that is not negative";
    }
    if (isOutOfRange(decision.runLimit())) {
      return "run_limit_usd must be an amount that is not negative";
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
    if (parentRunId != null && !Ids.isRunId(parentRunId)) {
      return "parent_run_id must be a run's id";
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
            .allMatch(name -> name == null || Fields.isLabel(name));
    if (!namesAreRight) {
      return "facts must have names of 1 to " + Fields.MOST_CHARACTERS + " characters";
    }
    DecisionFacts.Asked asked = facts.asked();
    boolean isAsked =
        asked != null
            && asked.choices() >= 1
            && asked.choices() <= DecisionRequest.MAX_CHOICES
            && asked.units().values().stream().noneMatch(count -> count.millionths() < 0)
            && asked.billedTools().values().stream().noneMatch(count -> count < 0);
    return isAsked ? null : "facts/asked must be what an ask may state";
  }

  private static boolean isOutOfRange(@Nullable MicroUsd amount) {
    return amount != null && (amount.isNegative() || amount.compareTo(MAX_AMOUNT) > 0);
  }
}
