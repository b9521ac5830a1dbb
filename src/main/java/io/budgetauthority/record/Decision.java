package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.tenant.Mode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What was decided about one call: the part of the decision record (protocol.md#record) that
/// settling does not change. Only `extend` and `retarget` replace parts of a decision that let a
/// call through. It is stored with its reservation, answered, and read from the stream.
///
/// @param mode the strictest mode over all accounts
/// @param estimate the worst case of the call, in micro-USD; null where it has no price
/// @param accounts every account that the decision touched, as it was after the decision's hold
/// @param rates every rate that the decision touched, as it was after the decision's hold
/// @param degraded the code of the outage in which the ledger was not asked; null where it was
///   asked
/// @param asked null for usage without a decision, and for a key that was cancelled before its ask
@CopiedByBuilder
public record Decision(
    @JsonProperty("verdict") Verdict verdict,
    @JsonProperty("mode") Mode mode,
    @JsonProperty("subject") Subject subject,
    @JsonProperty("model") Model model,
    @JsonProperty("tokens") Tokens tokens,
    @JsonProperty("service") Service service,
    @JsonProperty("estimate_usd") @Nullable MicroUsd estimate,
    @JsonProperty("accounts") List<AccountShare> accounts,
    @JsonProperty("rates") List<RateShare> rates,
    @JsonProperty("warnings") List<String> warnings,
    @JsonProperty("price_table_version") String priceTableVersion,
    @JsonProperty("created_at") Instant createdAt,
    @JsonProperty("degraded") @Nullable String degraded,
    @JsonProperty("asked") @Nullable Asked asked) {

  public Decision {
    Objects.requireNonNull(verdict, "verdict");
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(priceTableVersion, "price_table_version");
    Objects.requireNonNull(createdAt, "created_at");
    subject = subject == null ? Subject.NOBODY : subject;
    model = model == null ? Model.NONE : model;
    tokens = tokens == null ? Tokens.NONE : tokens;
    service = service == null ? Service.USUAL : service;
    accounts = accounts == null ? List.of() : List.copyOf(accounts);
    rates = rates == null ? List.of() : List.copyOf(rates);
    warnings = warnings == null ? List.of() : List.copyOf(warnings);
  }

  /// Who and what a call belongs to.
  ///
  /// @param runId null where the call belongs to no run
  /// @param orphanOf the run that was named and is another principal's, where the call was charged
  ///   without that run; null otherwise
  public record Subject(
      @JsonProperty("run_id") @Nullable String runId,
      @JsonProperty("parent_run_id") @Nullable String parentRunId,
      @JsonProperty("orphan_of") @Nullable String orphanOf,
      @JsonProperty("tuple") Tuple tuple) {

    /// That of a key that was cancelled before its ask.
    public static final Subject NOBODY = new Subject(null, null, null, Tuple.UNBOUND);

    public Subject {
      tuple = tuple == null ? Tuple.UNBOUND : tuple;
    }
  }

  /// The model of a call, by the names that its caller or the policy used.
  ///
  /// @param provider the provider of the selected model; null where it is not known
  /// @param selected the model that the call is held for; null for a block
  /// @param requestedProvider the provider that was asked for, where the selected model is
  ///   another's; null elsewhere
  public record Model(
      @JsonProperty("provider") @Nullable String provider,
      @JsonProperty("requested") @Nullable String requested,
      @JsonProperty("selected") @Nullable String selected,
      @JsonProperty("request_class") @Nullable String requestClass,
      @JsonProperty("requested_provider") @JsonInclude(JsonInclude.Include.NON_NULL)
          @Nullable String requestedProvider) {

    static final Model NONE = new Model(null, null, null, null, null);

    /// The model that was selected, else the one that was requested.
    public @Nullable String held() {
      return selected == null ? requested : selected;
    }

    /// The same call on another model.
    public Model movedTo(@Nullable String newProvider, String newModel) {
      String first =
          requestedProvider != null || Objects.equals(provider, newProvider)
              ? requestedProvider
              : provider;
      return new Model(newProvider, requested, newModel, requestClass, first);
    }
  }

  /// The bounds of a call's tokens that the estimate was made from.
  ///
  /// @param input at most this many input tokens; null where the call has no price and stated none
  /// @param basis how `input` is known; null where the call has no price
  /// @param requestedOutput the output cap that the client stated
  /// @param effectiveOutput the output cap of one completion that is enforced; null where the call
  ///   has no price
  /// @param clamped whether the enforced cap is below the one that the client stated
  public record Tokens(
      @JsonProperty("input") @Nullable Long input,
      @JsonProperty("basis") @Nullable InputBasis basis,
      @JsonProperty("requested_output") @Nullable Long requestedOutput,
      @JsonProperty("effective_output") @Nullable Long effectiveOutput,
      @JsonProperty("clamped") boolean clamped) {

    static final Tokens NONE = new Tokens(null, null, null, null, false);
  }

  /// What a call is priced at beside its model.
  public record Service(
      @JsonProperty("tier") String tier,
      @JsonProperty("region") @Nullable String inferenceRegion,
      @JsonProperty("speed") @Nullable String speed) {

    public static final Service USUAL = new Service(Bounds.DEFAULT_TIER, null, null);

    public Service {
      tier = tier == null ? Bounds.DEFAULT_TIER : tier;
    }
  }

  /// The block of a key that was cancelled before its ask arrived.
  public static Decision cancelled(Mode mode, String priceTableVersion, Instant now) {
    return DecisionBuilder.builder()
        .verdict(
            Verdict.Block.of(
                ProblemCode.CANCELLED, "the call was cancelled before it was asked for"))
        .mode(mode)
        .priceTableVersion(priceTableVersion)
        .createdAt(now)
        .build();
  }

  /// Usage that had no decision, before its run and accounts are known.
  ///
  /// @param provider as it was reported, else that of the row; null where neither is known
  public static Decision unreserved(
      Mode mode, @Nullable String provider, String model, String priceTableVersion, Instant at) {
    return DecisionBuilder.builder()
        .verdict(new Verdict.Unreserved())
        .mode(mode)
        .model(new Model(provider, model, model, null, null))
        .priceTableVersion(priceTableVersion)
        .createdAt(at)
        .build();
  }

  public boolean isBlocked() {
    return verdict instanceof Verdict.Block;
  }

  /// Whether it is the block of a key that was cancelled before its ask.
  public boolean isCancelled() {
    return verdict.code() == ProblemCode.CANCELLED;
  }

  /// The accounts that the decision touched, then the rates.
  public List<Share> shares() {
    List<Share> shares = new ArrayList<>(accounts);
    shares.addAll(rates);
    return shares;
  }

  /// What the tightest account or rate has left after this hold, in micro-USD; null where none
  /// applied.
  public @Nullable MicroUsd remaining() {
    return shares().stream().map(Share::remaining).min(Comparator.naturalOrder()).orElse(null);
  }

  /// The account or rate that made the decision less than a plain allow; null where none did.
  public @Nullable Share constrainedBy() {
    AccountName name = verdict.constrainedBy();
    return shares().stream().filter(share -> share.name().equals(name)).findFirst().orElse(null);
  }

  /// The same decision with another verdict.
  public Decision with(Verdict newVerdict) {
    return DecisionBuilder.builder(this).verdict(newVerdict).build();
  }

  /// The same decision charged to a run, a tuple and accounts that were found later.
  public Decision with(
      Subject newSubject, List<AccountShare> newAccounts, List<RateShare> newRates) {
    return DecisionBuilder.builder(this)
        .subject(newSubject)
        .accounts(newAccounts)
        .rates(newRates)
        .build();
  }

  /// The same decision with other rates.
  public Decision withRates(List<RateShare> newRates) {
    return newRates.equals(rates) ? this : DecisionBuilder.builder(this).rates(newRates).build();
  }

  /// The same decision with its hold moved to another model or output cap.
  public Decision movedTo(
      Model newModel,
      Tokens newTokens,
      Service newService,
      MicroUsd newEstimate,
      List<AccountShare> newAccounts,
      List<RateShare> newRates) {
    return DecisionBuilder.builder(this)
        .model(newModel)
        .tokens(newTokens)
        .service(newService)
        .estimate(newEstimate)
        .accounts(newAccounts)
        .rates(newRates)
        .build();
  }

  /// The same decision moved to a model without a price, which an advisory tenant may call.
  public Decision movedToUnpriced(
      Model newModel, String warning, List<AccountShare> newAccounts, List<RateShare> newRates) {
    return DecisionBuilder.builder(this)
        .verdict(
            verdict instanceof Verdict.Granted granted
                ? granted.with(ProblemCode.PRICE_UNKNOWN)
                : verdict)
        .model(newModel)
        .estimate(MicroUsd.ZERO)
        .accounts(newAccounts)
        .rates(newRates)
        .warnings(Stream.concat(warnings.stream(), Stream.of(warning)).toList())
        .build();
  }
}
