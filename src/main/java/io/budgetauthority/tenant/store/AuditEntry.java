package io.budgetauthority.tenant.store;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.tenant.Caller;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One change of a tenant's configuration: who made it, when, and what it changed. Secrets are
/// never part of it.
///
/// @param id sorts by time; unique within the tenant
/// @param subject what was changed, such as `policy` or `ceilings/user/ada/total`
/// @param from the value before the change; null where none existed
/// @param to the value after the change; null where it was deleted
public record AuditEntry(
    @JsonProperty("id") String id,
    @JsonProperty("at") Instant at,
    @JsonProperty("principal_id") String principalId,
    @JsonProperty("subject") String subject,
    @JsonProperty("from") @Nullable JsonNode from,
    @JsonProperty("to") @Nullable JsonNode to) {

  private static final int RANDOM_DIGITS = 8;

  /// @param from the value before the change, which is written as JSON; null where none existed
  /// @param to the value after the change, which is written as JSON; null where it was deleted
  public static AuditEntry of(
      Caller caller, Instant at, String subject, @Nullable Object from, @Nullable Object to) {
    String id =
        "%015d-%s"
            .formatted(at.toEpochMilli(), UUID.randomUUID().toString().substring(0, RANDOM_DIGITS));
    return new AuditEntry(id, at, caller.principalId(), subject, tree(from), tree(to));
  }

  private static @Nullable JsonNode tree(@Nullable Object value) {
    return value == null ? null : ConfigurationJson.tree(value);
  }
}
