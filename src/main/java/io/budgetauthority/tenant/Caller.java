package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An authenticated principal. Its id stays the same across rotations of its secret.
///
/// @param tenantId the tenant it belongs to; an operator belongs to none and has an empty one
/// @param userId the user an agent acts as; null for every other role
/// @param keyId the key an agent acts with; null for every other role
/// @param teams the teams that an agent may state; empty where the policy says which
/// @param features the features that an agent may state; empty where the policy says which
public record Caller(
    @JsonProperty("tenant_id") String tenantId,
    @JsonProperty("principal_id") String principalId,
    @JsonProperty("role") Role role,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("teams") List<String> teams,
    @JsonProperty("features") List<String> features) {

  private static final String ALL = "*";

  public Caller {
    teams = teams == null ? List.of() : List.copyOf(teams);
    features = features == null ? List.of() : List.copyOf(features);
  }

  /// A caller whose key names neither teams nor features.
  public Caller(
      String tenantId,
      String principalId,
      Role role,
      @Nullable String userId,
      @Nullable String keyId) {
    this(tenantId, principalId, role, userId, keyId, List.of(), List.of());
  }

  /// Whether the caller may act for a team. An agent may act for the teams that its key names.
  /// Where the key names none, it may act for those that the policy names (protocol.md#agents).
  public boolean mayStateTeam(String teamId, Policy policy) {
    return mayState(teamId, teams.isEmpty() ? policy.teamsOfAgents() : teams);
  }

  /// Whether the caller may act for a feature.
  public boolean mayStateFeature(String featureId, Policy policy) {
    return mayState(featureId, features.isEmpty() ? policy.featuresOfAgents() : features);
  }

  private boolean mayState(String id, List<String> named) {
    return role != Role.AGENT || named.contains(ALL) || named.contains(id);
  }

  /// Whether the caller may act on what belongs to this user and key. An agent may act only on its
  /// own; every other role may act on everything of its tenant.
  public boolean mayTouch(@Nullable String ownerUserId, @Nullable String ownerKeyId) {
    return role != Role.AGENT
        || (Objects.equals(userId, ownerUserId) && Objects.equals(keyId, ownerKeyId));
  }
}
