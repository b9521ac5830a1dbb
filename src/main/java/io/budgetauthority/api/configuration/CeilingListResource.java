package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.view.CeilingView;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Ceilings;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;

/// Lists the ceilings of a tenant (protocol.md#ceilings).
@Path("/budget/ceilings")
@Produces(MediaType.APPLICATION_JSON)
public final class CeilingListResource {

  private final Access access;
  private final CeilingList list;

  CeilingListResource(Access access, Ceilings ceilings, Runs runs) {
    this.access = access;
    this.list = new CeilingList(ceilings, runs);
  }

  @GET
  public Page<CeilingView> list(
      @QueryParam("scope") @Nullable String scope,
      @QueryParam("id") @Nullable String id,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    Page<CeilingList.Entry> page = list.page(caller, scope, id, limit, after);
    return new Page<>(
        page.items().stream()
            .map(
                it ->
                    CeilingView.of(
                        it.scopeId().scope(), it.scopeId().id(), it.window(), it.ceiling()))
            .toList(),
        page.next());
  }
}
