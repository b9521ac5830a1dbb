package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.problem.BlockProblem;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.DecisionRecord;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
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
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The steps of a reservation after its decision (protocol.md#settle).
@Path("/budget/reservations/{reservation_id}")
@Produces(MediaType.APPLICATION_JSON)
public final class ReservationResource {

  private final Access access;
  private final Settlement settlement;
  private final Policies policies;
  private final Clock clock;

  ReservationResource(Access access, Settlement settlement, Policies policies, Clock clock) {
    this.policies = policies;
    this.access = access;
    this.settlement = settlement;
    this.clock = clock;
  }

  @POST
  @Path("/forward")
  public Response forward(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    if (body != null && body.length > 0) {
      RequestFields.parse(body).end();
    }
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
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    String reason = body == null || body.length == 0 ? null : readReason(body);
    return step(caller, reservationId, id -> settlement.release(caller, id, reason));
  }

  @POST
  @Path("/extend")
  @Consumes(MediaType.APPLICATION_JSON)
  public Response extend(
      @PathParam("reservation_id") String reservationId, byte @Nullable [] body) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT);
    RequestFields fields = RequestFields.parse(body);
    Instant now = clock.instant();
    Instant stated = fields.oneOf("expires_at", UsageJson::instant);
    Long seconds = fields.integer("ttl_seconds", 1, Reservation.MAX_LIFE.toSeconds());
    Long outputTokens = fields.integer("max_output_tokens", 1, RequestFields.MAX_INTEGER);
    if (stated != null && stated.isAfter(now.plus(Reservation.MAX_LIFE))) {
      fields.error(
          "expires_at", "may be at most " + Reservation.MAX_LIFE.toSeconds() + " seconds ahead");
    }
    if (fields.has("expires_at") && fields.has("ttl_seconds")) {
      fields.error("ttl_seconds", "and expires_at say the same thing: state one");
    }
    if (!fields.has("expires_at")
        && !fields.has("ttl_seconds")
        && !fields.has("max_output_tokens")) {
      fields.error("expires_at", "is required, or ttl_seconds, or max_output_tokens");
    }
    fields.end();
    Instant until = seconds == null ? stated : now.plusSeconds(seconds);
    try {
      return step(caller, reservationId, id -> settlement.extend(caller, id, until, outputTokens));
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
    RequestFields fields = RequestFields.parse(body);
    String provider = fields.text("provider");
    String model = fields.text("model");
    if (!fields.has("model")) {
      fields.error("model", "is required");
    }
    fields.end();
    return step(
        caller,
        reservationId,
        id -> settlement.retarget(caller, id, provider, model == null ? "" : model));
  }

  private static @Nullable String readReason(byte[] body) {
    RequestFields fields = RequestFields.parse(body);
    String reason = fields.text("reason");
    fields.end();
    return reason;
  }

  private Response step(
      Caller caller, String reservationId, Function<ReservationId, Settlement.Result> take) {
    ReservationId id =
        ReservationId.ofReservationId(reservationId).orElseThrow(() -> notFound(reservationId));
    return switch (take.apply(id)) {
      case Settlement.Result.Done done ->
          Response.ok(DecisionRecord.of(done.reservation(), clock.instant(), caller)).build();
      // A block has no reservation. It may still become a degraded decision when the message of an
      // outage arrives, so its caller gets a 404 and sends the step again.
      case Settlement.Result.Refused refused when refused.reservation().mayBecomeReservation() ->
          throw notFound(reservationId);
      case Settlement.Result.Refused refused ->
          settled(
              refused.reservation(),
              refused.reservation().decision().isBlocked()
                  ? "a blocked decision reserved nothing"
                  : "the reservation is " + refused.reservation().state().wireName(),
              clock.instant(),
              caller);
      case Settlement.Result.Blocked blocked ->
          BlockProblem.response(
                  blocked.decision(),
                  blocked.block(),
                  blocked.reservation().id(),
                  policies.of(blocked.reservation().tenantId()).policy(),
                  caller)
              .build();
      case Settlement.Result.Invalid invalid ->
          throw RequestFields.invalid(invalid.field(), invalid.reason());
      case Settlement.Result.Disallowed disallowed ->
          throw Problem.of(ProblemType.valueOf(disallowed.code().name()), disallowed.reason())
              .exception();
      case Settlement.Result.Forbidden forbidden ->
          throw Problem.of(
                  ProblemType.FORBIDDEN,
                  "another key made this reservation; it or a gateway may settle it")
              .exception();
      case Settlement.Result.NotFound notFound -> throw notFound(reservationId);
    };
  }

  private static ProblemException notFound(String reservationId) {
    return Problem.of(ProblemType.NOT_FOUND, "there is no reservation " + reservationId)
        .exception();
  }

  /// 409 `reservation_settled`, with the record as it is now.
  static Response settled(Reservation reservation, String detail, Instant now, Caller caller) {
    return Problem.of(ProblemType.RESERVATION_SETTLED, detail)
        .withRecord(DecisionRecord.of(reservation, now, caller))
        .withInstance("/budget/decisions/" + reservation.id().decisionId())
        .response()
        .build();
  }
}
