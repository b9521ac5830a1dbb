package io.budgetauthority.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.input.Fields;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Publications;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Tenants;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/// A tenant's policy (protocol section 9).
@Path("/budget/policy")
@Produces(MediaType.APPLICATION_JSON)
public final class PolicyResource {

  /// The audit trail keeps a policy as it was and as it is now in one item of at most 400 KB.
  private static final int MOST_BYTES = 195_000;

  private final Access access;
  private final Tenants tenants;
  private final Publications publications;
  private final Clock clock;

  PolicyResource(Access access, Tenants tenants, Publications publications, Clock clock) {
    this.access = access;
    this.tenants = tenants;
    this.publications = publications;
    this.clock = clock;
  }

  @GET
  public Response get(@HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization) {
    Caller caller =
        access.require(authorization, Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    return answer(tenants.policyNow(caller.tenantId()));
  }

  @PUT
  @Consumes(MediaType.APPLICATION_JSON)
  public Response put(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.ADMIN);
    Policy next = PolicyJson.read(body);
    JsonNode written = Shapes.tree(next);
    int bytes = written.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MOST_BYTES) {
      throw Fields.invalid("", "makes a policy of " + bytes + " bytes, the most is " + MOST_BYTES);
    }
    Tenants.Versioned seen = tenants.policyNow(caller.tenantId());
    EntityTags.requireMatch(ifMatch, seen.version());
    AuditEntry entry =
        AuditEntry.of(caller, clock.instant(), "policy", Shapes.tree(seen.policy()), written);
    if (!tenants.replacePolicy(caller.tenantId(), seen, next, entry)) {
      throw EntityTags.changed();
    }
    publications.catchUp();
    return answer(new Tenants.Versioned(next, seen.version() + 1));
  }

  private static Response answer(Tenants.Versioned policy) {
    return Response.ok(policy.policy())
        .header(HttpHeaders.ETAG, EntityTags.of(policy.version()))
        .build();
  }
}
