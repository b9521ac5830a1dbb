package io.budgetauthority.decision.rule;

import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.record.Decision;
import io.budgetauthority.tenant.Policy;
import org.jspecify.annotations.Nullable;

/// What a call would cost on one model under one output cap: the worst case, and the cost that a
/// soft gate expects.
///
/// @param provider the provider as the caller or the policy names it
/// @param model the model as the caller or the policy names it
/// @param inputTokens the bound of the input, in tokens
/// @param capTokens the effective output cap of one completion
/// @param serviceTier the tier that the worst case is priced at; the region and the speed likewise
public record Quote(
    Price row,
    String provider,
    String model,
    long inputTokens,
    long capTokens,
    boolean clamped,
    String serviceTier,
    @Nullable String inferenceRegion,
    @Nullable String speed,
    Enforced.Estimate estimate) {

  static Quote of(
      Price row,
      String model,
      DecisionRequest request,
      long capTokens,
      boolean clamped,
      Policy policy) {
    Bounds bounds = bounds(request, row, policy, capTokens);
    MicroUsd worst = Pricing.worstCase(row, bounds);
    int percent = policy.softGate().expectedOutputPercent();
    MicroUsd expected =
        percent == 100
            ? worst
            : Pricing.worstCase(
                row,
                bounds(request, row, policy, Math.ceilDiv(capTokens * percent, 100L))
                    .at(bounds.serviceTier()));
    return new Quote(
        row,
        request.provider() == null ? row.provider() : request.provider(),
        model,
        bounds.inputTokens(),
        capTokens,
        clamped,
        bounds.serviceTier(),
        bounds.inferenceRegion(),
        bounds.speed(),
        new Enforced.Estimate(worst, expected, row.zeroApproved() && !worst.isPositive()));
  }

  /// The service tier, speed and region that the quote is for.
  public Decision.Service service() {
    return new Decision.Service(serviceTier, inferenceRegion, speed);
  }

  /// The same quote with another name of the provider.
  Quote of(String otherProvider) {
    return new Quote(
        row,
        otherProvider,
        model,
        inputTokens,
        capTokens,
        clamped,
        serviceTier,
        inferenceRegion,
        speed,
        estimate);
  }

  /// What the call may use at most, at the tier, in the region and at the speed that apply.
  static Bounds bounds(DecisionRequest request, Price row, Policy policy, long capTokens) {
    Bounds bounds =
        new Bounds(
            InputBound.of(request, row).tokens(),
            Math.multiplyExact(capTokens, request.choices()),
            request.parts(),
            request.units(),
            request.billedTools(),
            request.serviceTier(),
            inferenceRegion(request, row, policy),
            speed(request, row, policy));
    return request.serviceTier().equals(Bounds.AUTO_TIER)
        ? bounds.at(chosenTier(row, bounds, policy))
        : bounds;
  }

  /// Where the provider may choose the tier, the call is held at the dearest that it may choose.
  private static String chosenTier(Price row, Bounds bounds, Policy policy) {
    boolean mayBePriority =
        policy.autoServiceTier() == Policy.AutoServiceTier.DEAREST
            && Pricing.unpricedBecause(row, bounds.at(Bounds.PRIORITY_TIER)).isEmpty();
    if (!mayBePriority
        || Pricing.unpricedBecause(row, bounds.at(Bounds.DEFAULT_TIER)).isPresent()) {
      return Bounds.DEFAULT_TIER;
    }
    MicroUsd ofDefault = Pricing.worstCase(row, bounds.at(Bounds.DEFAULT_TIER));
    MicroUsd ofPriority = Pricing.worstCase(row, bounds.at(Bounds.PRIORITY_TIER));
    return ofPriority.compareTo(ofDefault) > 0 ? Bounds.PRIORITY_TIER : Bounds.DEFAULT_TIER;
  }

  /// The policy's region applies to the rows that state a price for it.
  private static @Nullable String inferenceRegion(
      DecisionRequest request, Price row, Policy policy) {
    String usual = policy.defaultInferenceRegion();
    return request.inferenceRegion() != null
        ? request.inferenceRegion()
        : usual != null && row.regions().containsKey(usual) ? usual : null;
  }

  private static @Nullable String speed(DecisionRequest request, Price row, Policy policy) {
    String usual = policy.defaultSpeed();
    return request.speed() != null
        ? request.speed()
        : usual != null && row.speeds().containsKey(usual) ? usual : null;
  }
}
