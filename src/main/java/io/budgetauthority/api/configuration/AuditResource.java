package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.input.Ids;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.AuditTrail;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The audit trail: who changed what in a tenant's configuration (protocol.md#administration).
@Path("/budget/audit")
@Produces(MediaType.APPLICATION_JSON)
public final class AuditResource {

  private final Access access;
  private final AuditTrail audit;

  AuditResource(Access access, AuditTrail audit) {
    this.access = access;
    this.audit = audit;
  }

  @GET
  public Page<AuditEntry> list(
      @QueryParam("limit") @Nullable String limit, @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    List<AuditEntry> entries = audit.list(caller.tenantId(), most, Ids.optional("after", after));
    return new Page<>(entries, entries.size() < most ? null : entries.getLast().id());
  }
}
