package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.EntityTags;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.configuration.DeleteCeiling;
import io.budgetauthority.configuration.PutCeiling;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.store.Ceilings;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads and changes one ceiling at a time (protocol.md#ceilings). The ceiling of a run is its
/// limit, which every run has, or a rate.
@Path("/budget/ceilings")
@Produces(MediaType.APPLICATION_JSON)
public final class CeilingResource {

  private static final String ONE = "/{scope}/{id}/{window}";

  private final Access access;
  private final PutCeiling putCeiling;
  private final RunCeiling runCeiling;
  private final DeleteCeiling deleteCeiling;
  private final Ceilings ceilings;

  CeilingResource(
      Access access,
      PutCeiling putCeiling,
      PutRunCeiling putRunCeiling,
      DeleteCeiling deleteCeiling,
      Runs runs,
      Ceilings ceilings) {
    this.access = access;
    this.putCeiling = putCeiling;
    this.runCeiling = new RunCeiling(putRunCeiling, runs);
    this.deleteCeiling = deleteCeiling;
    this.ceilings = ceilings;
  }

  @PUT
  @Path(ONE)
  @Consumes(MediaType.APPLICATION_JSON)
  public Response put(
      @PathParam("scope") String scopeName,
      @PathParam("id") String id,
      @PathParam("window") String windowName,
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch,
      byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN, Role.GATEWAY);
    ScopeId scopeId = CeilingPath.scopeId(caller, scopeName, id);
    if (caller.role() == Role.GATEWAY && scopeId.scope() != Scope.RUN) {
      throw Problem.of(ProblemType.FORBIDDEN, "the role gateway changes the limits of runs alone")
          .exception();
    }
    CeilingWindow window = CeilingPath.window(scopeId, windowName);
    RequestFields fields = RequestFields.parse(body);
    Ceiling ceiling = CeilingJson.read(scopeId.scope(), window, fields);
    fields.end();
    if (scopeId.scope() == Scope.RUN) {
      return runCeiling.put(caller, id, window, ceiling, ifMatch);
    }
    return switch (putCeiling.put(
        caller, scopeId, window, ceiling, version -> EntityTags.matches(ifMatch, version))) {
      case PutCeiling.Result.Done done ->
          CeilingAnswers.of(
              done.created() ? 201 : 200, scopeId, window, ceiling, done.now().version());
      case PutCeiling.Result.PreconditionFailed failed -> throw EntityTags.changed();
      case PutCeiling.Result.TooManyRates many -> throw CeilingAnswers.tooManyRates();
    };
  }

  @GET
  @Path(ONE)
  public Response get(
      @PathParam("scope") String scopeName,
      @PathParam("id") String id,
      @PathParam("window") String windowName) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    ScopeId scopeId = CeilingPath.scopeId(caller, scopeName, id);
    CeilingWindow window = CeilingPath.window(scopeId, windowName);
    if (!CeilingPath.mayRead(caller, scopeId)) {
      throw CeilingAnswers.notFound("there is no such ceiling");
    }
    if (scopeId.scope() == Scope.RUN) {
      return runCeiling.get(caller, id, window);
    }
    CeilingSet set = ceilings.now(scopeId);
    Ceiling ceiling =
        Optional.ofNullable(set.byWindow().get(window))
            .orElseThrow(() -> CeilingAnswers.notFound("there is no such ceiling"));
    return CeilingAnswers.of(200, scopeId, window, ceiling, set.version());
  }

  @DELETE
  @Path(ONE)
  public Response delete(
      @PathParam("scope") String scopeName,
      @PathParam("id") String id,
      @PathParam("window") String windowName,
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch) {
    Caller caller = access.require(Role.ADMIN);
    ScopeId scopeId = CeilingPath.scopeId(caller, scopeName, id);
    CeilingWindow window = CeilingPath.window(scopeId, windowName);
    if (scopeId.scope() == Scope.RUN) {
      return runCeiling.delete(caller, id, window, ifMatch);
    }
    return switch (deleteCeiling.delete(
        caller, scopeId, window, version -> EntityTags.matches(ifMatch, version))) {
      case DONE -> Response.noContent().build();
      case UNKNOWN -> throw CeilingAnswers.notFound("there is no such ceiling");
      case PRECONDITION_FAILED -> throw EntityTags.changed();
    };
  }
}
