package io.budgetauthority.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.input.Fields;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceBook;
import io.budgetauthority.price.PriceOverrides;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Publications;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Prices that a tenant states itself (protocol section 6): of models that the table does not
/// price, or prices otherwise. A price of zero that is stated here is meant.
@Path("/budget/price-overrides")
@Produces(MediaType.APPLICATION_JSON)
public final class PriceOverrideResource {

  private static final char NUL = 0;
  private static final String USD = "[0-9]{1,6}(\\.[0-9]{1,12})?";

  private final Access access;
  private final PriceOverrides overrides;
  private final PriceBook prices;
  private final Publications publications;
  private final Clock clock;

  PriceOverrideResource(
      Access access,
      PriceOverrides overrides,
      PriceBook prices,
      Publications publications,
      Clock clock) {
    this.access = access;
    this.overrides = overrides;
    this.prices = prices;
    this.publications = publications;
    this.clock = clock;
  }

  /// A stated price.
  ///
  /// @param prices USD per token, unit or use, by class, unit and tool
  public record OverrideView(
      @JsonProperty("provider") String provider,
      @JsonProperty("model") String model,
      @JsonProperty("mode") String mode,
      @JsonProperty("context_window_tokens") @Nullable Long contextWindowTokens,
      @JsonProperty("max_output_tokens") @Nullable Long maxOutputTokens,
      @JsonProperty("prices") Map<String, String> prices) {

    static OverrideView of(Price price) {
      return new OverrideView(
          price.provider(),
          price.model(),
          price.mode(),
          price.windowTokens(),
          price.outputLimitTokens(),
          price.describe(Bounds.DEFAULT_TIER, 0));
    }
  }

  @GET
  public Response get(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller =
        access.require(authorization, Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    String ofProvider = provider == null ? null : required("provider", provider);
    String ofModel = model == null ? null : required("model", model);
    int most = Page.limit(limit);
    String last = after == null ? null : place(after);
    if (ofProvider == null || ofModel == null) {
      List<Price> items =
          overrides.of(caller.tenantId()).stream()
              .filter(price -> ofProvider == null || price.provider().equals(ofProvider))
              .filter(price -> ofModel == null || price.model().equals(ofModel))
              .filter(price -> last == null || place(price).compareTo(last) > 0)
              .limit(most)
              .toList();
      return Response.ok(
              new Page<>(
                  items.stream().map(OverrideView::of).toList(),
                  items.size() < most ? null : next(items.getLast())))
          .build();
    }
    return overrides
        .get(caller.tenantId(), ofProvider, ofModel)
        .map(price -> Response.ok(OverrideView.of(price)).build())
        .orElseThrow(PriceOverrideResource::notFound);
  }

  /// Where a price is in the list: by provider, then by model. NUL is in no name that matters here
  /// and before every other character.
  private static String place(Price price) {
    return price.provider() + NUL + price.model();
  }

  /// Names have any character, a parameter is better off with few.
  private static String next(Price last) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(place(last).getBytes(StandardCharsets.UTF_8));
  }

