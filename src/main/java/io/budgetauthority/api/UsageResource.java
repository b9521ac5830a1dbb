package io.budgetauthority.api;

import io.budgetauthority.input.Ids;
import io.budgetauthority.ledger.LedgerUnavailable;
import io.budgetauthority.settlement.UsageCharge;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsageJson;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Tenants;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Charges usage that had no decision (protocol.md#usage-without-a-decision).
@Path("/budget/usage")
@Produces(MediaType.APPLICATION_JSON)
public final class UsageResource {

  private final Access access;
  private final UsageCharges charges;
  private final Tenants tenants;
  private final Clock clock;

  UsageResource(Access access, UsageCharges charges, Tenants tenants, Clock clock) {
    this.access = access;
    this.charges = charges;
    this.tenants = tenants;
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response charge(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @HeaderParam(BudgetHeaders.IDEMPOTENCY_KEY) @Nullable String idempotencyKey,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.GATEWAY);
    int skewSeconds = tenants.policy(caller.tenantId()).policy().clockSkewSeconds();
    UsageCharge charge =
        UsageJson.readCharge(body, clock.instant(), Duration.ofSeconds(skewSeconds));
    UsageCharges.Order order =
        new UsageCharges.Order(
            caller.tenantId(),
            caller.principalId(),
            Ids.requireIdempotencyKey(idempotencyKey),
            charge);
    return switch (charges.charge(order)) {
      case UsageCharges.Result.Charged charged -> charged(charged, caller);
      case UsageCharges.Result.KeyReused reused ->
          throw Problem.of(
                  ProblemType.IDEMPOTENCY_KEY_REUSED,
                  "the idempotency key was used for other usage")
              .exception();
      case UsageCharges.Result.NoPrices noPrices ->
          throw new LedgerUnavailable("no price table is loaded yet", null);
    };
  }

  private Response charged(UsageCharges.Result.Charged charged, Caller caller) {
    DecisionRecord record = DecisionRecord.of(charged.reservation(), clock.instant(), caller);
    return charged.replayed()
        ? Response.ok(record).header(BudgetHeaders.IDEMPOTENCY_REPLAYED, "true").build()
        : Response.status(Response.Status.CREATED).entity(record).build();
  }
}
