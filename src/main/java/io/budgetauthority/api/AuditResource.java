package io.budgetauthority.api;

import io.budgetauthority.input.Ids;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Tenants;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The audit trail: who changed what in a tenant's configuration (protocol.md#administration).
@Path("/budget/audit")
@Produces(MediaType.APPLICATION_JSON)
public final class AuditResource {

  private final Access access;
  private final Tenants tenants;

  AuditResource(Access access, Tenants tenants) {
    this.access = access;
    this.tenants = tenants;
  }

  @GET
  public Page<AuditEntry> list(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(authorization, Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    List<AuditEntry> entries =
        tenants.auditTrail(caller.tenantId(), most, Ids.optional("after", after));
    return new Page<>(entries, entries.size() < most ? null : entries.getLast().id());
  }
}
