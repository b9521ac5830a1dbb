package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.ledger.Ledger;
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
import org.jspecify.annotations.Nullable;

/// The decisions of a run, newest first (protocol.md#runs). The list comes from the stream, which
/// is about a second late. The state of each decision comes from the ledger.
@Path("/budget/runs/{run_id}/decisions")
@Produces(MediaType.APPLICATION_JSON)
public final class RunDecisionsResource {

  private final Access access;
  private final ListedDecisions decisions;
  private final Runs runs;
  private final Attribution attribution;

  RunDecisionsResource(
      Access access,
      DecisionLists lists,
      Ledger ledger,
      Runs runs,
      Attribution attribution,
      Clock clock) {
    this.access = access;
    this.decisions = new ListedDecisions(lists, ledger, clock);
    this.runs = runs;
    this.attribution = attribution;
  }

  @GET
  public Page<DecisionRecord> list(
      @PathParam("run_id") String runId,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    Attribution.Cursor cursor = ListedDecisions.cursor(after);
    if (VisibleRun.find(runs, caller, runId).isEmpty()) {
      throw RunRefusals.notFound(runId);
    }
    Attribution.Listed listed = attribution.decisionsOfRun(caller.tenantId(), runId, most, cursor);
    // Other callers may have been blocked in the run before it was bound.
    return decisions.records(
        decisions.read(caller, listed, reservation -> true), listed.next(), caller);
  }
}
