package io.budgetauthority.decision;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.PriceReview;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What was decided: the part of the decision record (protocol.md#record) that settling does not
/// change. Only `extend` and `retarget` replace the facts of a decision that let a call through.
/// They are stored with the reservation as JSON.
///
/// @param decision `allow`, `downgrade`, `advisory_warn` or `block`
/// @param remaining what the tightest account has left after this hold; null where no account
///   applied
/// @param accounts balances as seen at the decision, after its hold
/// @param degraded the code of the outage in which the ledger was not asked; null where it was
///   asked. Not shown
/// @param orphanOf the run that was named and is another principal's, where the call was charged
///   without a reservation; null otherwise. Not shown
@CopiedByBuilder
public record DecisionFacts(
    @JsonProperty("decision") String decision,
    @JsonProperty("code") @Nullable String code,
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
    @JsonProperty("input_basis") @Nullable String inputBasis,
    @JsonProperty("service_tier") String serviceTier,
    @JsonProperty("inference_region") @Nullable String inferenceRegion,
    @JsonProperty("speed") @Nullable String speed,
    @JsonProperty("client_requested_max_output_tokens")
        @Nullable Long clientRequestedMaxOutputTokens,
    @JsonProperty("effective_max_output_tokens") @Nullable Long effectiveMaxOutputTokens,
    @JsonProperty("output_clamped") boolean outputClamped,
    @JsonProperty("estimate_usd") @Nullable MicroUsd estimate,
    @JsonProperty("remaining_usd") @Nullable MicroUsd remaining,
    @JsonProperty("currency") String currency,
    @JsonProperty("price_table_version") String priceTableVersion,
    @JsonProperty("accounts") List<Touched> accounts,
    @JsonProperty("alternatives") List<Alternative> alternatives,
    @JsonProperty("warnings") List<String> warnings,
    @JsonProperty("created_at") Instant createdAt,
    @JsonProperty("degraded") @Nullable String degraded,
    @JsonProperty("orphan_of") @Nullable String orphanOf,
    @JsonProperty("asked") @Nullable Asked asked,
    @JsonProperty("block") @Nullable BlockFacts block) {

  public static final String CURRENCY = "USD";
  public static final String BLOCK = "block";

  /// The `decision` of usage that had no decision.
  public static final String UNRESERVED = "unreserved";

  public DecisionFacts {
    accounts = accounts == null ? List.of() : List.copyOf(accounts);
    alternatives = alternatives == null ? List.of() : List.copyOf(alternatives);
    warnings = warnings == null ? List.of() : List.copyOf(warnings);
  }

  public boolean blocked() {
    return decision.equals(BLOCK);
  }

  /// Counts the decision, once it is recorded.
  void count() {
    Meters.decided(decision, enforcementMode.wireName(), code);
  }

  /// The bounds of the ask and the margins of its accounts. A later step uses them to price and
  /// judge the call again. Not shown.
  ///
  /// @param inputTokens the counted input where the ask also states other bounds of its input; null
  ///   where the count is the only one, which the facts have
  /// @param choices how many completions the output cap is multiplied by
  /// @param serviceTier `auto` where the provider may choose; null where the facts have the tier
  /// @param margins the margin of each account, in the order of the accounts; empty where none is a
  ///   soft gate
  public record Asked(
      @JsonProperty("input_tokens") @Nullable Long inputTokens,
      @JsonProperty("input_bytes") @Nullable Long inputBytes,
      @JsonProperty("unbounded_input") @JsonInclude(JsonInclude.Include.NON_DEFAULT)
          boolean unboundedInput,
      @JsonProperty("parts") Parts parts,
      @JsonProperty("choices") int choices,
      @JsonProperty("units") Map<String, UnitCount> units,
      @JsonProperty("billed_tools") Map<String, Long> billedTools,
      @JsonProperty("service_tier") @Nullable String serviceTier,
      @JsonProperty("inference_region") @Nullable String inferenceRegion,
      @JsonProperty("speed") @Nullable String speed,
      @JsonProperty("margins") List<MicroUsd> margins) {
    public Asked {
      parts = parts == null ? Parts.NONE : parts;
      units = units == null ? Map.of() : Map.copyOf(units);
      billedTools = billedTools == null ? Map.of() : Map.copyOf(billedTools);
      margins = margins == null ? List.of() : List.copyOf(margins);
    }

    static Asked of(DecisionRequest request, List<MicroUsd> margins) {
      boolean isCounted = request.inputBytes() == null && !request.unboundedInput();
      return new Asked(
          isCounted ? null : request.inputTokens(),
          request.inputBytes(),
          request.unboundedInput(),
          request.parts(),
          request.choices(),
          request.units(),
          request.billedTools(),
          request.serviceTier().equals(Bounds.AUTO_TIER) ? Bounds.AUTO_TIER : null,
          request.inferenceRegion(),
          request.speed(),
          margins);
    }
  }

  /// The block of a key that was cancelled before its ask arrived.
  public static DecisionFacts cancelled(Mode mode, String priceTableVersion, Instant now) {
    return DecisionFactsBuilder.builder()
        .decision(BLOCK)
        .code(ProblemCode.CANCELLED.wireName())
        .enforcementMode(mode)
        .serviceTier(Bounds.DEFAULT_TIER)
        .currency(CURRENCY)
        .priceTableVersion(priceTableVersion)
        .createdAt(now)
        .block(
            new BlockFacts(
                "the call was cancelled before it was asked for",
                null,
                List.of(),
                null,
                null,
                List.of()))
        .build();
  }

  public boolean wasCancelled() {
    return ProblemCode.CANCELLED.wireName().equals(code);
  }

  /// The facts of a blocked change of this decision's hold. The problem is written from them.
  DecisionFacts blockedBy(ProblemCode newCode, BlockFacts newBlock) {
    return DecisionFactsBuilder.builder(this)
        .code(newCode.wireName())
        .blockingScope(
            newBlock.blocking() == null ? null : accounts.get(newBlock.blocking()).scope())
        .alternatives(List.of())
        .block(newBlock)
        .build();
  }

  /// The same decision with its hold moved to another model, cap or amount.
  ///
  /// @param quote the quote that the new amount comes from; null where the amount stays
  DecisionFacts movedTo(
      String newProvider,
      String newModel,
      long newCapTokens,
      boolean clamped,
      @Nullable Quote quote,
      MicroUsd newEstimate,
      List<Touched> newAccounts) {
    DecisionFactsBuilder next =
        DecisionFactsBuilder.builder(this)
            .provider(newProvider)
            .selectedModel(newModel)
            .effectiveMaxOutputTokens(newCapTokens)
            .outputClamped(clamped)
            .estimate(newEstimate)
            .accounts(newAccounts);
    if (quote != null) {
      next.inputTokens(quote.inputTokens())
          .serviceTier(quote.serviceTier())
          .inferenceRegion(quote.inferenceRegion())
          .speed(quote.speed());
    }
    return next.build();
  }

  /// The same decision moved to a model without a price, which an advisory tenant may call.
  DecisionFacts movedToUnpriced(
      @Nullable String newProvider, String newModel, String warning, List<Touched> newAccounts) {
    List<String> newWarnings = new ArrayList<>(warnings);
    newWarnings.add(warning);
    return DecisionFactsBuilder.builder(this)
        .provider(newProvider)
        .selectedModel(newModel)
        .code(ProblemCode.PRICE_UNKNOWN.wireName())
        .estimate(MicroUsd.ZERO)
        .accounts(newAccounts)
        .warnings(newWarnings)
        .build();
  }

  /// The facts of usage that had no decision, before its run and accounts are known.
  ///
  /// @param provider as it was reported, else that of the row; null where neither is known
  public static DecisionFacts unreserved(
      Mode mode, @Nullable String provider, String model, String priceTableVersion, Instant at) {
    return DecisionFactsBuilder.builder()
        .decision(UNRESERVED)
        .enforcementMode(mode)
        .provider(provider)
        .requestedModel(model)
        .selectedModel(model)
        .serviceTier(Bounds.DEFAULT_TIER)
        .currency(CURRENCY)
        .priceTableVersion(priceTableVersion)
        .createdAt(at)
        .build();
  }

  /// The same facts with the run, the tuple and the accounts that are charged without a
  /// reservation.
  ///
  /// @param charge what each account is charged
  public DecisionFacts recordedAt(UnreservedRecorder.Target target, MicroUsd charge) {
    List<Touched> touched =
        target.enforcedAccounts().stream()
            .map(enforced -> Touched.ofCharge(enforced, charge))
            .toList();
    return DecisionFactsBuilder.builder(this)
        .runId(target.runId())
        .parentRunId(target.parentRunId())
        .userId(target.tuple().userId())
        .keyId(target.tuple().keyId())
        .teamId(target.tuple().teamId())
        .featureId(target.tuple().featureId())
        .remaining(
            touched.stream().map(Touched::remaining).min(Comparator.naturalOrder()).orElse(null))
        .accounts(touched)
        .orphanOf(target.orphanOf())
        .build();
  }

  /// One account that a decision touched.
  ///
  /// @param isExhausted whether it has nothing left for a call that costs something. A caller is
  ///   shown it as `blocks`
  /// @param warnAtPercent the thresholds of a run that has its own; null for all others. Not shown
  public record Touched(
      @JsonProperty("scope") Scope scope,
      @JsonProperty("id") String id,
      @JsonProperty("window") Window window,
      @JsonProperty("period") @Nullable String period,
      @JsonProperty("mode") Mode mode,
      @JsonProperty("limit_usd") MicroUsd limit,
      @JsonProperty("hold_usd") MicroUsd hold,
      @JsonProperty("committed_usd") MicroUsd committed,
      @JsonProperty("reserved_usd") MicroUsd reserved,
      @JsonProperty("remaining_usd") MicroUsd remaining,
      @JsonProperty("resets_at") @Nullable Instant resetsAt,
      @JsonProperty("exhausted") @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean isExhausted,
      @JsonProperty("warn_at") @JsonInclude(JsonInclude.Include.NON_NULL)
          @Nullable List<Integer> warnAtPercent) {

    public Touched {
      warnAtPercent = warnAtPercent == null ? null : List.copyOf(warnAtPercent);
    }

    public static Touched of(EnforcedAccount enforced, MicroUsd hold) {
      return new Touched(
          enforced.account().key().scope(),
          enforced.account().key().id(),
          enforced.account().key().window(),
          enforced.account().key().period().isEmpty() ? null : enforced.account().key().period(),
          enforced.mode(),
          enforced.account().limit(),
          hold,
          enforced.account().committed(),
          enforced.account().reserved().plus(hold),
          enforced.account().available().minus(hold),
          enforced.resetsAt(),
          enforced.isExhaustedAfter(hold),
          thresholdsOfRun(enforced));
    }

    /// The thresholds of a run that has its own. A reader of the stream needs them, because it
    /// cannot look them up in a ceiling. Null where a run has the default ones, and for every other
    /// scope.
    private static @Nullable List<Integer> thresholdsOfRun(EnforcedAccount enforced) {
      return enforced.account().key().scope() == Scope.RUN
              && !enforced.warnAtPercent().equals(Ceiling.DEFAULT_WARN_AT_PERCENT)
          ? enforced.warnAtPercent()
          : null;
    }

    static Touched ofCharge(EnforcedAccount enforced, MicroUsd charge) {
      Touched before = of(enforced, MicroUsd.ZERO);
      return new Touched(
          before.scope,
          before.id,
          before.window,
          before.period,
          before.mode,
          before.limit,
          MicroUsd.ZERO,
          before.committed.plus(charge),
          before.reserved,
          before.remaining.minus(charge),
          before.resetsAt,
          enforced.isExhaustedAfter(charge),
          before.warnAtPercent);
    }

    Touched holding(MicroUsd newHold) {
      return new Touched(
          scope,
          id,
          window,
          period,
          mode,
          limit,
          newHold,
          committed,
          reserved,
          remaining,
          resetsAt,
          isExhausted,
          warnAtPercent);
    }
  }

  /// What a block's problem has in addition to the record.
  ///
  /// @param blocking the index of the account that blocks; null where no account blocks
  /// @param candidates rows that the caller may have meant, where the price is unknown
  public record BlockFacts(
      @JsonProperty("detail") String detail,
      @JsonProperty("blocking") @Nullable Integer blocking,
      @JsonProperty("remedies") List<String> remedies,
      @JsonProperty("fits_max_output_tokens") @Nullable Long fitsMaxOutputTokens,
      @JsonProperty("resets_at") @Nullable Instant resetsAt,
      @JsonProperty("candidates") List<PriceReview.RowName> candidates) {
    public BlockFacts {
      candidates = candidates == null ? List.of() : List.copyOf(candidates);
      remedies = remedies == null ? List.of() : List.copyOf(remedies);
    }
  }
}
