package io.budgetauthority.decision;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import org.jspecify.annotations.Nullable;

/// Says what a caller may state (protocol.md#agents and protocol.md#ask). Pure. These rules need no
/// ledger, so they apply in an outage too.
public final class CallerRules {

  private CallerRules() {}

  /// Why the caller may not state what it stated; null where it may.
  ///
  /// @param limit the limit that is stated for a run; null for none
  /// @param most the limit that the policy gives to that run
  /// @param field the name of that limit in the request
  public static @Nullable String refuse(
      Caller caller,
      Tuple stated,
      @Nullable MicroUsd limit,
      MicroUsd most,
      String field,
      Policy policy) {
    if (caller.role() != Role.AGENT) {
      return null;
    }
    if (limit != null && limit.compareTo(most) > 0) {
      return "an agent's "
          + field
          + " may be at most what the policy gives to the run, "
          + most
          + " (default_run_limit_usd, or its template)";
    }
    String team = stated.teamId();
    if (team != null && !caller.mayStateTeam(team, policy)) {
      return "neither this key nor the policy allows an agent to state team_id " + team;
    }
    String feature = stated.featureId();
    if (feature != null && !caller.mayStateFeature(feature, policy)) {
      return "neither this key nor the policy allows an agent to state feature_id " + feature;
    }
    return null;
  }
}
