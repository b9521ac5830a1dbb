package io.budgetauthority.decision.rule;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Decides a stored ask again under another policy and the prices of now (protocol.md#what-if).
/// Pure. The balances and limits are those that the decision saw. An account whose mode was the
/// tenant's has the mode of the other policy.
///
/// @param other the policy that is tried
/// @param table the prices of now
/// @param names what names mean to the tenant now
public record WhatIf(String tenantId, Policy other, PriceTable table, Candidates.Prices names) {

  /// What a decision was, or would be.
  ///
  /// @param decision `allow`, `downgrade`, `advisory_warn`, `block`, or `refuse` for a request that
  ///   is answered 400
  /// @param code the code of a block, a warning or a refusal; null where there is none
  /// @param model the model that the call is held for, or was asked for
  /// @param estimate the worst case in micro-USD; null where there is no price
  public record Outcome(
      String decision,
      @Nullable ProblemCode code,
      @Nullable String model,
      @Nullable MicroUsd estimate) {

    /// What a stored decision was. A later retarget is no part of it.
    public static Outcome of(Decision decision) {
      boolean downgraded =
          decision.verdict() instanceof Verdict.Granted granted
              && granted.kind() == Verdict.Kind.DOWNGRADE;
      return new Outcome(
          decision.verdict().wireName(),
          decision.verdict().code(),
          downgraded ? decision.model().held() : decision.model().requested(),
          decision.estimate());
    }

    /// Whether a caller would notice the difference.
    public boolean differsFrom(Outcome was) {
      return !decision.equals(was.decision)
          || code != was.code
          || (model != null && !model.equals(was.model));
    }
  }

  /// Whether a decision can be made again: it is that of an ask, with its bounds.
  public static boolean isRepeatable(Decision decision) {
    return decision.asked() != null
        && decision.degraded() == null
        && decision.model().requested() != null;
  }

  /// What the decision would be. A decision that is not repeatable gets an
  /// [IllegalArgumentException].
  public Outcome decide(Decision decision) {
    Asked asked = decision.asked();
    String model = decision.model().requested();
    if (asked == null || model == null) {
      throw new IllegalArgumentException("the decision has no ask");
    }
    boolean moved = decision.model().selected() != null && !model.equals(decision.model().held());
    DecisionRequest request =
        new StoredAsk(decision, asked)
            .request(
                moved ? decision.model().requestedProvider() : decision.model().provider(),
                model,
                decision.tokens().requestedOutput(),
                true,
                false);
    PriceTable.Found found = names.find(request.provider(), model);
    if (found instanceof PriceTable.Found.Ambiguous) {
      return new Outcome("refuse", null, model, null);
    }
    Price row = found instanceof PriceTable.Found.Row it ? it.price() : null;
    Plan plan =
        Decider.decide(
            Decider.Input.of(
                request,
                other,
                table,
                row,
                names,
                Candidates.of(other, model, row, names),
                before(decision)));
    return switch (plan) {
      case Plan.Refuse refuse -> new Outcome("refuse", refuse.code(), model, null);
      case Plan.Block block ->
          new Outcome(
              block.verdict().wireName(), block.verdict().code(), model, worst(block.quote()));
      case Plan.Grant grant ->
          new Outcome(
              grant.verdict().wireName(),
              grant.verdict().code(),
              grant.quote() == null ? model : grant.quote().model(),
              worst(grant.quote()));
    };
  }

  private static @Nullable MicroUsd worst(@Nullable Quote quote) {
    return quote == null ? null : quote.estimate().worst();
  }

  /// The accounts and rates as they were before the decision's holds.
  private List<Enforced> before(Decision decision) {
    List<Enforced> enforced = new ArrayList<>();
    decision.accounts().forEach(share -> enforced.add(before(share)));
    for (RateShare share : decision.rates()) {
      Mode mode = share.ownMode() == null ? other.mode() : share.ownMode();
      enforced.add(EnforcedRate.before(tenantId, share, mode, decision.createdAt()));
    }
    return enforced;
  }

  /// The account as it was before the decision's hold.
  private EnforcedAccount before(AccountShare share) {
    Mode mode = share.ownMode() == null ? other.mode() : share.ownMode();
    MicroUsd margin = share.ownMargin() == null ? other.softGate().margin() : share.ownMargin();
    return new EnforcedAccount(
        Account.of(
            share.key(tenantId),
            share.limit(),
            share.committed(),
            share.reserved().minus(share.hold()),
            LimitVersion.ofRun(0)),
        null,
        mode,
        margin,
        share.warnAtPercent() == null ? Ceiling.DEFAULT_WARN_AT_PERCENT : share.warnAtPercent(),
        share.resetsAt());
  }
}
