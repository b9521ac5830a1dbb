package io.budgetauthority.api.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.input.FieldError;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.review.PriceReview;
import io.budgetauthority.record.Alternative;
import io.budgetauthority.record.CopiedByBuilder;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Scope;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A problem document (RFC 9457) with the members of protocol.md#problems. `budget`, `remedies` and
/// `alternatives` belong to blocks, `errors` to `invalid_request`, `record` to
/// `reservation_settled`, `review` to `price_table_invalid`, `candidates` to `price_unknown` and
/// `ambiguous_name`.
@JsonInclude(JsonInclude.Include.NON_NULL)
@CopiedByBuilder
public record Problem(
    @JsonProperty("type") String type,
    @JsonProperty("title") String title,
    @JsonProperty("status") int status,
    @JsonProperty("detail") String detail,
    @JsonProperty("instance") @Nullable String instance,
    @JsonProperty("code") String code,
    @JsonProperty("errors") @Nullable List<FieldError> errors,
    @JsonProperty("budget") @Nullable Budget budget,
    @JsonProperty("remedies") @Nullable List<Remedy> remedies,
    @JsonProperty("alternatives") @Nullable List<Alternative> alternatives,
    @JsonProperty("record") @Nullable DecisionRecord record,
    @JsonProperty("review") @Nullable PriceReview review,
    @JsonProperty("candidates") @Nullable List<RowName> candidates) {

  public static final String MEDIA_TYPE = "application/problem+json";

  /// The balances of a budget problem. It always has every member.
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Budget(
      @JsonProperty("scope") @Nullable Scope scope,
      @JsonProperty("scope_id") @Nullable String scopeId,
      @JsonProperty("window") @Nullable CeilingWindow window,
      @JsonProperty("run_id") @Nullable String runId,
      @JsonProperty("limit_usd") @Nullable MicroUsd limit,
      @JsonProperty("committed_usd") @Nullable MicroUsd committed,
      @JsonProperty("reserved_usd") @Nullable MicroUsd reserved,
      @JsonProperty("remaining_usd") @Nullable MicroUsd remaining,
      @JsonProperty("estimate_usd") @Nullable MicroUsd estimate,
      @JsonProperty("effective_max_output_tokens") @Nullable Long effectiveMaxOutputTokens,
      @JsonProperty("client_requested_max_output_tokens")
          @Nullable Long clientRequestedMaxOutputTokens,
      @JsonProperty("price_table_version") String priceTableVersion,
      @JsonProperty("resets_at") @Nullable Instant resetsAt,
      @JsonProperty("fits_max_output_tokens") @Nullable Long fitsMaxOutputTokens) {}

  /// A problem with its detail and no other member.
  public static Problem of(ProblemType type, String detail) {
    return ProblemBuilder.builder()
        .type("/problems/" + type.code())
        .title(type.title())
        .status(type.status())
        .detail(detail)
        .code(type.code())
        .build();
  }

  public Problem withErrors(List<FieldError> newErrors) {
    return ProblemBuilder.builder(this).errors(newErrors).build();
  }

  public Problem withRecord(DecisionRecord newRecord) {
    return ProblemBuilder.builder(this).record(newRecord).build();
  }

  public Problem withReview(PriceReview newReview) {
    return ProblemBuilder.builder(this).review(newReview).build();
  }

  public Problem withCandidates(List<RowName> newCandidates) {
    return ProblemBuilder.builder(this).candidates(newCandidates).build();
  }

  public Problem withInstance(String newInstance) {
    return ProblemBuilder.builder(this).instance(newInstance).build();
  }

  /// The answer with its status, to which headers can be added.
  public Response.ResponseBuilder response() {
    Response.ResponseBuilder response = Response.status(status).type(MEDIA_TYPE).entity(this);
    return status == ProblemType.UNAUTHENTICATED.status()
        ? response.header(HttpHeaders.WWW_AUTHENTICATE, "Bearer")
        : response;
  }

  /// The exception that is answered with this problem.
  public ProblemException exception() {
    return new ProblemException(this);
  }
}
