package io.budgetauthority.decision;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunPlace;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which places a run takes among those that the policy allows (protocol section 9).
public final class RunPlaces {

  private RunPlaces() {}

  /// The places of a key and a user that a run is newly bound to, and of the day that it begins on.
  ///
  /// @param before what the run was bound to
  /// @param beginsAt null where the run has begun before
  public static List<RunPlace> of(
      String tenantId,
      Policy policy,
      Run.Tuple before,
      Run.Tuple bound,
      @Nullable Instant beginsAt) {
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
      String day = Window.DAY.periodOf(beginsAt, policy.timeZone());
      places.add(new RunPlace(RunPlace.Of.NEW_ON_DAY, tenantId, day, policy.maxNewRunsPerDay()));
    }
    return places;
  }
}
