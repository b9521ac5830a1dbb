package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import java.time.Duration;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A tenant's settings, by the names and defaults of protocol.md#policy.
///
/// @param blockStatus the HTTP status of a block, 400-499 but not 401, 404 or 409
/// @param defaultRunLimit the ceiling of a run whose first decision states none
/// @param defaultCeilings ceilings that every user or key has without one of its own
/// @param allowedModels the models that may be called, by the name in a request or in the price
///   table, where a star matches any part of it; empty for all
/// @param defaultInferenceRegion the region of calls that state none, on rows that price it
/// @param defaultSpeed the speed of calls that state none, on rows that price it
/// @param ceilingTemplates ceilings of ids that match and have none of their own; the first that
///   matches applies
/// @param teamsOfAgents the teams that an agent may state if its key names none; `*` allows all
/// @param featuresOfAgents the features that an agent may state if its key names none
public record Policy(
    @JsonProperty("mode") Mode mode,
    @JsonProperty("block_status") int blockStatus,
    @JsonProperty("default_run_limit_usd") MicroUsd defaultRunLimit,
    @JsonProperty("default_ceilings") Map<Scope, Map<CeilingWindow, Ceiling>> defaultCeilings,
    @JsonProperty("ceiling_templates") List<CeilingTemplate> ceilingTemplates,
    @JsonProperty("soft_gate") SoftGate softGate,
    @JsonProperty("output_cap") OutputCapRules outputCap,
    @JsonProperty("downgrade") List<DowngradeRule> downgrade,
    @JsonProperty("allowed_models") List<String> allowedModels,
    @JsonProperty("reservation_ttl_seconds") int reservationTtlSeconds,
    @JsonProperty("clock_skew_seconds") int clockSkewSeconds,
    @JsonProperty("retention_days") int retentionDays,
    @JsonProperty("retry_after_seconds") int retryAfterSeconds,
    @JsonProperty("max_active_runs_per_key") int maxActiveRunsPerKey,
    @JsonProperty("max_active_runs_per_user") int maxActiveRunsPerUser,
    @JsonProperty("max_new_runs_per_day") int maxNewRunsPerDay,
    @JsonProperty("run_ttl_seconds") int runTtlSeconds,
    @JsonProperty("on_ledger_outage") OnLedgerOutage onLedgerOutage,
    @JsonProperty("time_zone") ZoneId timeZone,
    @JsonProperty("runs_without_id") RunsWithoutId runsWithoutId,
    @JsonProperty("auto_service_tier") AutoServiceTier autoServiceTier,
    @JsonProperty("default_inference_region") @Nullable String defaultInferenceRegion,
    @JsonProperty("default_speed") @Nullable String defaultSpeed,
    @JsonProperty("teams_of_agents") List<String> teamsOfAgents,
    @JsonProperty("features_of_agents") List<String> featuresOfAgents) {

  /// The run of a call that names none (protocol.md#runs-without-an-id).
  public enum RunsWithoutId {
    /// A run of its own, which counts as a run once a second call names it.
    @JsonProperty("per_call")
    PER_CALL,
    /// The one run that all such calls of a user and key share for a day.
    @JsonProperty("per_key_and_day")
    PER_KEY_AND_DAY,
    /// None: the call is refused.
    @JsonProperty("refuse")
    REFUSE
  }

  /// What is held for a call whose service tier the provider chooses (protocol.md#ask).
  public enum AutoServiceTier {
    /// The dearest tier that it may choose.
    @JsonProperty("dearest")
    DEAREST,
    /// The default tier: the contract of the provider account rules the other one out.
    @JsonProperty("default")
    DEFAULT
  }

  /// What a blocking mode does during an outage (protocol.md#outage).
  public enum OnLedgerOutage {
    @JsonProperty("fail_open")
    FAIL_OPEN,
    @JsonProperty("fail_closed")
    FAIL_CLOSED
  }

  /// @param margin what is allowed beyond a limit
  /// @param expectedOutputPercent the share of the output cap that the soft estimate expects, 1-100
  public record SoftGate(
      @JsonProperty("margin_usd") MicroUsd margin,
      @JsonProperty("expected_output_percent") int expectedOutputPercent) {}

  /// What happens to a client's cap above the policy's.
  public enum AboveMax {
    @JsonProperty("clamp")
    CLAMP,
    @JsonProperty("reject")
    REJECT
  }

  /// @param require whether a request must state a cap, instead of getting the default one
  /// @param defaultTokens the cap of a request that states none, where none is required
  /// @param maxTokens the highest cap for any model; null for none
  /// @param maxTokensByModel the highest cap for some models, by the name in the request
  /// @param budgetClamping whether the cap may shrink to what the remaining budget pays for
  /// @param minClampedOutputTokens a cap that would shrink below this is useless: the call is
  ///   blocked
  public record OutputCapRules(
      @JsonProperty("require") boolean require,
      @JsonProperty("default_tokens") long defaultTokens,
      @JsonProperty("max_tokens") @Nullable Long maxTokens,
      @JsonProperty("max_tokens_by_model") Map<String, Long> maxTokensByModel,
      @JsonProperty("above_max") AboveMax aboveMax,
      @JsonProperty("budget_clamping") boolean budgetClamping,
      @JsonProperty("min_clamped_output_tokens") long minClampedOutputTokens) {
    public OutputCapRules {
      maxTokensByModel = maxTokensByModel == null ? Map.of() : Map.copyOf(maxTokensByModel);
    }
  }

  /// @param models the requested models that the rule is for, by name
  /// @param alternatives the models that may replace them, the preferred one first
  /// @param fromPercent the share of the run's limit from which the rule applies before any block
  public record DowngradeRule(
      @JsonProperty("models") List<String> models,
      @JsonProperty("alternatives") List<Alternative> alternatives,
      @JsonProperty("from_percent") @Nullable Integer fromPercent) {
    public DowngradeRule {
      models = List.copyOf(models);
      alternatives = List.copyOf(alternatives);
    }

    /// @param requestClasses the request classes that it is allowed for; empty for all
    public record Alternative(
        @JsonProperty("provider") @Nullable String provider,
        @JsonProperty("model") String model,
        @JsonProperty("downgrade_class") @Nullable String downgradeClass,
        @JsonProperty("policy_reason") @Nullable String policyReason,
        @JsonProperty("request_classes") List<String> requestClasses) {
      public Alternative {
        requestClasses = requestClasses == null ? List.of() : List.copyOf(requestClasses);
      }
    }
  }

  public static final Policy DEFAULT =
      new Policy(
          Mode.HARD_GATE,
          402,
          MicroUsd.of(5_000_000),
          Map.of(),
          List.of(),
          new SoftGate(MicroUsd.ZERO, 100),
          new OutputCapRules(false, 4096, null, Map.of(), AboveMax.CLAMP, false, 256),
          List.of(),
          List.of(),
          600,
          5,
          30,
          2,
          1_000,
          1_000,
          10_000,
          86_400,
          OnLedgerOutage.FAIL_CLOSED,
          ZoneId.of("UTC"),
          RunsWithoutId.PER_CALL,
          AutoServiceTier.DEAREST,
          null,
          null,
          List.of(),
          List.of());

  public Policy {
    defaultCeilings = Map.copyOf(defaultCeilings);
    ceilingTemplates = ceilingTemplates == null ? List.of() : List.copyOf(ceilingTemplates);
    downgrade = List.copyOf(downgrade);
    allowedModels = List.copyOf(allowedModels);
    runsWithoutId = runsWithoutId == null ? RunsWithoutId.PER_CALL : runsWithoutId;
    autoServiceTier = autoServiceTier == null ? AutoServiceTier.DEAREST : autoServiceTier;
    teamsOfAgents = teamsOfAgents == null ? List.of() : List.copyOf(teamsOfAgents);
    featuresOfAgents = featuresOfAgents == null ? List.of() : List.copyOf(featuresOfAgents);
  }

  /// The same policy with its calendar in a zone.
  public Policy in(ZoneId zone) {
    return new Policy(
        mode,
        blockStatus,
        defaultRunLimit,
        defaultCeilings,
        ceilingTemplates,
        softGate,
        outputCap,
        downgrade,
        allowedModels,
        reservationTtlSeconds,
        clockSkewSeconds,
        retentionDays,
        retryAfterSeconds,
        maxActiveRunsPerKey,
        maxActiveRunsPerUser,
        maxNewRunsPerDay,
        runTtlSeconds,
        onLedgerOutage,
        zone,
        runsWithoutId,
        autoServiceTier,
        defaultInferenceRegion,
        defaultSpeed,
        teamsOfAgents,
        featuresOfAgents);
  }

  /// By how much the clocks of two processes may differ.
  @JsonIgnore
  public Duration clockSkew() {
    return Duration.ofSeconds(clockSkewSeconds);
  }

  @JsonIgnore
  public Duration runTtl() {
    return Duration.ofSeconds(runTtlSeconds);
  }

  /// The ceilings that a scope id has without one of its own, by window: the first matching
  /// template's, else the default ones (protocol.md#ceiling-templates). Not for runs.
  public Map<CeilingWindow, Ceiling> ceilingsWithout(ScopeId scopeId) {
    Map<CeilingWindow, Ceiling> usual = defaultCeilings.getOrDefault(scopeId.scope(), Map.of());
    Map<CeilingWindow, Ceiling> templated = templated(scopeId, null);
    if (templated.isEmpty()) {
      return usual;
    }
    Map<CeilingWindow, Ceiling> both = new HashMap<>(usual);
    both.putAll(templated);
    return both;
  }

  /// The ceiling over the total of a run that a decision of a request class makes.
  ///
  /// @param requestClass null for none
  public Ceiling ceilingOfNewRun(String runId, @Nullable String requestClass) {
    return templated(new ScopeId("", Scope.RUN, runId), requestClass)
        .getOrDefault(Window.TOTAL, Ceiling.of(defaultRunLimit));
  }

  /// The rates of a run that a decision of a request class makes.
  ///
  /// @param requestClass null for none
  public Map<RateName, Ceiling> ratesOfNewRun(String runId, @Nullable String requestClass) {
    Map<RateName, Ceiling> rates = new HashMap<>();
    templated(new ScopeId("", Scope.RUN, runId), requestClass)
        .forEach(
            (window, ceiling) -> {
              if (window instanceof RateName name) {
                rates.put(name, ceiling);
              }
            });
    return rates;
  }

  private Map<CeilingWindow, Ceiling> templated(ScopeId scopeId, @Nullable String requestClass) {
    for (CeilingTemplate template : ceilingTemplates) {
      if (template.isFor(scopeId, requestClass)) {
        return template.ceilings();
      }
    }
    return Map.of();
  }

  /// Every ceiling that the policy may give to an id.
  @JsonIgnore
  public List<Ceiling> givenCeilings() {
    return Stream.concat(
            defaultCeilings.values().stream(),
            ceilingTemplates.stream().map(CeilingTemplate::ceilings))
        .flatMap(ceilings -> ceilings.values().stream())
        .toList();
  }
}
