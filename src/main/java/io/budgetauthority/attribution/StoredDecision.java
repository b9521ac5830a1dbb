package io.budgetauthority.attribution;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The stored facts of a decision that the stream's readers need. Other fields are ignored, so that
/// a function that was deployed earlier can read what a newer one wrote.
///
/// @param decision `allow`, `downgrade`, `advisory_warn`, `block`, or `unreserved` for usage that
///   never had a decision
/// @param degraded why the ledger was not asked; null where it was asked
/// @param orphanOf the run of another principal that the call named; null otherwise
@JsonIgnoreProperties(ignoreUnknown = true)
public record StoredDecision(
    @JsonProperty("decision") String decision,
    @JsonProperty("code") @Nullable String code,
    @JsonProperty("enforcement_mode") @Nullable Mode enforcementMode,
    @JsonProperty("blocking_scope") @Nullable Scope blockingScope,
    @JsonProperty("run_id") @Nullable String runId,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("team_id") @Nullable String teamId,
    @JsonProperty("feature_id") @Nullable String featureId,
    @JsonProperty("provider") @Nullable String provider,
    @JsonProperty("requested_model") @Nullable String requestedModel,
    @JsonProperty("selected_model") @Nullable String selectedModel,
    @JsonProperty("request_class") @Nullable String requestClass,
    @JsonProperty("estimate_usd") @Nullable MicroUsd estimate,
    @JsonProperty("accounts") List<Touched> accounts,
    @JsonProperty("degraded") @Nullable String degraded,
    @JsonProperty("orphan_of") @Nullable String orphanOf) {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();
  private static final ObjectReader READER = JSON.readerFor(StoredDecision.class);
  private static final ObjectReader USAGE = JSON.readerFor(Usage.class);

  private static final String BLOCK = "block";
  private static final String CANCELLED = "cancelled";

  public StoredDecision {
    Objects.requireNonNull(decision, "decision");
    accounts = accounts == null ? List.of() : List.copyOf(accounts);
  }

  /// An account after the decision.
  ///
  /// @param warnAtPercent the thresholds of a run that has its own; null for all others
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Touched(
      @JsonProperty("scope") Scope scope,
      @JsonProperty("id") String id,
      @JsonProperty("window") Window window,
      @JsonProperty("period") @Nullable String period,
      @JsonProperty("limit_usd") MicroUsd limit,
      @JsonProperty("committed_usd") MicroUsd committed,
      @JsonProperty("reserved_usd") MicroUsd reserved,
      @JsonProperty("warn_at") @Nullable List<Integer> warnAtPercent) {}

  /// What a settlement charged by.
  ///
  /// @param usage null where it is not known
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Usage(
      @JsonProperty("usage") @Nullable JsonNode usage,
      @JsonProperty("provider") @Nullable String provider,
      @JsonProperty("model") @Nullable String model,
      @JsonProperty("unpriced") List<String> unpriced) {

    static final Usage NOTHING = new Usage(null, null, null, List.of());

    public Usage {
      unpriced = unpriced == null ? List.of() : List.copyOf(unpriced);
    }
  }

  /// Reads stored facts. Any other text gets an [IllegalStateException].
  static StoredDecision read(String facts) {
    try {
      return READER.readValue(facts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored decision cannot be read", e);
    }
  }

  /// Reads the particulars of a settlement; a presumed charge has none.
  static Usage usage(String particulars) {
    try {
      return particulars.isEmpty() ? Usage.NOTHING : USAGE.readValue(particulars);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the stored particulars of a settlement cannot be read", e);
    }
  }

  public boolean blocked() {
    return decision.equals(BLOCK);
  }

  /// Whether it only marks a key that was cancelled before its ask.
  public boolean cancelled() {
    return blocked() && CANCELLED.equals(code);
  }

  public boolean downgraded() {
    return decision.equals("downgrade");
  }

  public boolean warned() {
    return decision.equals("advisory_warn");
  }

  public boolean unreserved() {
    return decision.equals("unreserved");
  }
}
