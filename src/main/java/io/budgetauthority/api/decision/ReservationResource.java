package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.configuration.ReleaseHold;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.UsageJson;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The steps of a reservation after its decision (protocol.md#settle).
@Path("/budget/reservations/{reservation_id}")
@Produces(MediaType.APPLICATION_JSON)
public final class ReservationResource {

  private final Access access;
  private final Settlement settlement;
  private final ReleaseHold releaseHold;
  private final SettlementAnswers answers;
  private final Clock clock;

  ReservationResource(
      Access access,
      Settlement settlement,
      ReleaseHold releaseHold,
      Policies policies,
      Clock clock) {
    this.access = access;
    this.settlement = settlement;
    this.releaseHold = releaseHold;
    this.answers = new SettlementAnswers(policies, clock);
    this.clock = clock;
  }

  @POST
  @Path("/forward")
  public Response forward(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    RequestFields.parseOptional(body).end();
    return step(caller, reservationId, id -> settlement.forward(caller, id));
  }

  @POST
  @Path("/commit")
  @Consumes(MediaType.APPLICATION_JSON)
  public Response commit(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    UsageReport report = UsageJson.readReport(body);
    return step(caller, reservationId, id -> settlement.commit(caller, id, report));
  }

  @POST
  @Path("/release")
  public Response release(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.ADMIN);
    String reason = ReservationJson.readReason(body);
    if (caller.role() == Role.ADMIN) {
      return release(caller, reservationId, reason);
    }
    return step(caller, reservationId, id -> settlement.release(caller, id, reason));
  }

  /// An admin says why, because nobody else knows.
  private Response release(Caller admin, String reservationId, @Nullable String reason) {
    if (reason == null || reason.isBlank()) {
      throw RequestFields.invalid("/reason", "is required of an admin, and may not be blank");
    }
    return answers.answer(
        releaseHold.release(admin, id(reservationId), reason), reservationId, admin);
  }

  @POST
  @Path("/extend")
  @Consumes(MediaType.APPLICATION_JSON)
  public Response extend(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    ReservationJson.Extension extension = ReservationJson.readExtension(body, clock.instant());
    try {
      return step(
          caller,
          reservationId,
          id -> settlement.extend(caller, id, extension.until(), extension.outputTokens()));
    } catch (ArithmeticException e) {
      throw RequestFields.invalid("/max_output_tokens", "makes a call too large to be priced");
    }
  }

  @POST
  @Path("/retarget")
  @Consumes(MediaType.APPLICATION_JSON)
  public Response retarget(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    ReservationJson.Target target = ReservationJson.readTarget(body);
    return step(
        caller,
        reservationId,
        id -> settlement.retarget(caller, id, target.provider(), target.model()));
  }

  private Response step(
      Caller caller, String reservationId, Function<ReservationId, Settlement.Result> take) {
    return answers.answer(take.apply(id(reservationId)), reservationId, caller);
  }

  private static ReservationId id(String reservationId) {
    return ReservationId.ofReservationId(reservationId)
        .orElseThrow(() -> SettlementAnswers.notFound(reservationId));
  }
}
