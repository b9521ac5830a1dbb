package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An authenticated principal. Its id outlives the rotations of its secret.
///
/// @param tenantId the tenant it belongs to; an operator belongs to none and has an empty one
/// @param userId the user an agent acts as; null for every other role
/// @param keyId the key an agent acts with; null for every other role
public record Caller(
    @JsonProperty("tenant_id") String tenantId,
    @JsonProperty("principal_id") String principalId,
    @JsonProperty("role") Role role,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId) {

  /// Whether what belongs to this user and key is this caller's business: everything of its tenant,
  /// but for an agent only its own.
  public boolean mayTouch(@Nullable String ownerUserId, @Nullable String ownerKeyId) {
    return role != Role.AGENT
        || (Objects.equals(userId, ownerUserId) && Objects.equals(keyId, ownerKeyId));
  }
}
