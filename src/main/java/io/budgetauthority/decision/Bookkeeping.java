package io.budgetauthority.decision;

import io.budgetauthority.ledger.DecisionWrite;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunChange;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.RateHold;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.record.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the write of a call: its item, a hold or a charge on each account, the runs that it starts
/// or renews, and the counters of those runs (ledger.md#reserve). Pure.
public final class Bookkeeping {

  private Bookkeeping() {}

  /// How a call uses its runs.
  public enum Use {
    /// A decision that is made now. It renews its runs.
    DECISION,
    /// A decision that was made earlier. It renews the runs that are active, never to an earlier
    /// time than they have.
    LATE_DECISION,
    /// Usage without a decision. It renews no run.
    USAGE
  }

  /// @param holds one for each of the view's accounts, in their order
  /// @param rates one for each of the view's rates
  public static DecisionWrite write(
      Reservation item,
      BudgetView view,
      List<ConditionalHold> holds,
      List<RateHold> rates,
      Use use) {
    List<ConditionalHold> updates = new ArrayList<>();
    List<RunChange> changes = new ArrayList<>();
    for (int i = 0; i < view.runs().size(); i++) {
      BudgetView.RunOfCall run = view.runs().get(i);
      boolean own = i == 0;
      if (run.stored() == null) {
        changes.add(
            new RunChange.Start(
                started(item.tenantId(), view, run, holds.get(i), own),
                own ? parentOf(view) : null));
        continue;
      }
      updates.add(holds.get(i));
      if (isRenewed(run.stored(), view, use)) {
        Tuple bound =
            own ? run.stored().tuple().completedBy(view.subject().tuple()) : run.stored().tuple();
        changes.add(
            new RunChange.Renew(
                run.stored(), bound, view.at(), renewedUntil(run.stored(), view, use), own));
      }
    }
    updates.addAll(holds.subList(view.runs().size(), holds.size()));
    return new DecisionWrite(item, updates, rates, changes, counters(item.tenantId(), view, use));
  }

  private static @Nullable Run parentOf(BudgetView view) {
    return view.runs().size() < 2 ? null : view.runs().get(1).stored();
  }

  /// A run that the call starts, with the call's hold and charge in its account. An ancestor that
  /// is created with it is bound to nothing until a decision names that ancestor as its own run.
  private static Run started(
      String tenantId,
      BudgetView view,
      BudgetView.RunOfCall run,
      ConditionalHold hold,
      boolean own) {
    EnforcedAccount enforced = hold.enforced();
    Account account = enforced.account();
    return new Run(
        tenantId,
        account.key().id(),
        own ? view.ancestors() : List.of(),
        own ? view.subject().tuple() : Tuple.UNBOUND,
        null,
        view.at(),
        view.at().plus(view.policy().runTtl()),
        account.limit(),
        new Run.Rules(
            enforced.own().mode(), enforced.own().margin(), enforced.warnAtPercent(), run.rates()),
        !(own && view.issued()),
        Run.CountedOn.HEADS,
        Account.of(account.key(), account.limit(), hold.charge(), hold.hold(), account.version()));
  }

  private static boolean isRenewed(Run run, BudgetView view, Use use) {
    return switch (use) {
      case DECISION -> true;
      case LATE_DECISION -> run.stateAt(view.at()) == Run.State.ACTIVE;
      case USAGE -> false;
    };
  }

  private static Instant renewedUntil(Run run, BudgetView view, Use use) {
    Instant until = view.at().plus(view.policy().runTtl());
    return use == Use.LATE_DECISION && run.expiresAt().isAfter(until) ? run.expiresAt() : until;
  }

  /// The counters that the call's own run increments: those of a new run, and those of a key or a
  /// user that the call binds. An ancestor that is created with the run does not count as another
  /// new run of the day.
  private static List<RunCounter> counters(String tenantId, BudgetView view, Use use) {
    if (view.runs().isEmpty()) {
      return List.of();
    }
    Run own = view.runs().getFirst().stored();
    if (own == null) {
      return view.issued()
          ? List.of()
          : RunCounters.ofNew(tenantId, view.versioned(), view.subject().tuple(), view.at());
    }
    return isRenewed(own, view, use)
        ? RunCounters.ofKnown(
            tenantId,
            view.versioned(),
            own,
            own.tuple().completedBy(view.subject().tuple()),
            view.at())
        : List.of();
  }
}
