package io.budgetauthority.api.configuration;

import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Reads the key that an administrator wants (protocol.md#administration).
final class KeyJson {

  private static final int MAX_NAMED = 100;
  private static final List<String> OF_AGENTS = List.of("user_id", "key_id", "teams", "features");

  private KeyJson() {}

  /// The principal of the new key, with a new id.
  static Caller read(byte @Nullable [] body, String tenantId) {
    RequestFields fields = RequestFields.parse(body);
    Role stated = fields.oneOf("role", Role::ofWireName);
    if (!fields.has("role")) {
      fields.error("role", "is required");
    }
    if (stated == Role.OPERATOR) {
      fields.error("role", "an operator belongs to no tenant");
    }
    String userId = fields.id("user_id");
    String keyId = fields.id("key_id");
    boolean agent = stated == Role.AGENT;
    if (agent && !fields.has("user_id")) {
      fields.error("user_id", "is required for an agent");
    }
    if (agent && !fields.has("key_id")) {
      fields.error("key_id", "is required for an agent");
    }
    List<String> teams = fields.list("teams", PolicyJson::idOrAll);
    List<String> features = fields.list("features", PolicyJson::idOrAll);
    if (teams.size() > MAX_NAMED || features.size() > MAX_NAMED) {
      fields.error(teams.size() > MAX_NAMED ? "teams" : "features", "names more than " + MAX_NAMED);
    }
    for (String ofAgents : OF_AGENTS) {
      if (!agent && fields.has(ofAgents)) {
        fields.error(ofAgents, "may be stated for the role agent only");
      }
    }
    fields.end();
    String id = "key_" + UUID.randomUUID().toString().replace("-", "");
    return new Caller(
        tenantId, id, stated == null ? Role.VIEWER : stated, userId, keyId, teams, features);
  }
}
