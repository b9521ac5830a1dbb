package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.api.view.RunView;
import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Lists the children of a run by their ids (protocol.md#child-runs).
@Path("/budget/runs/{run_id}/children")
@Produces(MediaType.APPLICATION_JSON)
public final class RunChildrenResource {

  private final Access access;
  private final Runs runs;
  private final Clock clock;

  RunChildrenResource(Access access, Runs runs, Clock clock) {
    this.access = access;
    this.runs = runs;
    this.clock = clock;
  }

  @GET
  public Page<RunView> list(
      @PathParam("run_id") String runId,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    String last = after == null || after.isEmpty() ? null : Ids.requireRunId("after", after);
    Run parent =
        VisibleRun.find(runs, caller, runId).orElseThrow(() -> RunRefusals.notFound(runId));
    List<Run> children = runs.children(parent, most, last);
    Instant now = clock.instant();
    return new Page<>(
        children.stream()
            .filter(run -> run.tuple().isVisibleTo(caller))
            .map(run -> RunView.of(run, now))
            .toList(),
        children.size() < most ? null : children.getLast().runId());
  }
}
