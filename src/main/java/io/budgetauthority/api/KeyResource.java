package io.budgetauthority.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.ApiKeys;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.SnapshotPublisher;
import io.budgetauthority.tenant.Tenants;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The API keys of a tenant: created, listed, rotated with an overlap, deleted
/// (protocol.md#administration). Only the answer that creates a secret shows it.
@Path("/budget/keys")
@Produces(MediaType.APPLICATION_JSON)
public final class KeyResource {

  private static final int MAX_OVERLAP_SECONDS = 30 * 86_400;

  /// No cache may store an answer with a secret.
  static final String NO_STORE = "no-store";

  private static final int MAX_NAMED = 100;
  private static final List<String> OF_AGENTS = List.of("user_id", "key_id", "teams", "features");

  private final Access access;
  private final ApiKeys keys;
  private final Tenants tenants;
  private final SnapshotPublisher snapshotPublisher;
  private final Clock clock;

  KeyResource(
      Access access,
      ApiKeys keys,
      Tenants tenants,
      SnapshotPublisher snapshotPublisher,
      Clock clock) {
    this.access = access;
    this.keys = keys;
    this.tenants = tenants;
    this.snapshotPublisher = snapshotPublisher;
    this.clock = clock;
  }

  /// A key as administrators see it.
  ///
  /// @param secret only in the answer that created it; not written otherwise
  public record KeyView(
      @JsonProperty("id") String id,
      @JsonProperty("role") Role role,
      @JsonProperty("user_id") @Nullable String userId,
      @JsonProperty("key_id") @Nullable String keyId,
      @JsonProperty("teams") List<String> teams,
      @JsonProperty("features") List<String> features,
      @JsonProperty("created_at") Instant createdAt,
      @JsonProperty("secret") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String secret) {

    static KeyView of(ApiKeys.Principal principal, @Nullable String secret) {
      Caller caller = principal.caller();
      return new KeyView(
          caller.principalId(),
          caller.role(),
          caller.userId(),
          caller.keyId(),
          caller.teams(),
          caller.features(),
          principal.createdAt(),
          secret);
    }
  }

  @GET
  public Page<KeyView> list(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(authorization, Role.VIEWER, Role.ADMIN);
    int most = Page.limit(limit);
    List<KeyView> items =
        keys.list(caller.tenantId(), most, Ids.optional("after", after)).stream()
            .map(principal -> KeyView.of(principal, null))
            .toList();
    return new Page<>(items, items.size() < most ? null : items.getLast().id());
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response create(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.ADMIN);
    RequestFields fields = RequestFields.parse(body);
    Role stated = fields.oneOf("role", Role::ofWireName);
    if (!fields.has("role")) {
      fields.error("role", "is required");
    }
    if (stated == Role.OPERATOR) {
      fields.error("role", "an operator belongs to no tenant");
    }
    String userId = fields.id("user_id");
    String keyId = fields.id("key_id");
    boolean agent = stated == Role.AGENT;
    if (agent && !fields.has("user_id")) {
      fields.error("user_id", "is required for an agent");
    }
    if (agent && !fields.has("key_id")) {
      fields.error("key_id", "is required for an agent");
    }
    List<String> teams = fields.list("teams", PolicyJson::idOrAll);
    List<String> features = fields.list("features", PolicyJson::idOrAll);
    if (teams.size() > MAX_NAMED || features.size() > MAX_NAMED) {
      fields.error(teams.size() > MAX_NAMED ? "teams" : "features", "names more than " + MAX_NAMED);
    }
    for (String ofAgents : OF_AGENTS) {
      if (!agent && fields.has(ofAgents)) {
        fields.error(ofAgents, "may be stated for the role agent only");
      }
    }
    fields.end();
    String id = "key_" + UUID.randomUUID().toString().replace("-", "");
    Caller wanted =
        new Caller(
            caller.tenantId(),
            id,
            stated == null ? Role.VIEWER : stated,
            userId,
            keyId,
            teams,
            features);
    ApiKeys.Issued issued =
        keys.issue(wanted, tenants, entry(caller, id, null, Shapes.tree(wanted)));
    snapshotPublisher.publishPending();
    return Response.status(201)
        .header(HttpHeaders.CACHE_CONTROL, NO_STORE)
        .entity(KeyView.of(issued.principal(), issued.secret()))
        .build();
  }

  @POST
  @Path("/{id}/rotate")
  public Response rotate(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("id") String id,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.ADMIN);
    RequestFields fields =
        RequestFields.parse(body == null || body.length == 0 ? new byte[] {'{', '}'} : body);
    Long overlap = fields.integer("overlap_seconds", 0, MAX_OVERLAP_SECONDS);
    fields.end();
    long overlapSeconds = overlap == null ? 0 : overlap;
    ObjectNode before = shown(caller, id);
    ObjectNode after = before.deepCopy().put("overlap_seconds", overlapSeconds);
    return switch (keys.rotate(
        caller.tenantId(),
        id,
        Duration.ofSeconds(overlapSeconds),
        tenants,
        entry(caller, id, before, after))) {
      case ApiKeys.Rotated.Done done -> {
        snapshotPublisher.publishPending();
        yield Response.ok(KeyView.of(done.issued().principal(), done.issued().secret()))
            .header(HttpHeaders.CACHE_CONTROL, NO_STORE)
            .build();
      }
      case ApiKeys.Rotated.Unknown unknown -> throw notFound(id);
      case ApiKeys.Rotated.TooOften often ->
          throw RequestFields.invalid(
              "overlap_seconds",
              "leaves " + often.times() + " secrets valid: rotate with a shorter overlap");
      case ApiKeys.Rotated.Meanwhile meanwhile ->
          throw Problem.of(
                  ProblemType.PRECONDITION_FAILED,
                  "key " + id + " was just rotated by somebody else")
              .exception();
    };
  }

  @DELETE
  @Path("/{id}")
  public Response revoke(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @PathParam("id") String id) {
    Caller caller = access.require(authorization, Role.ADMIN);
    AuditEntry entry = entry(caller, id, shown(caller, id), null);
    return switch (keys.revoke(caller.tenantId(), id, tenants, entry)) {
      case UNKNOWN -> throw notFound(id);
      case LAST_ADMIN ->
          throw Problem.of(
                  ProblemType.LAST_ADMIN_KEY,
                  "key " + id + " is the tenant's last admin key: make another one first")
              .exception();
      case DONE -> {
        snapshotPublisher.publishPending();
        yield Response.noContent().build();
      }
    };
  }

  /// A key as the audit trail shows it, so that the entries of its rotation and deletion say whose
  /// key it was.
  private ObjectNode shown(Caller caller, String id) {
    return keys.find(caller.tenantId(), Ids.require("id", id))
        .map(principal -> (ObjectNode) Shapes.tree(principal.caller()))
        .orElseThrow(() -> notFound(id));
  }

  private AuditEntry entry(
      Caller caller, String id, @Nullable JsonNode from, @Nullable JsonNode to) {
    return AuditEntry.of(caller, clock.instant(), "keys/" + id, from, to);
  }

  private static ProblemException notFound(String id) {
    return Problem.of(ProblemType.NOT_FOUND, "there is no key " + id).exception();
  }
}
