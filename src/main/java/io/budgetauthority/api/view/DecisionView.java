package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Alternative;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.InputBasis;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A decision as a record shows it (protocol.md#record): the members that every caller sees and
/// that settling does not change.
record DecisionView(
    @JsonProperty("decision") String decision,
    @JsonProperty("code") @Nullable ProblemCode code,
    @JsonProperty("enforcement_mode") Mode enforcementMode,
    @JsonProperty("blocking_scope") @Nullable Scope blockingScope,
    @JsonProperty("run_id") @Nullable String runId,
    @JsonProperty("parent_run_id") @Nullable String parentRunId,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("team_id") @Nullable String teamId,
    @JsonProperty("feature_id") @Nullable String featureId,
    @JsonProperty("provider") @Nullable String provider,
    @JsonProperty("requested_model") @Nullable String requestedModel,
    @JsonProperty("selected_model") @Nullable String selectedModel,
    @JsonProperty("request_class") @Nullable String requestClass,
    @JsonProperty("input_tokens") @Nullable Long inputTokens,
    @JsonProperty("input_basis") @Nullable InputBasis inputBasis,
    @JsonProperty("service_tier") String serviceTier,
    @JsonProperty("inference_region") @Nullable String inferenceRegion,
    @JsonProperty("speed") @Nullable String speed,
    @JsonProperty("client_requested_max_output_tokens")
        @Nullable Long clientRequestedMaxOutputTokens,
    @JsonProperty("effective_max_output_tokens") @Nullable Long effectiveMaxOutputTokens,
    @JsonProperty("output_clamped") boolean outputClamped,
    @JsonProperty("estimate_usd") @Nullable MicroUsd estimate,
    @JsonProperty("currency") String currency,
    @JsonProperty("price_table_version") String priceTableVersion,
    @JsonProperty("alternatives") List<Alternative> alternatives,
    @JsonProperty("warnings") List<String> warnings,
    @JsonProperty("created_at") Instant createdAt) {

  private static final String CURRENCY = "USD";

  static DecisionView of(Decision decision) {
    Verdict verdict = decision.verdict();
    Decision.Subject subject = decision.subject();
    Tuple tuple = subject.tuple();
    Decision.Model model = decision.model();
    Decision.Tokens tokens = decision.tokens();
    Decision.Service service = decision.service();
    return new DecisionView(
        verdict.wireName(),
        verdict.code(),
        decision.mode(),
        verdict.constrainingScope(),
        subject.runId(),
        subject.parentRunId(),
        tuple.userId(),
        tuple.keyId(),
        tuple.teamId(),
        tuple.featureId(),
        model.provider(),
        model.requested(),
        model.selected(),
        model.requestClass(),
        tokens.input(),
        tokens.basis(),
        service.tier(),
        service.inferenceRegion(),
        service.speed(),
        tokens.requestedOutput(),
        tokens.effectiveOutput(),
        tokens.clamped(),
        decision.estimate(),
        CURRENCY,
        decision.priceTableVersion(),
        verdict instanceof Verdict.Block block ? block.alternatives() : List.of(),
        decision.warnings(),
        decision.createdAt());
  }
}
