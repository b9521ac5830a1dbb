package io.budgetauthority.local;

import io.budgetauthority.input.RequestFields;
import io.budgetauthority.settlement.UsageQueue;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Helps to try out a gateway: it puts a message on the usage queue, and makes a service
/// unavailable and available again. It is in the local build alone, where it needs no key.
@Path("/local")
public final class LocalFaultsResource {

  private final UsageQueue.Settings letters;

  LocalFaultsResource(UsageQueue.Settings letters) {
    this.letters = letters;
  }

  /// Puts the body on the usage queue without a change.
  @POST
  @Path("/messages")
  public Response send(byte @Nullable [] body) {
    String message = new String(body == null ? new byte[0] : body, StandardCharsets.UTF_8);
    letters.sqs().sendMessage(it -> it.queueUrl(letters.queueUrl()).messageBody(message));
    return Response.accepted().build();
  }

  /// Sets the state of a service from now on.
  ///
  /// @param service `ledger`, `bucket` or `queue`
  /// @param body its `state`: `up`, `down`, `slow`, `busy`, `throttled` or `broken`
  @PUT
  @Path("/faults/{service}")
  @Consumes(MediaType.APPLICATION_JSON)
  public Response set(@PathParam("service") String service, byte @Nullable [] body) {
    RequestFields fields = RequestFields.parse(body);
    LocalFaults.State state = fields.oneOf("state", LocalFaults.State::ofWireName);
    if (!fields.has("state")) {
      fields.error("state", "is required");
    }
    fields.end();
    LocalFaults.set(named(service), state == null ? LocalFaults.State.UP : state);
    return Response.ok().build();
  }

  private static LocalFaults.Service named(String service) {
    try {
      return LocalFaults.Service.valueOf(service.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new NotFoundException(e);
    }
  }
}
