package io.budgetauthority.decision;

import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import org.jspecify.annotations.Nullable;

/// An ask with all that identifies it (protocol.md#ask).
///
/// @param identity null for a dry run
/// @param runId the run that the caller names; null for one to be issued
/// @param stated the tuple that its caller acts under
public record Ask(
    Caller caller,
    DecisionRequest request,
    @Nullable Identity identity,
    @Nullable String runId,
    Tuple stated) {

  /// The id and the owner of an item, and the hash that tells a retry from a reused key.
  public record Identity(
      ReservationId id,
      String tenantId,
      String principalId,
      String idempotencyKey,
      String requestHash) {}

  /// @param idempotencyKey null for a dry run
  public static Ask of(
      Caller caller,
      DecisionRequest request,
      @Nullable String idempotencyKey,
      @Nullable String runId) {
    Identity identity =
        idempotencyKey == null
            ? null
            : new Identity(
                ReservationId.of(
                    caller.tenantId(),
                    caller.principalId(),
                    ReservationId.Kind.DECISION,
                    idempotencyKey),
                caller.tenantId(),
                caller.principalId(),
                idempotencyKey,
                RecordJson.hash(request));
    return new Ask(caller, request, identity, runId, request.tuple().actingAs(caller));
  }

  String tenantId() {
    return caller.tenantId();
  }

  @Nullable ReservationId id() {
    return identity == null ? null : identity.id();
  }

  /// Why the policy does not allow the caller this ask; null where it does. The rules need no
  /// ledger, so they apply in an outage too.
  @Nullable Answer refusedBy(Policy policy) {
    CallerRules.RunLimit limit =
        request.runLimit() == null
            ? null
            : new CallerRules.RunLimit(
                "run_limit_usd",
                request.runLimit(),
                runId == null ? "" : runId,
                request.requestClass());
    String reason = CallerRules.refuse(caller, request.tuple(), limit, policy);
    if (reason != null) {
      return new Answer.Forbidden(reason);
    }
    return runId == null && policy.runsWithoutId() == Policy.RunsWithoutId.REFUSE
        ? new Answer.Invalid("X-Run-Id", "is required: the policy refuses calls that name no run")
        : null;
  }
}
