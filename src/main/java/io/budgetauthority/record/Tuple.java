package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import org.jspecify.annotations.Nullable;

/// Who a run or a call belongs to and what it is for. A part that is null is not bound.
public record Tuple(
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("team_id") @Nullable String teamId,
    @JsonProperty("feature_id") @Nullable String featureId) {

  /// The tuple of a run that nothing is bound to.
  public static final Tuple UNBOUND = new Tuple(null, null, null, null);

  /// Whether a caller may see and settle what belongs to this tuple.
  public boolean isVisibleTo(Caller caller) {
    return caller.mayTouch(userId, keyId);
  }

  /// The tuple that a caller acts under who stated this: an agent acts as its own user and key, and
  /// any other caller as the one that it stated.
  public Tuple actingAs(Caller caller) {
    return caller.role() == Role.AGENT
        ? new Tuple(caller.userId(), caller.keyId(), teamId, featureId)
        : this;
  }

  /// Whether nothing stated differs from what is bound.
  public boolean admits(Tuple stated) {
    return admits(userId, stated.userId)
        && admits(keyId, stated.keyId)
        && admits(teamId, stated.teamId)
        && admits(featureId, stated.featureId);
  }

  /// What is bound, completed by what is stated.
  public Tuple completedBy(Tuple stated) {
    return new Tuple(
        either(userId, stated.userId),
        either(keyId, stated.keyId),
        either(teamId, stated.teamId),
        either(featureId, stated.featureId));
  }

  /// The wire name of the first part whose stated value differs from the bound one; that of the
  /// last part where none differs.
  public String differingField(Tuple stated) {
    if (!admits(userId, stated.userId)) {
      return "user_id";
    }
    if (!admits(keyId, stated.keyId)) {
      return "key_id";
    }
    return admits(teamId, stated.teamId) ? "feature_id" : "team_id";
  }

  private static boolean admits(@Nullable String bound, @Nullable String stated) {
    return bound == null || stated == null || bound.equals(stated);
  }

  private static @Nullable String either(@Nullable String bound, @Nullable String stated) {
    return bound != null ? bound : stated;
  }
}
