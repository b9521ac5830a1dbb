package io.budgetauthority.decision;

import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The run that a call belongs to. A call that names no run gets one by the policy's
/// `runs_without_id` (protocol.md#runs-without-an-id). Pure.
///
/// @param runId null for a dry run that neither names a run nor gets one
/// @param isIssued whether the run was issued to this call alone, so that it does not count as
///   active or new yet
public record CallRun(@Nullable String runId, boolean isIssued) {

  private static final CallRun NONE = new CallRun(null, false);

  private static final String ISSUED = "run_";
  private static final String OF_DAY = "run_day_";

  static CallRun of(Ask ask, VersionedPolicy policy, Instant now) {
    if (ask.runId() != null) {
      return new CallRun(ask.runId(), false);
    }
    return switch (policy.policy().runsWithoutId()) {
      case PER_CALL -> ask.id() == null ? NONE : new CallRun(issued(ask.id()), true);
      case PER_KEY_AND_DAY -> new CallRun(ofDay(ask, policy, now), false);
      // [Ask#refusedBy] refuses it.
      case REFUSE -> NONE;
    };
  }

  /// The id of the run that is issued to one call alone.
  public static String issued(ReservationId id) {
    return ISSUED + id.hash();
  }

  private static String ofDay(Ask ask, VersionedPolicy policy, Instant now) {
    String day = policy.calendar().periodOf(Window.DAY, now);
    return OF_DAY
        + day
        + "_"
        + StoredIds.digest(ask.tenantId(), ask.stated().userId(), ask.stated().keyId(), day);
  }
}
