package io.budgetauthority.api;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.AccountKey;
import io.budgetauthority.ledger.CeilingChanges;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Runs: made ahead of their first decision, looked up, given another limit, closed (protocol
/// section 6).
@Path("/budget/runs")
@Produces(MediaType.APPLICATION_JSON)
public final class RunResource {

  private final Access access;
  private final Ledger ledger;
  private final CeilingChanges changes;
  private final Tenants tenants;
  private final Clock clock;

  RunResource(Access access, Ledger ledger, CeilingChanges changes, Tenants tenants, Clock clock) {
    this.access = access;
    this.ledger = ledger;
    this.changes = changes;
    this.tenants = tenants;
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response create(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.GATEWAY, Role.AGENT);
    Fields fields = Fields.parse(body);
    String stated = fields.oneOf("run_id", Ids::runId);
    MicroUsd limit = fields.money("limit_usd");
    Run.Tuple tuple =
        new Run.Tuple(
            fields.id("user_id"),
            fields.id("key_id"),
            fields.id("team_id"),
            fields.id("feature_id"));
    fields.notYet("parent_run_id", "child runs are not supported by this version");
    fields.end();
    Policy policy = tenants.policy(caller.tenantId()).policy();
    Run.Tuple bound = Callers.tuple(caller, tuple);
    Callers.refuseGenerousLimit(caller, limit, policy, "limit_usd");
    String runId = stated == null ? "run_" + UUID.randomUUID() : stated;
    Run wanted =
        run(
            caller.tenantId(),
            runId,
            bound,
            limit == null ? policy.defaultRunLimit() : limit,
            policy);
    if (ledger.start(wanted)) {
      return Response.status(201).entity(RunView.of(wanted, clock.instant())).build();
    }
    Run present = ledger.run(caller.tenantId(), runId).orElseThrow(() -> notFound(runId));
    if (!present.tuple().equals(bound)
        || (limit != null
            && !present.account().limit().equals(limit)
            && !present.madeLimit().equals(limit))) {
      throw Problem.of(ProblemType.RUN_CONFLICT, "run " + runId + " exists with other settings")
          .exception();
    }
    return Response.ok(RunView.of(present, clock.instant())).build();
  }

  private Run run(String tenantId, String runId, Run.Tuple tuple, MicroUsd limit, Policy policy) {
    Instant now = Instant.ofEpochMilli(clock.millis());
    Account account = Account.unused(AccountKey.total(tenantId, Scope.RUN, runId), limit, 0);
    return new Run(tenantId, runId, tuple, false, now, now.plus(policy.runTtl()), limit, account);
  }

  @GET
  public Page<RunView> list(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @QueryParam("user_id") @Nullable String userId,
      @QueryParam("state") @Nullable String state,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller =
        access.require(authorization, Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    String user = caller.role() == Role.AGENT ? caller.userId() : userId;
    if (user == null) {
      throw Fields.invalid("user_id", "is required: this version lists the runs of a user");
    }
    if (caller.role() == Role.AGENT && userId != null && !userId.equals(user)) {
      throw Fields.invalid("user_id", "is not the agent's own");
    }
    if (state != null
        && Arrays.stream(Run.State.values()).noneMatch(it -> it.wireName().equals(state))) {
      throw Fields.invalid("state", "must be active, closed or expired");
    }
    int most = Page.limit(limit);
    Run last =
        after == null
            ? null
            : ledger
                .run(caller.tenantId(), Ids.requireRunId("after", after))
                .filter(run -> user.equals(run.tuple().userId()))
                .orElseThrow(() -> notFound(after));
    Instant now = clock.instant();
    List<Run> runs = ledger.runsOf(caller.tenantId(), Ids.require("user_id", user), most, last);
    List<RunView> items =
        runs.stream()
            .filter(run -> caller.mayTouch(run.tuple().userId(), run.tuple().keyId()))
            .filter(run -> state == null || run.stateAt(now).wireName().equals(state))
            .map(run -> RunView.of(run, now))
            .toList();
    return new Page<>(items, runs.size() < most ? null : runs.getLast().runId());
  }

  @GET
  @Path("/{run_id}")
  public RunView get(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("run_id") String runId) {
    Caller caller =
        access.require(authorization, Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    return ledger
        .run(caller.tenantId(), Ids.isRunId(runId) ? runId : "-")
        .filter(run -> caller.mayTouch(run.tuple().userId(), run.tuple().keyId()))
        .map(run -> RunView.of(run, clock.instant()))
        .orElseThrow(() -> notFound(runId));
  }

  @PATCH
  @Path("/{run_id}")
  @Consumes(MediaType.APPLICATION_JSON)
  public RunView change(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("run_id") String runId,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.GATEWAY, Role.ADMIN);
    Fields fields = Fields.parse(body);
    MicroUsd limit = fields.money("limit_usd");
    String state = fields.oneOf("state", RunResource::closed);
    if (!fields.has("limit_usd") && !fields.has("state")) {
      fields.error("limit_usd", "is required, or state");
    }
    fields.end();
    if (!Ids.isRunId(runId)) {
      throw notFound(runId);
    }
    if (limit != null) {
      Account moved =
          changes.putRunLimit(
              AccountKey.total(caller.tenantId(), Scope.RUN, runId),
              limit,
              before ->
                  AuditEntry.of(
                      caller,
                      clock.instant(),
                      "runs/" + runId,
                      Shapes.tree(Ceiling.of(before.limit())),
                      Shapes.tree(Ceiling.of(limit))));
      if (moved == null) {
        throw notFound(runId);
      }
    }
    if (state != null && !ledger.close(caller.tenantId(), runId)) {
      throw notFound(runId);
    }
    return ledger
        .run(caller.tenantId(), runId)
        .map(run -> RunView.of(run, clock.instant()))
        .orElseThrow(() -> notFound(runId));
  }

  private static String closed(String state) {
    if (!state.equals(Run.State.CLOSED.wireName())) {
      throw new IllegalArgumentException("can only be set to closed");
    }
    return state;
  }

  private static ProblemException notFound(String runId) {
    return Problem.of(ProblemType.NOT_FOUND, "there is no run " + runId).exception();
  }
}
