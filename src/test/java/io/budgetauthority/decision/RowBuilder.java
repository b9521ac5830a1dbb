package io.budgetauthority.decision;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A row of which a test states only what it is about: 1 micro-USD a token of input and 5 a token
/// of output, a window of 200,000 tokens and at most 64,000 of output unless stated.
public final class RowBuilder {

  private final String model;
  private String mode = "chat";
  private @Nullable Long window = 200_000L;
  private @Nullable Long outputLimit = 64_000L;
  private boolean sharedWindow;
  private Set<Capability> capabilities = Set.of();
  private Map<TokenClass, Long> tokenPicos =
      Map.of(TokenClass.INPUT, 1_000_000L, TokenClass.OUTPUT, 5_000_000L);
  private Map<BillingUnit, Long> unitPicos = Map.of();

  public RowBuilder(String model) {
    this.model = model;
  }

  public RowBuilder mode(String kindOfCall) {
    mode = kindOfCall;
    return this;
  }

  public RowBuilder window(@Nullable Long tokens) {
    window = tokens;
    return this;
  }

  public RowBuilder sharedWindow(long tokens) {
    sharedWindow = true;
    return window(tokens);
  }

  public RowBuilder outputLimit(@Nullable Long tokens) {
    outputLimit = tokens;
    return this;
  }

  public RowBuilder can(Capability... what) {
    capabilities = Set.of(what);
    return this;
  }

  public RowBuilder picos(long input, long output) {
    tokenPicos = Map.of(TokenClass.INPUT, input, TokenClass.OUTPUT, output);
    return this;
  }

  public RowBuilder cacheWrites(long picos) {
    tokenPicos = new EnumMap<>(tokenPicos);
    tokenPicos.put(TokenClass.CACHE_WRITE, picos);
    return this;
  }

  public RowBuilder unit(BillingUnit unit, long picos) {
    unitPicos = Map.of(unit, picos);
    return this;
  }

  public Price build() {
    return new Price(
        "test",
        model,
        mode,
        List.of(),
        window,
        outputLimit,
        sharedWindow,
        capabilities,
        List.of(new RateCard(Bounds.DEFAULT_TIER, 0, tokenPicos, unitPicos)),
        Map.of(),
        false);
  }
}
