package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.storage.Deadline;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The decisions of a run, newest first (protocol.md#runs). The list comes from the stream, which
/// is about a second late. The state of each decision comes from the ledger.
@Path("/budget/runs/{run_id}/decisions")
@Produces(MediaType.APPLICATION_JSON)
public final class RunDecisionsResource {

  private final Access access;
  private final Ledger ledger;
  private final Runs runs;
  private final Attribution attribution;
  private final Clock clock;

  RunDecisionsResource(
      Access access, Ledger ledger, Runs runs, Attribution attribution, Clock clock) {
    this.access = access;
    this.ledger = ledger;
    this.runs = runs;
    this.attribution = attribution;
    this.clock = clock;
  }

  @GET
  public Page<DecisionRecord> list(
      @PathParam("run_id") String runId,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    Attribution.Cursor cursor = after == null || after.isEmpty() ? null : cursor(after);
    boolean mayRead =
        Optional.of(runId)
            .filter(Ids::isRunId)
            .flatMap(id -> runs.find(caller.tenantId(), id))
            .filter(run -> run.tuple().isVisibleTo(caller))
            .isPresent();
    if (!mayRead) {
      throw Problem.of(ProblemType.NOT_FOUND, "there is no run " + runId).exception();
    }
    Attribution.Listed listed = attribution.decisionsOfRun(caller.tenantId(), runId, most, cursor);
    Map<ReservationId, Reservation> found =
        ledger.findAll(caller.tenantId(), listed.ids(), Deadline.ofRequest());
    Instant now = clock.instant();
    List<DecisionRecord> items = new ArrayList<>();
    for (ReservationId id : listed.ids()) {
      Reservation reservation = found.get(id);
      // The decision's retention may have ended before its entry in the list does.
      // Other callers may have been blocked in the run before it was bound.
      if (reservation != null && reservation.decision().subject().tuple().isVisibleTo(caller)) {
        items.add(DecisionRecord.of(reservation, now, caller));
      }
    }
    return new Page<>(items, listed.next() == null ? null : listed.next().toString());
  }

  private static Attribution.Cursor cursor(String after) {
    return Attribution.Cursor.parse(after)
        .orElseThrow(() -> RequestFields.invalid("after", "must be the next of the page before"));
  }
}
