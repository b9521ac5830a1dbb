package io.budgetauthority.decision.rule;

import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An ask as its decision stores it, so that a later step can judge it again. A decision does not
/// store what the ask required of the model, nor whether it might be downgraded.
record StoredAsk(Decision decision, Asked asked) {

  /// The same bounds for a model and an output cap.
  ///
  /// @param maxOutputTokens the client's own cap; null where it states none
  DecisionRequest request(
      @Nullable String provider,
      String model,
      @Nullable Long maxOutputTokens,
      boolean mayDowngrade,
      boolean explicitForward) {
    boolean statesInput =
        asked.inputTokens() != null || asked.inputBytes() != null || asked.unboundedInput();
    Tuple tuple = decision.subject().tuple();
    return new DecisionRequest(
        provider,
        model,
        statesInput ? asked.inputTokens() : decision.tokens().input(),
        asked.inputBytes(),
        asked.unboundedInput(),
        asked.parts(),
        maxOutputTokens,
        asked.choices(),
        asked.units(),
        asked.serviceTier() == null ? decision.service().tier() : asked.serviceTier(),
        asked.inferenceRegion(),
        asked.speed(),
        asked.billedTools(),
        Set.of(),
        null,
        decision.model().requestClass(),
        mayDowngrade,
        tuple.userId(),
        tuple.keyId(),
        tuple.teamId(),
        tuple.featureId(),
        null,
        null,
        explicitForward,
        null,
        false);
  }
}
