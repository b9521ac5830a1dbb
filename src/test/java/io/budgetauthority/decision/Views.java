package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Views of a call in run `r`, for tests of the pure stages.
public final class Views {

  private Views() {}

  /// @param own null where the call starts its run
  /// @param accounts that of the run first, then those of the ancestors, then those of ceilings
  public static BudgetView of(
      Policy policy,
      Tuple tuple,
      Instant now,
      @Nullable Run own,
      List<Run> ancestors,
      List<EnforcedAccount> accounts) {
    List<BudgetView.RunOfCall> runs = new ArrayList<>();
    runs.add(new BudgetView.RunOfCall("r", own, accounts.getFirst(), Map.of()));
    for (Run ancestor : ancestors) {
      runs.add(
          new BudgetView.RunOfCall(
              ancestor.runId(), ancestor, accounts.get(runs.size()), Map.of()));
    }
    return new BudgetView(
        new VersionedPolicy(policy, Calendar.in(policy.timeZone()), 1),
        now,
        new Decision.Subject(
            "r", ancestors.isEmpty() ? null : ancestors.getFirst().runId(), null, tuple),
        runs,
        false,
        accounts.subList(runs.size(), accounts.size()),
        List.of());
  }
}