  private static String place(String after) {
    try {
      return new String(Base64.getUrlDecoder().decode(after), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Fields.invalid("after", "must be the next of a page");
    }
  }

  @PUT
  @Consumes(MediaType.APPLICATION_JSON)
  public Response put(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model,
      byte @Nullable [] body) {
    Caller caller = access.require(authorization, Role.ADMIN);
    String ofProvider = required("provider", provider);
    String ofModel = required("model", model);
    Price price = read(body, ofProvider, ofModel);
    Optional<Price> before = overrides.get(caller.tenantId(), ofProvider, ofModel);
    overrides.put(
        caller.tenantId(),
        price,
        entry(
            caller,
            ofProvider,
            ofModel,
            before.map(it -> Shapes.tree(OverrideView.of(it))).orElse(null),
            Shapes.tree(OverrideView.of(price))));
    publications.catchUp();
    return Response.status(before.isPresent() ? 200 : 201).entity(OverrideView.of(price)).build();
  }

  @DELETE
  public Response delete(
      @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String authorization,
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model) {
    Caller caller = access.require(authorization, Role.ADMIN);
    String ofProvider = required("provider", provider);
    String ofModel = required("model", model);
    Price before =
        overrides
            .get(caller.tenantId(), ofProvider, ofModel)
            .orElseThrow(PriceOverrideResource::notFound);
    overrides.delete(
        caller.tenantId(),
        ofProvider,
        ofModel,
        entry(caller, ofProvider, ofModel, Shapes.tree(OverrideView.of(before)), null));
    publications.catchUp();
    return Response.noContent().build();
  }

  /// Reads a price. What is left out of the limits is the table's, where it has the model.
  private Price read(byte @Nullable [] body, String provider, String model) {
    Fields fields = Fields.parse(body);
    Price known =
        prices
            .current()
            .map(table -> table.find(provider, model))
            .flatMap(
                found ->
                    found instanceof PriceTable.Found.Row row
                        ? Optional.of(row.price())
                        : Optional.empty())
            .orElse(null);
    String mode = fields.text("mode");
    Long window = fields.integer("context_window_tokens", 1, Fields.MOST);
    Long outputLimit = fields.integer("max_output_tokens", 1, Fields.MOST);
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    capabilities.addAll(fields.list("supports", PriceOverrideResource::capability));
    Map<TokenClass, Long> tokens = new EnumMap<>(TokenClass.class);
    Map<BillingUnit, Long> units = new EnumMap<>(BillingUnit.class);
    Map<String, Long> tools = new HashMap<>();
    if (!fields.has("prices") && !fields.has("units") && !fields.has("billed_tools")) {
      fields.error("prices", "is required, or units, or billed_tools");
    }
    fields
        .texts("prices", PriceOverrideResource::picos)
        .forEach(
            (name, picos) -> fields.put("prices", name, TokenClass::ofWireName, tokens, picos));
    fields
        .texts("units", PriceOverrideResource::picos)
        .forEach((name, picos) -> fields.put("units", name, BillingUnit::ofWireName, units, picos));
    tools.putAll(fields.texts("billed_tools", PriceOverrideResource::picos));
    fields.end();
    return new Price(
        provider,
        model,
        mode != null ? mode : known == null ? "chat" : known.mode(),
        List.of(),
        window != null || known == null ? window : known.windowTokens(),
        outputLimit != null || known == null ? outputLimit : known.outputLimitTokens(),
        window == null && known != null && known.sharedWindow(),
        capabilities.isEmpty() && known != null ? known.capabilities() : capabilities,
        List.of(new RateCard(Bounds.DEFAULT_TIER, 0, tokens, units)),
        tools,
        true);
  }

  private static Capability capability(JsonNode element) {
    if (!element.isTextual()) {
      throw new IllegalArgumentException("must be the name of a capability");
    }
    return Capability.ofWireName(element.textValue());
  }

  private static Long picos(String usd) {
    if (!usd.matches(USD)) {
      throw new IllegalArgumentException(
          "must be USD as a decimal string with at most 12 decimals, such as \"0.000003\"");
    }
    return PicoUsd.ofUsd(new BigDecimal(usd)).picos();
  }

  private AuditEntry entry(
      Caller caller,
      String provider,
      String model,
      @Nullable JsonNode from,
      @Nullable JsonNode to) {
    return AuditEntry.of(
        caller, clock.instant(), "price-overrides/" + provider + "/" + model, from, to);
  }

  private static String required(String name, @Nullable String value) {
    if (value == null || !Fields.isLabel(value)) {
      throw Fields.invalid(
          name, "is required, with 1 to " + Fields.MOST_CHARACTERS + " characters");
    }
    return value;
  }

  private static ProblemException notFound() {
    return Problem.of(ProblemType.NOT_FOUND, "there is no such price override").exception();
  }
}
