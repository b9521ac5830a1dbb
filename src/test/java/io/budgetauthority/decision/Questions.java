package io.budgetauthority.decision;

import io.budgetauthority.decision.rule.Candidates;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.ModelRules;
import io.budgetauthority.ledger.account.Enforced;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.tenant.Policy;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Questions to the decider in which a row has its own names and no others.
public final class Questions {

  private Questions() {}

  /// What names mean where there is only this row.
  static Candidates.Prices only(Price row) {
    return (provider, model) ->
        row.names().contains(model)
            ? new PriceTable.Found.Row(row)
            : new PriceTable.Found.Unknown();
  }

  public static ModelRules rules(Policy policy, Price row) {
    return ModelRules.of(policy, row, only(row));
  }

  public static Decider.Candidate candidate(Policy.DowngradeRule.Alternative listed, Price row) {
    return new Decider.Candidate(listed, row, ModelRules.NO_ROW, null);
  }

  /// A question whose candidates have the rules of the policy that lists them.
  public static Decider.Input of(
      DecisionRequest request,
      Policy policy,
      @Nullable Price row,
      List<Decider.Candidate> candidates,
      List<? extends Enforced> enforced) {
    return new Decider.Input(
        request,
        policy,
        row,
        row == null ? ModelRules.NO_ROW : rules(policy, row),
        List.of(),
        candidates.stream().map(candidate -> under(policy, candidate)).toList(),
        List.copyOf(enforced));
  }

  private static Decider.Candidate under(Policy policy, Decider.Candidate candidate) {
    Integer fromPercent =
        policy.downgrade().stream()
            .filter(rule -> rule.alternatives().contains(candidate.listed()))
            .findFirst()
            .flatMap(rule -> Optional.ofNullable(rule.fromPercent()))
            .orElse(null);
    return new Decider.Candidate(
        candidate.listed(), candidate.row(), rules(policy, candidate.row()), fromPercent);
  }
}
