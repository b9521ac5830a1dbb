package io.budgetauthority.decision;

import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.Tenants;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The run that a call belongs to. A call that names no run gets one by the policy's
/// `runs_without_id` (protocol.md#runs-without-an-id). Pure.
///
/// @param runId the run's id; [Authority#DRY_RUN] for a dry run that neither names nor gets one
/// @param isIssued whether the run was issued to this call alone, so that it does not count as
///   active or new yet
record CallRun(String runId, boolean isIssued) {

  static final CallRun NONE = new CallRun(Authority.DRY_RUN, false);

  private static final String ISSUED = "run_";
  private static final String OF_DAY = "run_day_";

  static CallRun of(
      Authority.Ask ask,
      DecisionWriter.@Nullable Identity identity,
      Tuple stated,
      Tenants.Versioned policy,
      Instant now) {
    if (ask.runId() != null) {
      return new CallRun(ask.runId(), false);
    }
    return switch (policy.policy().runsWithoutId()) {
      case PER_CALL -> identity == null ? NONE : new CallRun(issued(identity.id()), true);
      case PER_KEY_AND_DAY -> new CallRun(ofDay(ask, stated, policy, now), false);
      // [Authority.Ask#refusedBy] refuses it.
      case REFUSE -> NONE;
    };
  }

  /// The id of the run that is issued to one call alone.
  static String issued(ReservationId id) {
    return ISSUED + id.hash();
  }

  private static String ofDay(
      Authority.Ask ask, Tuple stated, Tenants.Versioned policy, Instant now) {
    String day = policy.calendar().periodOf(Window.DAY, now);
    return OF_DAY
        + day
        + "_"
        + StoredIds.digest(ask.caller().tenantId(), stated.userId(), stated.keyId(), day);
  }
}
