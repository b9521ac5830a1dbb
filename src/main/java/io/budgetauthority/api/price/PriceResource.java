package io.budgetauthority.api.price;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Says which price table is in force, and what a model's name means to the tenant
/// (protocol.md#prices).
@Path("/budget/prices")
@Produces(MediaType.APPLICATION_JSON)
public final class PriceResource {

  private final Access access;
  private final PriceBook prices;
  private final PriceOverrides overrides;

  PriceResource(Access access, PriceBook prices, PriceOverrides overrides) {
    this.access = access;
    this.prices = prices;
    this.overrides = overrides;
  }

  /// The prices of one service tier above one length of input, in USD per token or unit.
  public record RateView(
      @JsonProperty("service_tier") String serviceTier,
      @JsonProperty("above_input_tokens") long aboveInputTokens,
      @JsonProperty("prices") Map<String, String> prices) {

    private static RateView of(Price row, RateCard card) {
      return new RateView(
          card.serviceTier(),
          card.aboveTokens(),
          row.describe(card.serviceTier(), card.aboveTokens() + 1));
    }
  }

  /// A row with the tenant's own prices in it.
  ///
  /// @param isFree whether its prices are zeros that somebody approved
  public record PriceView(
      @JsonProperty("provider") String provider,
      @JsonProperty("model") String model,
      @JsonProperty("mode") String mode,
      @JsonProperty("context_window_tokens") @Nullable Long windowTokens,
      @JsonProperty("max_output_tokens") @Nullable Long outputLimitTokens,
      @JsonProperty("capabilities") List<Capability> capabilities,
      @JsonProperty("is_free") boolean isFree,
      @JsonProperty("rates") List<RateView> rates) {

    private static PriceView of(Price row) {
      return new PriceView(
          row.provider(),
          row.model(),
          row.mode(),
          row.windowTokens(),
          row.outputLimitTokens(),
          row.capabilities().stream().sorted().toList(),
          row.zeroApproved() && row.allZero(),
          row.cards().stream()
              .sorted(
                  Comparator.comparing(
                          (RateCard card) -> card.serviceTier().equals("default") ? 0 : 1)
                      .thenComparing(RateCard::serviceTier)
                      .thenComparing(RateCard::aboveTokens))
              .map(card -> RateView.of(row, card))
              .toList());
    }
  }

  /// The table in force, and what a name means.
  ///
  /// @param publishedAt since when the table is in force
  /// @param price null where no name was asked for, or it means no row or several
  /// @param candidates the names that may have been meant; empty where there is a price
  public record Prices(
      @JsonProperty("price_table_version") String version,
      @JsonProperty("published_at") Instant publishedAt,
      @JsonProperty("price") @Nullable PriceView price,
      @JsonProperty("candidates") List<String> candidates) {}

  @GET
  public Prices get(
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("model") @Nullable String model) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    String ofProvider = Ids.optionalLabel("provider", provider);
    String ofModel = Ids.optionalLabel("model", model);
    if (ofModel == null && ofProvider != null) {
      throw RequestFields.invalid("model", "is required with provider");
    }
    PriceTable table = prices.current().orElseThrow(PriceResource::noPrices);
    Instant since = prices.inForceSince().orElseThrow(PriceResource::noPrices);
    if (ofModel == null) {
      return new Prices(table.version(), since, null, List.of());
    }
    return switch (overrides.find(caller.tenantId(), table, ofProvider, ofModel)) {
      case PriceTable.Found.Row row ->
          new Prices(table.version(), since, PriceView.of(row.price()), List.of());
      case PriceTable.Found.Ambiguous ambiguous ->
          new Prices(table.version(), since, null, ambiguous.candidates());
      case PriceTable.Found.Unknown unknown ->
          new Prices(table.version(), since, null, near(table, ofModel));
    };
  }

  private static List<String> near(PriceTable table, String name) {
    return table.near(name).stream().map(RowName::model).distinct().toList();
  }

  private static StorageUnavailable noPrices() {
    return new StorageUnavailable("no price table is loaded yet", null);
  }
}
