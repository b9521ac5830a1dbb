package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A key as administrators see it.
///
/// @param secret only in the answer that created it; not written otherwise
public record KeyView(
    @JsonProperty("id") String id,
    @JsonProperty("role") Role role,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("teams") List<String> teams,
    @JsonProperty("features") List<String> features,
    @JsonProperty("created_at") Instant createdAt,
    @JsonProperty("secret") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String secret) {

  /// A key without its secret, or with it in the one answer that shows it.
  public static KeyView of(ApiKeys.Principal principal, @Nullable String secret) {
    Caller caller = principal.caller();
    return new KeyView(
        caller.principalId(),
        caller.role(),
        caller.userId(),
        caller.keyId(),
        caller.teams(),
        caller.features(),
        principal.createdAt(),
        secret);
  }
}
