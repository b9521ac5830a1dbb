package io.budgetauthority.api.decision;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.BudgetHeaders;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.price.cost.Bill;
import io.budgetauthority.settlement.Bills;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Asks, cancels and looks up decisions (protocol.md#ask and protocol.md#record).
@Path("/budget/decisions")
@Produces(MediaType.APPLICATION_JSON)
public final class DecisionResource {

  private final Access access;
  private final Authority authority;
  private final Settlement settlement;
  private final Bills bills;
  private final Policies policies;
  private final DecisionAnswers answers;
  private final Clock clock;

  DecisionResource(
      Access access,
      Authority authority,
      Settlement settlement,
      Bills bills,
      Policies policies,
      Clock clock) {
    this.access = access;
    this.authority = authority;
    this.settlement = settlement;
    this.bills = bills;
    this.policies = policies;
    this.answers = new DecisionAnswers(policies, clock);
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response decide(
      @HeaderParam(BudgetHeaders.IDEMPOTENCY_KEY) @Nullable String idempotencyKey,
      @HeaderParam(BudgetHeaders.RUN_ID) @Nullable String runId,
      byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    DecisionRequest request = DecisionRequestJson.read(body, caller);
    String run = runId == null ? null : Ids.requireRunId(BudgetHeaders.RUN_ID, runId);
    String key = keyOf(request, idempotencyKey);
    try {
      return answers.answer(caller, authority.decide(Ask.of(caller, request, key, run)));
    } catch (ArithmeticException e) {
      throw RequestFields.invalid(
          "/input_tokens", "with the other bounds makes a call too large to be priced");
    }
  }

  @POST
  @Path("/cancel")
  public Response cancel(
      @HeaderParam(BudgetHeaders.IDEMPOTENCY_KEY) @Nullable String idempotencyKey,
      byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    RequestFields.parseOptional(body).end();
    Policy policy = policies.of(caller.tenantId()).policy();
    return settlement
        .cancel(
            caller,
            Ids.requireIdempotencyKey(idempotencyKey),
            policy.mode(),
            authority.priceTableVersion(),
            Duration.ofDays(policy.retentionDays()))
        .map(
            done ->
                Response.ok(DecisionRecord.of(done.reservation(), clock.instant(), caller)).build())
        .orElseGet(() -> Response.noContent().build());
  }

  @GET
  @Path("/{decision_id}")
  public Response lookUp(@PathParam("decision_id") String decisionId) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    Reservation reservation = find(caller, decisionId);
    return Response.ok(DecisionRecord.of(reservation, clock.instant(), caller)).build();
  }

  /// The arithmetic of a decision's amounts.
  ///
  /// @param estimate null where the stored bounds and prices do not give it
  /// @param charge null where nothing is charged by usage
  public record BillsView(
      @JsonProperty("estimate") @Nullable Bill estimate,
      @JsonProperty("charge") @Nullable Bill charge) {}

  @GET
  @Path("/{decision_id}/bill")
  public BillsView bill(@PathParam("decision_id") String decisionId) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    Reservation reservation = find(caller, decisionId);
    return new BillsView(
        Bills.ofEstimate(reservation).orElse(null), bills.ofCharge(reservation).orElse(null));
  }

  private Reservation find(Caller caller, String decisionId) {
    return ReservationId.ofDecisionId(decisionId)
        .flatMap(id -> settlement.find(caller, id))
        .orElseThrow(
            () ->
                Problem.of(ProblemType.NOT_FOUND, "there is no decision " + decisionId)
                    .exception());
  }

  /// The idempotency key of an ask; null for a dry run. A dry run needs no key, and a key that it
  /// states must be valid.
  private static @Nullable String keyOf(DecisionRequest request, @Nullable String stated) {
    if (request.dryRun() && stated == null) {
      return null;
    }
    String key = Ids.requireIdempotencyKey(stated);
    return request.dryRun() ? null : key;
  }
}
