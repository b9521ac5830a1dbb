package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.EntityTags;
import io.budgetauthority.configuration.ReplacePolicy;
import io.budgetauthority.decision.rule.ModelRules;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.ConfigurationJson;
import io.budgetauthority.tenant.store.Policies;
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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A tenant's policy (protocol.md#policy).
@Path("/budget/policy")
@Produces(MediaType.APPLICATION_JSON)
public final class PolicyResource {

  /// The audit trail stores the policy before and after a change in one item of at most 400 KB.
  private static final int MAX_BYTES = 195_000;

  private final Access access;
  private final Policies policies;
  private final ReplacePolicy replacePolicy;
  private final PriceBook prices;
  private final PriceOverrides overrides;

  PolicyResource(
      Access access,
      Policies policies,
      ReplacePolicy replacePolicy,
      PriceBook prices,
      PriceOverrides overrides) {
    this.access = access;
    this.policies = policies;
    this.replacePolicy = replacePolicy;
    this.prices = prices;
    this.overrides = overrides;
  }

  @GET
  public Response get() {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    VersionedPolicy stored = policies.now(caller.tenantId());
    return answer(caller, stored.policy(), stored.version());
  }

  @PUT
  @Consumes(MediaType.APPLICATION_JSON)
  public Response put(
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch, byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN);
    VersionedPolicy replaced =
        replacePolicy.replace(caller, caller.tenantId(), seen -> next(seen, ifMatch, body));
    return answer(caller, replaced.policy(), replaced.version());
  }

  /// Reads the policy that is to replace the stored one.
  private static Policy next(
      VersionedPolicy seen, @Nullable String ifMatch, byte @Nullable [] body) {
    Policy next = PolicyJson.read(body, seen.policy().timeZone());
    if (!next.timeZone().equals(seen.policy().timeZone())
        && seen.calendar().changes().size() >= Calendar.MAX_CHANGES) {
      throw RequestFields.invalid(
          "/time_zone", "was changed " + Calendar.MAX_CHANGES + " times within 400 days");
    }
    int bytes = ConfigurationJson.write(next).getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_BYTES) {
      throw RequestFields.invalid(
          "", "makes a policy of " + bytes + " bytes, the most is " + MAX_BYTES);
    }
    EntityTags.requireMatch(ifMatch, seen.version());
    return next;
  }

  /// A policy, and warnings about the names in it.
  public record PolicyView(
      @JsonUnwrapped Policy policy, @JsonProperty("warnings") List<String> warnings) {}

  private Response answer(Caller caller, Policy policy, long version) {
    return Response.ok(new PolicyView(policy, warnings(caller.tenantId(), policy)))
        .header(HttpHeaders.ETAG, EntityTags.of(version))
        .build();
  }

  /// Compares the names in `allowed_models` with the current prices. Without prices there are no
  /// warnings.
  private List<String> warnings(String tenantId, Policy policy) {
    PriceTable table = prices.current().orElse(null);
    if (table == null || policy.allowedModels().isEmpty()) {
      return List.of();
    }
    List<Price> rows = new ArrayList<>(table.rows());
    overrides.list(tenantId).forEach(override -> rows.add(override.appliedTo(null)));
    return ModelRules.warnings(
        policy, rows, (provider, model) -> overrides.find(tenantId, table, provider, model));
  }
}
