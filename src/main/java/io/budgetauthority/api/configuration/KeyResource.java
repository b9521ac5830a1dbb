package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.UnknownOutcome;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.KeyView;
import io.budgetauthority.configuration.IssueKey;
import io.budgetauthority.configuration.IssuedKey;
import io.budgetauthority.configuration.RevokeKey;
import io.budgetauthority.configuration.RotateKey;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The API keys of a tenant: created, listed, rotated with an overlap, deleted
/// (protocol.md#administration). Only the answer that creates a secret shows it.
@Path("/budget/keys")
@Produces(MediaType.APPLICATION_JSON)
public final class KeyResource {

  /// No cache may store an answer with a secret.
  static final String NO_STORE = "no-store";

  private final Access access;
  private final ApiKeys keys;
  private final IssueKey issueKey;
  private final RotateKey rotateKey;
  private final RevokeKey revokeKey;

  KeyResource(
      Access access, ApiKeys keys, IssueKey issueKey, RotateKey rotateKey, RevokeKey revokeKey) {
    this.access = access;
    this.keys = keys;
    this.issueKey = issueKey;
    this.rotateKey = rotateKey;
    this.revokeKey = revokeKey;
  }

  @GET
  public Page<KeyView> list(
      @QueryParam("limit") @Nullable String limit, @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    List<KeyView> items =
        keys.list(caller.tenantId(), most, Ids.optional("after", after)).stream()
            .map(principal -> KeyView.of(principal, null))
            .toList();
    return new Page<>(items, items.size() < most ? null : items.getLast().id());
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response create(byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN);
    Caller wanted = KeyJson.read(body, caller.tenantId());
    IssuedKey issued =
        UnknownOutcome.adviseOf(
            "a key may be there whose secret nobody has: delete it where GET /budget/keys lists it,"
                + " and send the same request again",
            () -> issueKey.issue(caller, wanted));
    return Response.status(201)
        .header(HttpHeaders.CACHE_CONTROL, NO_STORE)
        .entity(KeyView.of(issued.principal(), issued.secret()))
        .build();
  }

  @POST
  @Path("/{id}/rotate")
  public Response rotate(@PathParam("id") String id, byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN);
    RequestFields fields = RequestFields.parseOptional(body);
    Long overlap = fields.integer("overlap_seconds", 0, RotateKey.MAX_OVERLAP.toSeconds());
    fields.end();
    Duration within = Duration.ofSeconds(overlap == null ? 0 : overlap);
    String principalId = Ids.require("id", id);
    return switch (UnknownOutcome.adviseOf(
        "the older secrets may end, and nobody may have the new one: send the same request again,"
            + " by another admin key where this one is refused",
        () -> rotateKey.rotate(caller, caller.tenantId(), principalId, within))) {
      case RotateKey.Result.Done done ->
          Response.ok(KeyView.of(done.issued().principal(), done.issued().secret()))
              .header(HttpHeaders.CACHE_CONTROL, NO_STORE)
              .build();
      case RotateKey.Result.Unknown unknown -> throw notFound(id);
      case RotateKey.Result.TooManySecrets many ->
          throw RequestFields.invalid(
              "overlap_seconds",
              "leaves " + many.count() + " secrets valid: rotate with a shorter overlap");
      case RotateKey.Result.Conflict conflict ->
          throw Problem.of(
                  ProblemType.PRECONDITION_FAILED,
                  "key " + id + " was just rotated by somebody else")
              .exception();
    };
  }

  @DELETE
  @Path("/{id}")
  public Response revoke(@PathParam("id") String id) {
    Caller caller = access.require(Role.ADMIN);
    return switch (revokeKey.revoke(caller, caller.tenantId(), Ids.require("id", id))) {
      case DONE -> Response.noContent().build();
      case UNKNOWN -> throw notFound(id);
      case LAST_ADMIN ->
          throw Problem.of(
                  ProblemType.LAST_ADMIN_KEY,
                  "key " + id + " is the tenant's last admin key: make another one first")
              .exception();
    };
  }

  private static ProblemException notFound(String id) {
    return Problem.of(ProblemType.NOT_FOUND, "there is no key " + id).exception();
  }
}
