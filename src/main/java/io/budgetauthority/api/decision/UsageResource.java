package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.BudgetHeaders;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.input.Ids;
import io.budgetauthority.settlement.UsageCharge;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsageJson;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
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
  private final Policies policies;
  private final Clock clock;

  UsageResource(Access access, UsageCharges charges, Policies policies, Clock clock) {
    this.access = access;
    this.charges = charges;
    this.policies = policies;
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response charge(
      @HeaderParam(BudgetHeaders.IDEMPOTENCY_KEY) @Nullable String idempotencyKey,
      byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY);
    Duration skew = policies.of(caller.tenantId()).policy().clockSkew();
    UsageCharge charge = UsageJson.readCharge(body, clock.instant(), skew);
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
          throw new StorageUnavailable("no price table is loaded yet", null);
    };
  }

  private Response charged(UsageCharges.Result.Charged charged, Caller caller) {
    DecisionRecord record = DecisionRecord.of(charged.reservation(), clock.instant(), caller);
    return charged.replayed()
        ? Response.ok(record).header(BudgetHeaders.IDEMPOTENCY_REPLAYED, "true").build()
        : Response.status(Response.Status.CREATED).entity(record).build();
  }
}
