package io.budgetauthority.decision.rule;

import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the decider decides about an ask. The authority carries it out.
public sealed interface Plan {

  /// The call is let through, and these amounts are held.
  ///
  /// @param quote null where an advisory tenant calls what has no price
  /// @param mode the strictest mode over all accounts
  /// @param isByRunSum whether what is committed and held of the run had a part in it
  record Grant(
      Verdict.Granted verdict,
      @Nullable Quote quote,
      List<ConditionalHold> holds,
      List<RateHold> rates,
      Mode mode,
      List<String> warnings,
      boolean isByRunSum)
      implements Plan {
    public Grant {
      holds = List.copyOf(holds);
      rates = List.copyOf(rates);
      warnings = List.copyOf(warnings);
    }

    /// The same plan in a stated strictest mode, for an outage, in which the accounts are not
    /// known.
    public Grant in(Mode strictest) {
      return new Grant(verdict, quote, holds, rates, strictest, warnings, isByRunSum);
    }
  }

  /// The call is not let through. The block is stored and answered with a problem.
  ///
  /// @param quote null where the price is unknown or the model not allowed
  /// @param least the estimate under the smallest cap that the call may get; null without a quote
  /// @param mode that of the account or rate that blocks, else the strictest mode over all
  record Block(
      Verdict.Block verdict, @Nullable Quote quote, Enforced.@Nullable Estimate least, Mode mode)
      implements Plan {}

  /// The request cannot be decided as it is (400). Nothing is stored.
  record Refuse(ProblemCode code, String reason) implements Plan {}
}
