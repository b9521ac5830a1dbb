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

  /// A limit that is stated for a run that may not exist yet.
  ///
  /// @param field the name of the limit in the request
  /// @param runId empty for a run that will be issued
  /// @param requestClass null for none
  public record RunLimit(
      String field, MicroUsd limit, String runId, @Nullable String requestClass) {}

  /// Why the caller may not state the limit and the tuple; null where it may.
  ///
  /// @param limit null where none is stated
  public static @Nullable String refuse(
      Caller caller, Tuple stated, @Nullable RunLimit limit, Policy policy) {
    if (caller.role() != Role.AGENT) {
      return null;
    }
    if (limit != null) {
      MicroUsd most = policy.ceilingOfNewRun(limit.runId(), limit.requestClass()).limit();
      if (limit.limit().compareTo(most) > 0) {
        return "an agent's "
            + limit.field()
            + " may be at most what the policy gives to the run, "
            + most
            + " (default_run_limit_usd, or its template)";
      }
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
