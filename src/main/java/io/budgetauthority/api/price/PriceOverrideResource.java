package io.budgetauthority.api.price;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.OverrideView;
import io.budgetauthority.configuration.ChangePriceOverride;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.override.PriceOverride;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Prices that a tenant states itself (protocol.md#administration), for models that the table does
/// not price or prices differently. A price of zero that a tenant states counts as approved.
@Path("/budget/price-overrides")
@Produces(MediaType.APPLICATION_JSON)
public final class PriceOverrideResource {

  private final Access access;
  private final PriceOverrides overrides;
  private final ChangePriceOverride changeOverride;
  private final PriceBook prices;

  PriceOverrideResource(
      Access access,
      PriceOverrides overrides,
      ChangePriceOverride changeOverride,
      PriceBook prices) {
    this.access = access;
    this.overrides = overrides;
    this.changeOverride = changeOverride;
    this.prices = prices;
  }

  private OverrideView view(PriceOverride override) {
    return OverrideView.of(override, rowOf(override.provider(), override.model()));
  }

  /// The table's row of exactly this provider and model; null if the table has none.
  private @Nullable Price rowOf(String provider, String model) {
    return prices
        .current()
        .map(table -> table.find(provider, model))
        .flatMap(
            found ->
                found instanceof PriceTable.Found.Row row
                    ? Optional.of(row.price())
                    : Optional.empty())
        .orElse(null);
  }

  @GET
  public Response get(
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    String ofProvider = provider == null ? null : required("provider", provider);
    String ofModel = model == null ? null : required("model", model);
    int most = Page.limit(limit);
    OverrideCursor last = OverrideCursor.read(after);
    if (ofProvider == null || ofModel == null) {
      List<PriceOverride> items =
          overrides.list(caller.tenantId()).stream()
              .filter(price -> ofProvider == null || price.provider().equals(ofProvider))
              .filter(price -> ofModel == null || price.model().equals(ofModel))
              .filter(price -> last == null || last.isBefore(price))
              .limit(most)
              .toList();
      return Response.ok(
              new Page<>(
                  items.stream().map(this::view).toList(),
                  items.size() < most ? null : OverrideCursor.of(items.getLast()).toString()))
          .build();
    }
    return overrides
        .get(caller.tenantId(), ofProvider, ofModel)
        .map(price -> Response.ok(view(price)).build())
        .orElseThrow(PriceOverrideResource::notFound);
  }

  @PUT
  @Consumes(MediaType.APPLICATION_JSON)
  public Response put(
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model,
      byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN);
    String ofProvider = required("provider", provider);
    String ofModel = required("model", model);
    RequestFields fields = RequestFields.parse(body);
    boolean acceptsAmbiguous = fields.flag("accept_ambiguous");
    PriceOverride override = PriceOverrideJson.read(fields, ofProvider, ofModel);
    if (!acceptsAmbiguous) {
      refuseAmbiguous(caller, override);
    }
    ChangePriceOverride.Result result = changeOverride.put(caller, override, this::view);
    if (result == ChangePriceOverride.Result.TOO_MANY) {
      throw RequestFields.invalid(
          "model",
          "would be more than "
              + PriceOverrides.MAX_OVERRIDES
              + " overrides: delete one that is not needed");
    }
    return Response.status(result == ChangePriceOverride.Result.CREATED ? 201 : 200)
        .entity(view(override))
        .build();
  }

  private void refuseAmbiguous(Caller caller, PriceOverride override) {
    List<RowName> names =
        overrides.sharing(caller.tenantId(), prices.current().orElse(null), override);
    if (names.size() > 1) {
      throw Problem.of(
              ProblemType.AMBIGUOUS_NAME,
              "the name "
                  + override.model()
                  + " without a provider would mean several prices: set accept_ambiguous to allow that")
          .withCandidates(names)
          .exception();
    }
  }

  @DELETE
  public Response delete(
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model) {
    Caller caller = access.require(Role.ADMIN);
    String ofProvider = required("provider", provider);
    String ofModel = required("model", model);
    ChangePriceOverride.Result result =
        changeOverride.delete(caller, ofProvider, ofModel, this::view);
    if (result == ChangePriceOverride.Result.UNKNOWN) {
      throw notFound();
    }
    return Response.noContent().build();
  }

  private static String required(String name, @Nullable String value) {
    if (value == null || !RequestFields.isLabel(value)) {
      throw RequestFields.invalid(
          name, "is required, with 1 to " + RequestFields.MAX_CHARACTERS + " characters");
    }
    return value;
  }

  private static ProblemException notFound() {
    return Problem.of(ProblemType.NOT_FOUND, "there is no such price override").exception();
  }
}
