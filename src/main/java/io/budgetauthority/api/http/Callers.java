package io.budgetauthority.api.http;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.decision.CallerRules;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import org.jspecify.annotations.Nullable;

/// Checks what an agent states (protocol.md#agents and protocol.md#ask). It may state neither its
/// user nor its key, which are those of its API key. It may not state a run limit above the
/// policy's.
public final class Callers {

  private Callers() {}

  public static void refuseStatedIdentity(Caller caller, Tuple stated) {
    if (caller.role() == Role.AGENT && (stated.userId() != null || stated.keyId() != null)) {
      throw Problem.of(ProblemType.FORBIDDEN, "an agent may state neither user_id nor key_id")
          .exception();
    }
  }

  /// The tuple that a caller acts with.
  public static Tuple tuple(Caller caller, Tuple stated) {
    refuseStatedIdentity(caller, stated);
    return stated.actingAs(caller);
  }

  /// Refuses a limit, a team or a feature that the caller may not state.
  public static void refuseStatements(
      Caller caller, Tuple stated, CallerRules.@Nullable RunLimit limit, Policy policy) {
    String reason = CallerRules.refuse(caller, stated, limit, policy);
    if (reason != null) {
      throw Problem.of(ProblemType.FORBIDDEN, reason).exception();
    }
  }
}
