package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/// Lists a tenant's decisions, newest first (protocol.md#decision-lists).
@Path("/budget/decisions")
@Produces(MediaType.APPLICATION_JSON)
public final class DecisionListResource {

  private final Access access;
  private final ListedDecisions decisions;
  private final Clock clock;

  DecisionListResource(Access access, DecisionLists lists, Ledger ledger, Clock clock) {
    this.access = access;
    this.decisions = new ListedDecisions(lists, ledger, clock);
    this.clock = clock;
  }

  /// A page may have fewer decisions than `limit` where the filter fits few of those that were
  /// read; its `next` says where to continue.
  @GET
  public Page<DecisionRecord> list(
      @BeanParam DecisionFilter filter,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.VIEWER, Role.ADMIN);
    filter.check();
    ListedDecisions.Found found =
        decisions.page(
            caller,
            filter,
            filter.span(clock.instant()),
            Page.limit(limit),
            ListedDecisions.cursor(after));
    return decisions.records(found.reservations(), found.next(), caller);
  }
}
