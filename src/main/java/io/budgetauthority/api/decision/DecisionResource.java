package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.BudgetHeaders;
import io.budgetauthority.api.problem.BlockProblem;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.storage.StorageUnavailable;
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
  private final Policies policies;
  private final Clock clock;

  DecisionResource(
      Access access, Authority authority, Settlement settlement, Policies policies, Clock clock) {
    this.access = access;
    this.authority = authority;
    this.settlement = settlement;
    this.policies = policies;
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
      return answer(caller, authority.decide(Ask.of(caller, request, key, run)));
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
    if (body != null && body.length > 0) {
      RequestFields.parse(body).end();
    }
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
    Reservation reservation =
        ReservationId.ofDecisionId(decisionId)
            .flatMap(id -> settlement.find(caller, id))
            .orElseThrow(
                () ->
                    Problem.of(ProblemType.NOT_FOUND, "there is no decision " + decisionId)
                        .exception());
    return Response.ok(DecisionRecord.of(reservation, clock.instant(), caller)).build();
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

  private Response answer(Caller caller, Answer answer) {
    return switch (answer) {
      case Answer.Decided decided -> decided(caller, decided);
      case Answer.DryRun dryRun -> dryRun(caller, dryRun);
      case Answer.AlreadySettled settled ->
          ReservationResource.settled(
              settled.reservation(),
              "the call of this idempotency key is over",
              clock.instant(),
              caller);
      case Answer.Refused refused ->
          throw Problem.of(ProblemType.valueOf(refused.code().name()), refused.reason())
              .exception();
      case Answer.Invalid invalid -> throw RequestFields.invalid(invalid.field(), invalid.reason());
      case Answer.Ambiguous ambiguous ->
          throw RequestFields.invalid(
              "/model", "means several rows: " + String.join(", ", ambiguous.candidates()));
      case Answer.KeyReused reused ->
          throw Problem.of(
                  ProblemType.IDEMPOTENCY_KEY_REUSED,
                  "the idempotency key was used with another request")
              .exception();
      case Answer.RunRefused refused -> throw RunRefusals.exception(refused);
      case Answer.Forbidden forbidden ->
          throw Problem.of(ProblemType.FORBIDDEN, forbidden.reason()).exception();
      case Answer.NoPrices noPrices ->
          throw new StorageUnavailable("no price table is loaded yet", null);
    };
  }

  private Response dryRun(Caller caller, Answer.DryRun dryRun) {
    Decision decision = dryRun.decision();
    Response.ResponseBuilder response =
        decision.verdict() instanceof Verdict.Block block
            ? BlockProblem.response(decision, block, null, policy(caller), caller)
            : Response.ok(DecisionRecord.ofDryRun(decision, dryRun.row(), caller));
    BudgetHeaders.put(response, decision, null, caller);
    return response.build();
  }

  private Response decided(Caller caller, Answer.Decided decided) {
    Reservation reservation = decided.reservation();
    Decision decision = reservation.decision();
    Response.ResponseBuilder response =
        decision.verdict() instanceof Verdict.Block block
            ? BlockProblem.response(decision, block, reservation.id(), policy(caller), caller)
            : Response.ok(DecisionRecord.of(reservation, clock.instant(), caller));
    BudgetHeaders.put(response, decision, reservation, caller);
    if (decided.replayed()) {
      response.header(BudgetHeaders.IDEMPOTENCY_REPLAYED, "true");
    }
    return response.build();
  }

  private Policy policy(Caller caller) {
    return policies.of(caller.tenantId()).policy();
  }
}
