package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.BudgetHeaders;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.configuration.RevokeIncrease;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.increase.Increase;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// More money for a while (protocol.md#increases).
@Path("/budget/increases")
@Produces(MediaType.APPLICATION_JSON)
public final class IncreaseResource {

  private final Access access;
  private final AddIncrease addIncrease;
  private final RevokeIncrease revokeIncrease;
  private final Ledger ledger;
  private final Clock clock;

  IncreaseResource(
      Access access,
      AddIncrease addIncrease,
      RevokeIncrease revokeIncrease,
      Ledger ledger,
      Clock clock) {
    this.access = access;
    this.addIncrease = addIncrease;
    this.revokeIncrease = revokeIncrease;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// An increase as a caller sees it.
  ///
  /// @param period null for a total
  /// @param state `active`, `ended` or `revoked`
  public record IncreaseView(
      @JsonProperty("increase_id") String increaseId,
      @JsonProperty("scope") Scope scope,
      @JsonProperty("id") String id,
      @JsonProperty("window") Window window,
      @JsonProperty("period") @Nullable String period,
      @JsonProperty("amount_usd") MicroUsd amount,
      @JsonProperty("until") Instant until,
      @JsonProperty("state") String state,
      @JsonProperty("reason") String reason,
      @JsonProperty("created_by") String createdBy,
      @JsonProperty("created_at") Instant createdAt) {

    static IncreaseView of(Increase increase, Instant now) {
      String period = increase.account().period();
      return new IncreaseView(
          increase.id(),
          increase.scope(),
          increase.account().id(),
          increase.window(),
          period.isEmpty() ? null : period,
          increase.amount(),
          increase.until(),
          increase.stateAt(now).wireName(),
          increase.reason(),
          increase.createdBy(),
          increase.createdAt());
    }
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response add(
      @HeaderParam(BudgetHeaders.IDEMPOTENCY_KEY) @Nullable String idempotencyKey,
      byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN);
    IncreaseJson stated = IncreaseJson.read(body);
    String hash =
        ReservationId.of(
                caller.tenantId(),
                caller.principalId(),
                ReservationId.Kind.INCREASE,
                Ids.requireIdempotencyKey(idempotencyKey))
            .hash();
    return switch (addIncrease.add(
        caller,
        new AddIncrease.Wanted(
            hash,
            RecordJson.hash(stated),
            stated.scopeId(caller),
            stated.window(),
            stated.amount(),
            stated.until(),
            stated.reason()))) {
      case AddIncrease.Result.Added added -> answer(201, added.increase());
      case AddIncrease.Result.Present present -> answer(200, present.increase());
      case AddIncrease.Result.KeyReused reused ->
          throw Problem.of(
                  ProblemType.IDEMPOTENCY_KEY_REUSED,
                  "this Idempotency-Key was used for another increase")
              .exception();
      case AddIncrease.Result.NoCeiling none ->
          throw Problem.of(
                  ProblemType.NOT_FOUND,
                  stated.scope() == Scope.RUN
                      ? "there is no run " + stated.id()
                      : "no ceiling over "
                          + stated.window().wireName()
                          + " applies to "
                          + stated.scope().wireName()
                          + " "
                          + stated.id())
              .exception();
      case AddIncrease.Result.RunEnded ended ->
          throw Problem.of(ProblemType.RUN_CLOSED, "run " + stated.id() + " has ended").exception();
      case AddIncrease.Result.WrongEnd wrong ->
          throw RequestFields.invalid("/until", wrong.reason());
      case AddIncrease.Result.TooMany many ->
          throw RequestFields.invalid(
              "/id",
              "names an account that has "
                  + AddIncrease.MAX_INCREASES
                  + " increases, the most at one time");
    };
  }

  @GET
  public Page<IncreaseView> list(
      @QueryParam("scope") @Nullable String scope,
      @QueryParam("id") @Nullable String id,
      @QueryParam("state") @Nullable String state,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    Scope ofScope = parsed("scope", scope, Scope::ofWireName);
    Increase.State ofState = parsed("state", state, Increase.State::ofWireName);
    String ofId = Ids.optional("id", id);
    String from = Ids.optional("after", after);
    if (from != null && !Increase.isId(from)) {
      throw RequestFields.invalid("after", "must be next of the page before");
    }
    Instant now = clock.instant();
    List<Increase> read = ledger.increases().list(caller.tenantId(), most, from);
    return new Page<>(
        read.stream()
            .filter(it -> ofScope == null || it.scope() == ofScope)
            .filter(it -> ofId == null || it.account().id().equals(ofId))
            .filter(it -> ofState == null || it.stateAt(now) == ofState)
            .map(it -> IncreaseView.of(it, now))
            .toList(),
        read.size() < most ? null : read.getLast().id());
  }

  @DELETE
  @Path("/{increase_id}")
  public IncreaseView revoke(@PathParam("increase_id") String increaseId) {
    Caller caller = access.require(Role.ADMIN);
    return revokeIncrease
        .revoke(caller, increaseId)
        .map(increase -> IncreaseView.of(increase, clock.instant()))
        .orElseThrow(
            () ->
                Problem.of(ProblemType.NOT_FOUND, "there is no increase " + increaseId)
                    .exception());
  }

  private Response answer(int status, Increase increase) {
    return Response.status(status).entity(IncreaseView.of(increase, clock.instant())).build();
  }

  private static <T> @Nullable T parsed(
      String name, @Nullable String stated, Function<String, T> parse) {
    return stated == null || stated.isEmpty() ? null : CeilingPath.parse(name, stated, parse);
  }
}
