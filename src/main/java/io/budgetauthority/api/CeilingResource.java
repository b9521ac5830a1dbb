package io.budgetauthority.api;

import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.CeilingChanges;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.SnapshotPublisher;
import io.budgetauthority.tenant.Tenants;
import io.budgetauthority.tenant.Tenants.ScopeId;
import io.budgetauthority.tenant.Window;
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
import java.time.Clock;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads and changes one ceiling at a time (protocol.md#ceilings). The ceiling of a run is its
/// limit, which every run has.
@Path("/budget/ceilings")
@Produces(MediaType.APPLICATION_JSON)
public final class CeilingResource {

  private static final String ONE = "/{scope}/{id}/{window}";

  private final Access access;
  private final CeilingChanges changes;
  private final Runs runs;
  private final Tenants tenants;
  private final SnapshotPublisher snapshotPublisher;
  private final Clock clock;

  CeilingResource(
      Access access,
      CeilingChanges changes,
      Runs runs,
      Tenants tenants,
      SnapshotPublisher snapshotPublisher,
      Clock clock) {
    this.snapshotPublisher = snapshotPublisher;
    this.clock = clock;
    this.access = access;
    this.changes = changes;
    this.runs = runs;
    this.tenants = tenants;
  }

  @PUT
  @Path(ONE)
  @Consumes(MediaType.APPLICATION_JSON)
  public Response put(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("scope") String scopeName,
      @PathParam("id") String id,
      @PathParam("window") String windowName,
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.ADMIN, Role.GATEWAY);
    ScopeId scopeId = scopeId(caller, scopeName, id);
    if (caller.role() == Role.GATEWAY && scopeId.scope() != Scope.RUN) {
      throw Problem.of(ProblemType.FORBIDDEN, "the role gateway changes the limits of runs alone")
          .exception();
    }
    Window window = window(scopeId, windowName);
    RequestFields fields = RequestFields.parse(body);
    Ceiling ceiling = CeilingJson.read(fields);
    fields.end();
    if (scopeId.scope() == Scope.RUN) {
      return putOfRun(caller, scopeId, ceiling, ifMatch);
    }
    CeilingChanges.Changed changed =
        changes.put(
            scopeId,
            window,
            ceiling,
            clock.instant(),
            version -> EntityTags.matches(ifMatch, version),
            before -> entry(caller, scopeId, window, before.byWindow().get(window), ceiling));
    if (!changed.done()) {
      throw EntityTags.changed();
    }
    snapshotPublisher.publishPending();
    return answer(changed.created() ? 201 : 200, scopeId, window, ceiling, changed.now().version());
  }

  private AuditEntry entry(
      Caller caller, ScopeId scopeId, Window window, @Nullable Ceiling from, @Nullable Ceiling to) {
    return AuditEntry.of(
        caller,
        clock.instant(),
        "ceilings/" + scopeId.scope().wireName() + "/" + scopeId.id() + "/" + window.wireName(),
        from == null ? null : Shapes.tree(from),
        to == null ? null : Shapes.tree(to));
  }

  private Response putOfRun(
      Caller caller, ScopeId scopeId, Ceiling ceiling, @Nullable String ifMatch) {
    CeilingChanges.RunChanged changed =
        Ids.isRunId(scopeId.id())
            ? changes.putOfRun(
                scopeId.tenantId(),
                scopeId.id(),
                run -> ceiling,
                version -> EntityTags.matches(ifMatch, tagged(version)),
                run -> entry(caller, scopeId, Window.TOTAL, run.ceiling(), ceiling))
            : new CeilingChanges.RunChanged.NoRun();
    return switch (changed) {
      case CeilingChanges.RunChanged.Done done -> answer(done.run());
      case CeilingChanges.RunChanged.NoRun none ->
          throw notFound("there is no run " + scopeId.id());
      case CeilingChanges.RunChanged.PreconditionFailed failed -> throw EntityTags.changed();
    };
  }

  /// The tag of a run's ceiling. A run has a ceiling from its creation, so its first version must
  /// not be 0, which means no ceiling.
  private static long tagged(long changes) {
    return changes + 1;
  }

  private static Response answer(Run run) {
    return answer(
        200,
        new ScopeId(run.tenantId(), Scope.RUN, run.runId()),
        Window.TOTAL,
        run.ceiling(),
        tagged(run.account().version().ceilings()));
  }

  @GET
  @Path(ONE)
  public Response get(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("scope") String scopeName,
      @PathParam("id") String id,
      @PathParam("window") String windowName) {
    Caller caller =
        access.require(authorization, Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    ScopeId scopeId = scopeId(caller, scopeName, id);
    Window window = window(scopeId, windowName);
    if (!mayRead(caller, scopeId)) {
      throw notFound("there is no such ceiling");
    }
    if (scopeId.scope() == Scope.RUN) {
      return runs.find(caller.tenantId(), id)
          .filter(run -> run.tuple().isVisibleTo(caller))
          .map(CeilingResource::answer)
          .orElseThrow(() -> notFound("there is no run " + id));
    }
    CeilingSet set = tenants.ceilingsNow(scopeId);
    Ceiling ceiling =
        Optional.ofNullable(set.byWindow().get(window))
            .orElseThrow(() -> notFound("there is no such ceiling"));
    return answer(200, scopeId, window, ceiling, set.version());
  }

  @DELETE
  @Path(ONE)
  public Response delete(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("scope") String scopeName,
      @PathParam("id") String id,
      @PathParam("window") String windowName,
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch) {
    Caller caller = access.require(authorization, Role.ADMIN);
    ScopeId scopeId = scopeId(caller, scopeName, id);
    Window window = window(scopeId, windowName);
    if (scopeId.scope() == Scope.RUN) {
      throw Problem.of(
              ProblemType.METHOD_NOT_ALLOWED,
              "a run always has a limit; it ends when the run is closed")
          .exception();
    }
    boolean deleted =
        changes.delete(
            scopeId,
            window,
            version -> EntityTags.matches(ifMatch, version),
            before -> entry(caller, scopeId, window, before.byWindow().get(window), null));
    if (!deleted) {
      if (tenants.ceilingsNow(scopeId).byWindow().containsKey(window)) {
        throw EntityTags.changed();
      }
      throw notFound("there is no such ceiling");
    }
    snapshotPublisher.publishPending();
    return Response.noContent().build();
  }

  private static Response answer(
      int status, ScopeId scopeId, Window window, Ceiling ceiling, long version) {
    return Response.status(status)
        .entity(CeilingView.of(scopeId.scope(), scopeId.id(), window, ceiling))
        .header(HttpHeaders.ETAG, EntityTags.of(version))
        .build();
  }

  private static ScopeId scopeId(Caller caller, String scopeName, String id) {
    Scope scope = parse("scope", scopeName, Scope::ofWireName);
    if (scope == Scope.TENANT && !id.equals("-")) {
      throw RequestFields.invalid("id", "is - for the tenant");
    }
    return new ScopeId(caller.tenantId(), scope, Ids.require("id", id));
  }

  private static Window window(ScopeId scopeId, String windowName) {
    Window window = parse("window", windowName, Window::ofWireName);
    if (scopeId.scope() == Scope.RUN && window != Window.TOTAL) {
      throw RequestFields.invalid("window", "a run's limit is over total");
    }
    return window;
  }

  private static <T> T parse(String name, String value, Function<String, T> convert) {
    try {
      return convert.apply(value);
    } catch (IllegalArgumentException e) {
      throw RequestFields.invalid(name, String.valueOf(e.getMessage()));
    }
  }

  /// Whether a caller may read a ceiling. An agent may read those of its own user and key. Only the
  /// run itself says who owns it, so an agent passes here for every run and is checked later.
  static boolean mayRead(Caller caller, ScopeId scopeId) {
    return caller.role() != Role.AGENT
        || switch (scopeId.scope()) {
          case USER -> scopeId.id().equals(caller.userId());
          case KEY -> scopeId.id().equals(caller.keyId());
          case RUN -> true;
          case TEAM, FEATURE, TENANT -> false;
        };
  }

  private static ProblemException notFound(String detail) {
    return Problem.of(ProblemType.NOT_FOUND, detail).exception();
  }
}
