package io.budgetauthority.notification;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonValue;
import io.budgetauthority.tenant.StoredIds;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something that happened (protocol.md#events). It goes out at least once; its id and its time are
/// made from what happened and so are the same whenever it goes out, for whoever wants it once.
///
/// @param time when it happened, not when it went out
/// @param detail what is told beyond that, by its name on the wire; each type always has the same
///   names, null where there is nothing
@JsonPropertyOrder({"id", "type", "tenant_id", "time"})
public record BudgetEvent(
    @JsonProperty("id") String id,
    @JsonProperty("type") Type type,
    @JsonProperty("tenant_id") String tenantId,
    @JsonProperty("time") Instant time,
    @JsonAnyGetter Map<String, @Nullable Object> detail) {

  /// What kinds there are.
  public enum Type {
    THRESHOLD_CROSSED("budget.threshold_crossed"),
    BLOCKED("budget.blocked"),
    DOWNGRADED("budget.downgraded"),
    OVERRUN("budget.overrun"),
    PRESUMED("budget.presumed"),
    RUN_CLOSED("run.closed");

    private final String wireName;

    Type(String wireName) {
      this.wireName = wireName;
    }

    @JsonValue
    public String wireName() {
      return wireName;
    }
  }

  public BudgetEvent {
    detail = Collections.unmodifiableMap(new LinkedHashMap<>(detail));
  }

  /// An event of a type about what these texts name together.
  static BudgetEvent about(
      Type type,
      String tenantId,
      Instant time,
      Map<String, @Nullable Object> detail,
      @Nullable String... identity) {
    String[] parts = new String[identity.length + 2];
    parts[0] = type.wireName();
    parts[1] = tenantId;
    System.arraycopy(identity, 0, parts, 2, identity.length);
    String id = "evt_" + StoredIds.digest(parts);
    return new BudgetEvent(id, type, tenantId, time, detail);
  }
}
