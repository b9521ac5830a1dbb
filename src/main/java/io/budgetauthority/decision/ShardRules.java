package io.budgetauthority.decision;

import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.tenant.Mode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What may be decided by which reading of accounts with several shards (ledger.md#shards). Pure.
final class ShardRules {

  private ShardRules() {}

  /// Whether a plan may be written as it is. A plan that gives the caller less than it asked for,
  /// because of an account with several shards, needs two readings of all of them. Any other plan
  /// needs enough on the shard of each hold.
  static boolean isSettled(Plan plan, BudgetView view) {
    if (!view.isSplit()) {
      return true;
    }
    return switch (plan) {
      case Plan.Refuse refuse -> true;
      case Plan.Block block -> block.verdict().constrainedBy() == null;
      case Plan.Grant grant ->
          isPlaced(plan)
              && !isSplit(grant.verdict().constrainedBy(), view)
              && (view.isWhole()
                  || (areGates(view)
                      && !crossesThreshold(grant)
                      && (!grant.isByRunSum() || isRunWhole(view))));
    };
  }

  /// Whether the shards that were read have what each hold needs.
  static boolean isPlaced(Plan plan) {
    return !(plan instanceof Plan.Grant grant)
        || grant.holds().stream().allMatch(hold -> hold.placement().isPresent());
  }

  /// Whether all shards were read, and a plan holds on a split account that has less than one such
  /// hold for each shard. Calls then race for what is freed.
  static boolean isScarce(Plan plan, BudgetView view) {
    return plan instanceof Plan.Grant grant
        && view.isWhole()
        && grant.holds().stream().anyMatch(ConditionalHold::isScarce);
  }

  /// Whether two plans give the caller the same.
  static boolean isSameOutcome(Plan one, Plan other) {
    return switch (one) {
      case Plan.Refuse refuse -> other instanceof Plan.Refuse;
      case Plan.Block block -> other instanceof Plan.Block;
      case Plan.Grant grant ->
          other instanceof Plan.Grant it
              && Objects.equals(grant.quote(), it.quote())
              && grant.verdict().kind() == it.verdict().kind();
    };
  }

  private static boolean areGates(BudgetView view) {
    return view.accounts().stream()
        .allMatch(account -> !account.isSplit() || account.mode() == Mode.HARD_GATE);
  }

  /// A warning is given from the sums of all shards.
  private static boolean crossesThreshold(Plan.Grant grant) {
    return grant.holds().stream()
        .anyMatch(
            hold -> hold.shards() != null && !hold.enforced().crossedBy(hold.hold()).isEmpty());
  }

  private static boolean isRunWhole(BudgetView view) {
    return view.runs().getFirst().account().isWhole();
  }

  private static boolean isSplit(@Nullable AccountName name, BudgetView view) {
    return view.accounts().stream().anyMatch(it -> it.isSplit() && it.name().equals(name));
  }
}
