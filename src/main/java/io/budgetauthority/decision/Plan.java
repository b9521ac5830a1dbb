package io.budgetauthority.decision;

import io.budgetauthority.ledger.ConditionalHold;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.price.PriceReview;
import io.budgetauthority.tenant.Mode;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the decider decides about an ask. The authority carries it out.
public sealed interface Plan {

  /// The call is let through, and these amounts are held.
  ///
  /// @param quote null where an advisory tenant calls what has no price
  /// @param constrainedBy the account that made the answer less than a plain allow; null where none
  ///   did
  /// @param code the rule that an advisory answer warns of; null where none
  /// @param mode the strictest mode over all accounts
  record Grant(
      Kind kind,
      @Nullable Quote quote,
      List<ConditionalHold> takes,
      @Nullable EnforcedAccount constrainedBy,
      @Nullable ProblemCode code,
      Mode mode,
      List<String> warnings,
      List<Alternative> alternatives)
      implements Plan {
    public Grant {
      takes = List.copyOf(takes);
      warnings = List.copyOf(warnings);
      alternatives = List.copyOf(alternatives);
    }

    /// The same plan in a stated strictest mode, for an outage, in which the accounts are not
    /// known.
    Grant in(Mode strictest) {
      return new Grant(kind, quote, takes, constrainedBy, code, strictest, warnings, alternatives);
    }
  }

  /// How a call is let through.
  enum Kind {
    ALLOW,
    DOWNGRADE,
    ADVISORY_WARN
  }

  /// The call is not let through. The block is stored and answered with a problem.
  ///
  /// @param quote null where the price is unknown or the model not allowed
  /// @param blocking the account that falls furthest short; null where no account blocks
  /// @param fitsMaxOutputTokens the largest smaller cap that would fit; null where none would
  /// @param resetsAt the end of the window after which the call would fit; null where waiting for
  ///   it would not help
  /// @param candidates rows that the caller may have meant, where the price is unknown
  record Block(
      ProblemCode code,
      String detail,
      @Nullable Quote quote,
      @Nullable EnforcedAccount blocking,
      Mode mode,
      List<Remedy> remedies,
      List<Alternative> alternatives,
      @Nullable Long fitsMaxOutputTokens,
      @Nullable Instant resetsAt,
      List<PriceReview.RowName> candidates)
      implements Plan {
    public Block {
      candidates = List.copyOf(candidates);
      remedies = List.copyOf(remedies);
      alternatives = List.copyOf(alternatives);
    }
  }

  /// The request cannot be decided as it is (400). Nothing is stored.
  record Refuse(ProblemCode code, String reason) implements Plan {}
}
