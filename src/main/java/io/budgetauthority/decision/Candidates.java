package io.budgetauthority.decision;

import io.budgetauthority.price.PriceTable;
import io.budgetauthority.tenant.Policy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The models that a policy lists for a requested one, in its order, with their rows. A listed name
/// that means no row, or several, is no candidate: what has no price cannot be offered.
final class Candidates {

  /// What a name means to the tenant.
  interface Prices {
    PriceTable.Found find(@Nullable String provider, String model);
  }

  private Candidates() {}

  static List<Decider.Candidate> of(Policy policy, String model, Prices prices) {
    List<Decider.Candidate> candidates = new ArrayList<>();
    for (Policy.DowngradeRule rule : policy.downgrade()) {
      if (!rule.models().contains(model)) {
        continue;
      }
      for (Policy.DowngradeRule.Alternative listed : rule.alternatives()) {
        if (prices.find(listed.provider(), listed.model()) instanceof PriceTable.Found.Row row) {
          candidates.add(new Decider.Candidate(listed, row.price()));
        }
      }
    }
    return candidates;
  }
}
