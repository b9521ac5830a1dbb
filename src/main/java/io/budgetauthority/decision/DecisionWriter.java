package io.budgetauthority.decision;

import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.InputBound;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.decision.rule.Quote;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Turns a plan into what is answered and stored: the decision and its reservation. Pure.
///
/// @param notices warnings beside those of the plan
/// @param degraded the code of the outage in which the ledger was not asked; null where it was
///   asked
record DecisionWriter(
    DecisionRequest request,
    BudgetView view,
    String priceTableVersion,
    List<String> notices,
    @Nullable String degraded) {

  Decision decision(Plan.Grant grant) {
    return decision(
        grant.verdict(),
        grant.mode(),
        grant.quote(),
        grant.holds().stream().map(ConditionalHold::share).toList(),
        grant.rates().stream().map(hold -> hold.rate().sharing(hold.hold())).toList(),
        Stream.concat(grant.warnings().stream(), notices.stream()).toList());
  }

  /// A block of a call without a price holds nothing, so everything has room for it.
  Decision decision(Plan.Block block) {
    Enforced.Estimate least = block.least();
    Enforced.Estimate estimate =
        least == null ? new Enforced.Estimate(MicroUsd.ZERO, MicroUsd.ZERO, true) : least;
    return decision(
        block.verdict(),
        block.mode(),
        block.quote(),
        view.accounts().stream().map(account -> account.sharing(MicroUsd.ZERO)).toList(),
        view.rates().stream().map(rate -> rate.sharingBlock(estimate)).toList(),
        List.of());
  }

  private Decision decision(
      Verdict verdict,
      Mode mode,
      @Nullable Quote quote,
      List<AccountShare> accounts,
      List<RateShare> rates,
      List<String> warnings) {
    boolean isBlock = verdict instanceof Verdict.Block;
    return new Decision(
        verdict,
        mode,
        view.subject(),
        new Decision.Model(
            quote == null ? request.provider() : quote.provider(),
            request.model(),
            quote == null || isBlock ? null : quote.model(),
            request.requestClass(),
            quote == null || quote.provider().equals(request.provider())
                ? null
                : request.provider()),
        quote == null
            ? new Decision.Tokens(
                request.inputTokens(), null, request.maxOutputTokens(), null, false)
            : new Decision.Tokens(
                quote.inputTokens(),
                InputBound.of(request, quote.row()).basis(),
                request.maxOutputTokens(),
                quote.capTokens(),
                quote.clamped()),
        quote == null
            ? new Decision.Service(
                request.serviceTier(), request.inferenceRegion(), request.speed())
            : quote.service(),
        quote == null ? null : quote.estimate().worst(),
        accounts,
        rates,
        warnings,
        priceTableVersion,
        view.at(),
        degraded,
        request.bounds());
  }

  /// The reservation of a call that is let through.
  Reservation granted(Decision decision, Ask.Identity identity, Plan.Grant grant) {
    return reservation(identity, ReservationState.RESERVED, decision, grant.quote());
  }

  /// The item of a block, which reserves nothing.
  Reservation blocked(Decision decision, Ask.Identity identity, Plan.Block block) {
    return reservation(identity, ReservationState.NONE, decision, block.quote());
  }

  private Reservation reservation(
      Ask.Identity identity, ReservationState state, Decision decision, @Nullable Quote quote) {
    int ttlSeconds =
        request.ttlSeconds() == null ? view.policy().reservationTtlSeconds() : request.ttlSeconds();
    return new Reservation(
        identity.id(),
        identity.tenantId(),
        identity.principalId(),
        identity.requestHash(),
        Reservation.newNonce(),
        1,
        state,
        request.explicitForward(),
        false,
        decision,
        quote == null ? null : quote.row(),
        null,
        null,
        view.at().plusSeconds(ttlSeconds),
        state == ReservationState.NONE ? view.at() : null,
        Duration.ofDays(view.policy().retentionDays()));
  }
}
