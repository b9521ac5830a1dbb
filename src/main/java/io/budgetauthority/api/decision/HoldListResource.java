package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Lists a tenant's open reservations, oldest first (protocol.md#decision-lists).
@Path("/budget/holds")
@Produces(MediaType.APPLICATION_JSON)
public final class HoldListResource {

  private final Access access;
  private final DecisionLists lists;
  private final ListedDecisions decisions;

  HoldListResource(Access access, DecisionLists lists, Ledger ledger, Clock clock) {
    this.access = access;
    this.lists = lists;
    this.decisions = new ListedDecisions(lists, ledger, clock);
  }

  @GET
  public Page<DecisionRecord> list(
      @QueryParam("limit") @Nullable String limit, @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.VIEWER, Role.ADMIN);
    Attribution.Listed listed =
        lists.holds(caller.tenantId(), Page.limit(limit), ListedDecisions.cursor(after));
    List<Reservation> found =
        decisions.read(caller, listed, reservation -> reservation.state().isHolding());
    return decisions.records(found, listed.next(), caller);
  }
}
