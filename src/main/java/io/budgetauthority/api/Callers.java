package io.budgetauthority.api;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import org.jspecify.annotations.Nullable;

/// What an agent may say of itself (protocol sections 1 and 2): neither its user nor its key, which
/// its credential says, and no run limit above the policy's.
final class Callers {

  private Callers() {}

  static void refuseStatedIdentity(Caller caller, Run.Tuple stated) {
    if (caller.role() == Role.AGENT && (stated.userId() != null || stated.keyId() != null)) {
      throw Problem.of(ProblemType.FORBIDDEN, "an agent may state neither user_id nor key_id")
          .exception();
    }
  }

  /// The tuple that a caller acts under.
  static Run.Tuple tuple(Caller caller, Run.Tuple stated) {
    refuseStatedIdentity(caller, stated);
    return stated.actingAs(caller);
  }

  static void refuseGenerousLimit(
      Caller caller, @Nullable MicroUsd limit, Policy policy, String field) {
    if (caller.role() == Role.AGENT
        && limit != null
        && limit.compareTo(policy.defaultRunLimit()) > 0) {
      throw Problem.of(
              ProblemType.FORBIDDEN,
              "an agent's "
                  + field
                  + " may not pass default_run_limit_usd, "
                  + policy.defaultRunLimit())
          .exception();
    }
  }
}
