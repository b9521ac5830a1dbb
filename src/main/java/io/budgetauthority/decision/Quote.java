package io.budgetauthority.decision;

import io.budgetauthority.ledger.Standing;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.Pricing;
import io.budgetauthority.tenant.Policy;

/// What a call would cost on one model under one output cap: the worst case, and what a soft gate
/// expects of it.
///
/// @param provider the provider as the caller or the policy names it
/// @param model the model as the caller or the policy names it
/// @param inputTokens the tokens that the input is bounded by
/// @param capTokens the effective output cap of one completion
public record Quote(
    Price row,
    String provider,
    String model,
    long inputTokens,
    long capTokens,
    boolean clamped,
    Standing.Estimate estimate) {

  static Quote of(
      Price row,
      String model,
      DecisionRequest request,
      long capTokens,
      boolean clamped,
      Policy policy) {
    long inputTokens = InputBound.of(request, row).tokens();
    MicroUsd worst = worstCase(row, request, inputTokens, capTokens);
    int percent = policy.softGate().expectedOutputPercent();
    MicroUsd expected =
        percent == 100
            ? worst
            : worstCase(row, request, inputTokens, Math.ceilDiv(capTokens * percent, 100L));
    return new Quote(
        row,
        request.provider() == null ? row.provider() : request.provider(),
        model,
        inputTokens,
        capTokens,
        clamped,
        new Standing.Estimate(worst, expected));
  }

  private static MicroUsd worstCase(
      Price row, DecisionRequest request, long inputTokens, long capTokens) {
    return Pricing.worstCase(row, bounds(request, inputTokens, capTokens));
  }

  static Bounds bounds(DecisionRequest request, long inputTokens, long capTokens) {
    return new Bounds(
        inputTokens,
        Math.multiplyExact(capTokens, request.choices()),
        request.parts(),
        request.units(),
        request.billedTools(),
        request.serviceTier());
  }
}
