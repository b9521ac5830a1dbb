package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Callers;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.api.view.RunView;
import io.budgetauthority.configuration.CloseRun;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.decision.CallerRules;
import io.budgetauthority.decision.RunCreation;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Creates runs ahead of their first decision, reads them, changes their limits and closes them
/// (protocol.md#runs).
@Path("/budget/runs")
@Produces(MediaType.APPLICATION_JSON)
public final class RunResource {

  private final Access access;
  private final Runs runs;
  private final RunList list;
  private final RunCreation creation;
  private final PutRunCeiling putRunCeiling;
  private final CloseRun closeRun;
  private final Policies policies;
  private final Clock clock;

  RunResource(
      Access access,
      Runs runs,
      PutRunCeiling putRunCeiling,
      CloseRun closeRun,
      Policies policies,
      Clock clock) {
    this.access = access;
    this.runs = runs;
    this.list = new RunList(runs);
    this.creation = new RunCreation(runs, policies, clock);
    this.putRunCeiling = putRunCeiling;
    this.closeRun = closeRun;
    this.policies = policies;
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response create(byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    RunJson.Creation wanted = RunJson.readCreation(body);
    Tuple bound = Callers.tuple(caller, wanted.tuple());
    Policy policy = policies.of(caller.tenantId()).policy();
    String runId = wanted.runId() == null ? "run_" + UUID.randomUUID() : wanted.runId();
    Callers.refuseStatements(
        caller,
        wanted.tuple(),
        wanted.limit() == null
            ? null
            : new CallerRules.RunLimit("limit_usd", wanted.limit(), runId, null),
        policy);
    Instant now = clock.instant();
    return switch (creation.create(
        new RunCreation.Wanted(
            caller.tenantId(), runId, bound, wanted.limit(), wanted.parentRunId()))) {
      case RunCreation.Result.Created created ->
          Response.status(201).entity(RunView.of(created.run(), now)).build();
      case RunCreation.Result.Present present ->
          Response.ok(RunView.of(present.run(), now)).build();
      case RunCreation.Result.Refused refused -> throw RunRefusals.exception(refused.reason());
    };
  }

  @GET
  public Page<RunView> list(
      @QueryParam("user_id") @Nullable String userId,
      @QueryParam("state") @Nullable String state,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    String user = caller.role() == Role.AGENT ? caller.userId() : Ids.optional("user_id", userId);
    if (caller.role() == Role.AGENT && userId != null && !userId.equals(user)) {
      throw RequestFields.invalid("user_id", "is not the agent's own");
    }
    if (state != null
        && Arrays.stream(Run.State.values()).noneMatch(it -> it.wireName().equals(state))) {
      throw RequestFields.invalid("state", "must be active, closed or expired");
    }
    int most = Page.limit(limit);
    Run last =
        after == null
            ? null
            : runs.find(caller.tenantId(), Ids.requireRunId("after", after))
                .filter(run -> user == null || user.equals(run.tuple().userId()))
                .orElseThrow(() -> RunRefusals.notFound(after));
    return list.page(caller, user, state, most, last, clock.instant());
  }

  @GET
  @Path("/{run_id}")
  public RunView get(@PathParam("run_id") String runId) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    return VisibleRun.find(runs, caller, runId)
        .map(run -> RunView.of(run, clock.instant()))
        .orElseThrow(() -> RunRefusals.notFound(runId));
  }

  @PATCH
  @Path("/{run_id}")
  @Consumes(MediaType.APPLICATION_JSON)
  public RunView change(@PathParam("run_id") String runId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.ADMIN);
    RunJson.Change change = RunJson.readChange(body);
    if (!Ids.isRunId(runId)) {
      throw RunRefusals.notFound(runId);
    }
    if (change.limit() != null) {
      moveLimit(caller, runId, change.limit());
    }
    if (change.closes() && !closeRun.close(caller, runId)) {
      throw RunRefusals.notFound(runId);
    }
    return runs.find(caller.tenantId(), runId)
        .map(run -> RunView.of(run, clock.instant()))
        .orElseThrow(() -> RunRefusals.notFound(runId));
  }

  private void moveLimit(Caller caller, String runId, MicroUsd limit) {
    PutRunCeiling.Result result =
        putRunCeiling.put(
            caller, runId, "runs/" + runId, run -> run.ceiling().withLimit(limit), version -> true);
    if (!(result instanceof PutRunCeiling.Result.Done)) {
      throw RunRefusals.notFound(runId);
    }
  }
}
