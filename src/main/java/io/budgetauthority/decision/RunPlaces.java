package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunPlace;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Tenants;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which places a run takes among those that the policy allows (protocol section 9).
public final class RunPlaces {

  private static final Run.Tuple UNBOUND = new Run.Tuple(null, null, null, null);

  private RunPlaces() {}

  /// The places that a run takes by a call that names it: those of what it newly binds, and all of
  /// them for a run that did not count before.
  public static List<RunPlace> ofKnown(
      String tenantId, Tenants.Versioned policy, Run run, Run.Tuple bound, Instant now) {
    return run.counted()
        ? of(tenantId, policy, run.tuple(), bound, null)
        : of(tenantId, policy, UNBOUND, bound, now);
  }

  /// The places that a new run takes.
  public static List<RunPlace> ofNew(
      String tenantId, Tenants.Versioned policy, Run.Tuple bound, Instant now) {
    return of(tenantId, policy, UNBOUND, bound, now);
  }

  /// The places of a key and a user that a run is newly bound to, and of the day that it begins on.
  ///
  /// @param before what the run was bound to
  /// @param beginsAt null where the run has begun before
  private static List<RunPlace> of(
      String tenantId,
      Tenants.Versioned versioned,
      Run.Tuple before,
      Run.Tuple bound,
      @Nullable Instant beginsAt) {
    Policy policy = versioned.policy();
    List<RunPlace> places = new ArrayList<>();
    String key = bound.keyId();
    String user = bound.userId();
    if (key != null && before.keyId() == null) {
      places.add(
          new RunPlace(RunPlace.Of.ACTIVE_OF_KEY, tenantId, key, policy.maxActiveRunsPerKey()));
    }
    if (user != null && before.userId() == null) {
      places.add(
          new RunPlace(RunPlace.Of.ACTIVE_OF_USER, tenantId, user, policy.maxActiveRunsPerUser()));
    }
    if (beginsAt != null) {
      String day = versioned.calendar().periodOf(Window.DAY, beginsAt);
      places.add(new RunPlace(RunPlace.Of.NEW_ON_DAY, tenantId, day, policy.maxNewRunsPerDay()));
    }
    return places;
  }
}
