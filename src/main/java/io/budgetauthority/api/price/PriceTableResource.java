package io.budgetauthority.api.price;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.InputTooLarge;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.review.PriceReview;
import io.budgetauthority.price.table.PriceTableRecord;
import io.budgetauthority.price.table.PriceTables;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Price tables, which an operator imports and publishes (protocol.md#administration). They belong
/// to no tenant, so no tenant's audit trail has their changes. The record of each version has them
/// instead.
@Path("/budget/price-tables")
@Produces(MediaType.APPLICATION_JSON)
public final class PriceTableResource {

  private static final String SOURCE = "POST /budget/price-tables";

  private final Access access;
  private final PriceTables tables;

  PriceTableResource(Access access, PriceTables tables) {
    this.access = access;
    this.tables = tables;
  }

  /// A version as an operator sees it.
  ///
  /// @param inForce whether decisions use it now
  public record TableView(
      @JsonUnwrapped PriceTableRecord table, @JsonProperty("in_force") boolean inForce) {}

  /// A version with its review.
  ///
  /// @param review null for a table that has none
  public record ReviewedView(
      @JsonUnwrapped PriceTableRecord table,
      @JsonProperty("in_force") boolean inForce,
      @JsonProperty("review") @Nullable PriceReview review) {}

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Response draft(byte @Nullable [] source) {
    Caller caller = access.require(Role.OPERATOR);
    byte[] bytes = source == null ? new byte[0] : source;
    if (bytes.length > PriceTables.MAX_SOURCE_BYTES) {
      throw new InputTooLarge(
          "the source has " + bytes.length + " bytes, the most is " + PriceTables.MAX_SOURCE_BYTES);
    }
    return switch (tables.draft(bytes, SOURCE, caller.principalId())) {
      case PriceTables.Drafted.Draft draft ->
          Response.status(201)
              .entity(view(new PriceTables.Papers(draft.table(), draft.review())))
              .build();
      case PriceTables.Drafted.Invalid invalid ->
          throw invalid(
              "the source cannot be imported: " + invalid.review().problems().getFirst(),
              invalid.review());
    };
  }

  @GET
  public Page<TableView> list(
      @QueryParam("limit") @Nullable String limit, @QueryParam("after") @Nullable String after) {
    Caller unused = access.require(Role.OPERATOR);
    int most = Page.limit(limit);
    List<PriceTableRecord> found = tables.list(most, Ids.optional("after", after));
    String inForce = tables.versionInForce().orElse(null);
    return new Page<>(
        found.stream().map(table -> new TableView(table, table.version().equals(inForce))).toList(),
        found.size() < most ? null : found.getLast().version());
  }

  @GET
  @Path("/{version}")
  public ReviewedView get(@PathParam("version") String version) {
    Caller unused = access.require(Role.OPERATOR);
    return tables.find(version).map(this::view).orElseThrow(() -> notFound(version));
  }

  @POST
  @Path("/{version}/publish")
  public TableView publish(@PathParam("version") String version, byte @Nullable [] body) {
    Caller caller = access.require(Role.OPERATOR);
    RequestFields fields = RequestFields.parseOptional(body);
    boolean accepted = fields.flag("accept_review");
    List<RowName> zeros = fields.objects("approve_zero", PriceTableResource::rowName);
    fields.end();
    return switch (tables.publish(version, accepted, zeros, caller.principalId())) {
      case PriceTables.Published.Done done ->
          new TableView(done.table(), inForce(done.table().version()));
      case PriceTables.Published.Unknown unknown -> throw notFound(version);
      case PriceTables.Published.Unaccepted unaccepted ->
          throw invalid(
              "the review of price table "
                  + version
                  + " is not clean: read it, and publish with accept_review true",
              unaccepted.review());
      case PriceTables.Published.NotZero notZero ->
          throw RequestFields.invalid(
              "/approve_zero/" + notZero.index(),
              "names no row of the table whose every price is zero");
      case PriceTables.Published.Moved moved ->
          throw Problem.of(
                  ProblemType.PRECONDITION_FAILED,
                  "price table "
                      + version
                      + " was reviewed against "
                      + moved.reviewedAgainst()
                      + ", and in force is "
                      + moved.inForce()
                      + ": send its source again")
              .exception();
      case PriceTables.Published.OtherApprovals other ->
          throw Problem.of(
                  ProblemType.PRECONDITION_FAILED,
                  "price table "
                      + version
                      + " was published with other rows in approve_zero, and does not change")
              .exception();
    };
  }

  private static RowName rowName(RequestFields fields) {
    String provider = fields.text("provider");
    String model = fields.text("model");
    if (!fields.has("provider")) {
      fields.error("provider", "is required");
    }
    if (!fields.has("model")) {
      fields.error("model", "is required");
    }
    fields.refuseOthers();
    return new RowName(provider == null ? "" : provider, model == null ? "" : model);
  }

  private ReviewedView view(PriceTables.Papers papers) {
    return new ReviewedView(papers.table(), inForce(papers.table().version()), papers.review());
  }

  private boolean inForce(String version) {
    return tables.versionInForce().filter(version::equals).isPresent();
  }

  private static ProblemException invalid(String detail, PriceReview review) {
    return Problem.of(ProblemType.PRICE_TABLE_INVALID, detail).withReview(review).exception();
  }

  private static ProblemException notFound(String version) {
    return Problem.of(ProblemType.NOT_FOUND, "there is no price table " + version).exception();
  }
}
