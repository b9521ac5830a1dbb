package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.UnknownOutcome;
import io.budgetauthority.api.view.KeyView;
import io.budgetauthority.configuration.CreateTenant;
import io.budgetauthority.configuration.IssuedKey;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.TenantDirectory;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Tenants, which an operator creates (protocol.md#administration). The answer shows the first
/// admin key once.
@Path("/budget/tenants")
@Produces(MediaType.APPLICATION_JSON)
public final class TenantResource {

  private final Access access;
  private final TenantDirectory tenants;
  private final CreateTenant createTenant;

  TenantResource(Access access, TenantDirectory tenants, CreateTenant createTenant) {
    this.access = access;
    this.tenants = tenants;
    this.createTenant = createTenant;
  }

  /// A new tenant and the key that configures it.
  public record TenantView(
      @JsonProperty("tenant_id") String tenantId,
      @JsonProperty("time_zone") ZoneId timeZone,
      @JsonProperty("admin_key") KeyView adminKey) {}

  /// A tenant in the list.
  public record ListedView(
      @JsonProperty("tenant_id") String tenantId,
      @JsonProperty("time_zone") ZoneId timeZone,
      @JsonProperty("created_at") Instant createdAt) {}

  @GET
  public Page<ListedView> list(
      @QueryParam("limit") @Nullable String limit, @QueryParam("after") @Nullable String after) {
    Caller unused = access.require(Role.OPERATOR);
    int most = Page.limit(limit);
    List<ListedView> items =
        tenants.list(most, Ids.optional("after", after)).stream()
            .map(it -> new ListedView(it.tenantId(), it.policy().timeZone(), it.createdAt()))
            .toList();
    return new Page<>(items, items.size() < most ? null : items.getLast().tenantId());
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response create(byte @Nullable [] body) {
    Caller caller = access.require(Role.OPERATOR);
    RequestFields fields = RequestFields.parse(body);
    String tenantId = fields.id("tenant_id");
    if (!fields.has("tenant_id")) {
      fields.error("tenant_id", "is required");
    }
    ZoneId stated = fields.oneOf("time_zone", PolicyJson::zone);
    fields.end();
    ZoneId zone = stated == null ? Policy.DEFAULT.timeZone() : stated;
    IssuedKey issued =
        Optional.ofNullable(tenantId)
            .flatMap(
                id ->
                    UnknownOutcome.adviseOf(
                        "the tenant may be there: where GET /budget/tenants lists it, \"bin/budget"
                            + " keys issue\" gives it an admin key; else send the same request again",
                        () -> createTenant.create(caller, id, Policy.DEFAULT.in(zone))))
            .orElseThrow(
                () -> RequestFields.invalid("/tenant_id", "names a tenant that is there already"));
    return Response.status(201)
        .header(HttpHeaders.CACHE_CONTROL, KeyResource.NO_STORE)
        .entity(
            new TenantView(
                issued.principal().caller().tenantId(),
                zone,
                KeyView.of(issued.principal(), issued.secret())))
        .build();
  }
}
