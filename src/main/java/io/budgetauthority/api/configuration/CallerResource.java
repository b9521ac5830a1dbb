package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;

/// Says whose API key a request has, so that a program can offer what the key may do
/// (protocol.md#roles).
@Path("/budget/caller")
@Produces(MediaType.APPLICATION_JSON)
public final class CallerResource {

  private final Access access;

  CallerResource(Access access) {
    this.access = access;
  }

  /// The principal of an API key.
  ///
  /// @param tenantId null for an operator
  /// @param userId and `keyId`: whom an agent acts for; null for every other role
  public record CallerView(
      @JsonProperty("tenant_id") @Nullable String tenantId,
      @JsonProperty("principal_id") String principalId,
      @JsonProperty("role") Role role,
      @JsonProperty("user_id") @Nullable String userId,
      @JsonProperty("key_id") @Nullable String keyId) {}

  @GET
  public CallerView get() {
    Caller caller = access.require(Role.values());
    return new CallerView(
        caller.role() == Role.OPERATOR ? null : caller.tenantId(),
        caller.principalId(),
        caller.role(),
        caller.userId(),
        caller.keyId());
  }
}
