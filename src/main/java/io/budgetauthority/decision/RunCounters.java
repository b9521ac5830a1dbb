package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Says which counters a run increments, each with the maximum that the policy allows
/// (protocol.md#policy).
public final class RunCounters {

  private RunCounters() {}

  /// The counters that an existing run increments when a call names it. A run that did not count
  /// before increments all of them. Any other run increments those of the key and user that the
  /// call newly binds.
  public static List<RunCounter> ofKnown(
      String tenantId, VersionedPolicy policy, Run run, Tuple bound, Instant now) {
    return run.counted()
        ? of(tenantId, policy, run.tuple(), bound, null)
        : of(tenantId, policy, Tuple.UNBOUND, bound, now);
  }

  /// The counters that a new run increments.
  public static List<RunCounter> ofNew(
      String tenantId, VersionedPolicy policy, Tuple bound, Instant now) {
    return of(tenantId, policy, Tuple.UNBOUND, bound, now);
  }

  /// The counters of a key and a user that a run is newly bound to, and of the day that it begins
  /// on.
  ///
  /// @param before what the run was bound to
  /// @param beginsAt null where the run began before
  private static List<RunCounter> of(
      String tenantId,
      VersionedPolicy versioned,
      Tuple before,
      Tuple bound,
      @Nullable Instant beginsAt) {
    Policy policy = versioned.policy();
    List<RunCounter> counters = new ArrayList<>();
    String key = bound.keyId();
    String user = bound.userId();
    if (key != null && before.keyId() == null) {
      counters.add(
          new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, tenantId, key, policy.maxActiveRunsPerKey()));
    }
    if (user != null && before.userId() == null) {
      counters.add(
          new RunCounter(
              RunCounter.Of.ACTIVE_OF_USER, tenantId, user, policy.maxActiveRunsPerUser()));
    }
    if (beginsAt != null) {
      String day = versioned.calendar().periodOf(Window.DAY, beginsAt);
      counters.add(
          new RunCounter(RunCounter.Of.NEW_ON_DAY, tenantId, day, policy.maxNewRunsPerDay()));
    }
    return counters;
  }
}
