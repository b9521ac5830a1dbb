package io.budgetauthority.decision.rule;

import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.tenant.Policy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the models that a policy lists for a requested one, in the policy's order, with their
/// rows. A listed name that means no row, or several, is left out, because a model without a price
/// cannot be offered.
public final class Candidates {

  /// What a name means to the tenant.
  public interface Prices {
    PriceTable.Found find(@Nullable String provider, String model);
  }

  private Candidates() {}

  /// @param row what the requested name means; null where it means no row
  public static List<Decider.Candidate> of(
      Policy policy, String model, @Nullable Price row, Prices prices) {
    List<Decider.Candidate> candidates = new ArrayList<>();
    for (Policy.DowngradeRule rule : policy.downgrade()) {
      if (!isFor(rule, model, row, prices)) {
        continue;
      }
      for (Policy.DowngradeRule.Alternative listed : rule.alternatives()) {
        if (prices.find(listed.provider(), listed.model()) instanceof PriceTable.Found.Row found) {
          candidates.add(
              new Decider.Candidate(
                  listed,
                  found.price(),
                  ModelRules.of(policy, found.price(), prices),
                  rule.fromPercent()));
        }
      }
    }
    return candidates;
  }

  private static boolean isFor(
      Policy.DowngradeRule rule, String model, @Nullable Price row, Prices prices) {
    return row == null
        ? rule.models().contains(model)
        : rule.models().stream().anyMatch(name -> ModelRules.means(name, row, prices));
  }
}
