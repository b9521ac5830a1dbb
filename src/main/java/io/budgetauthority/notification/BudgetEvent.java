package io.budgetauthority.notification;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonValue;
import io.budgetauthority.storage.StoredIds;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something that happened (protocol.md#events). An event is sent at least once. Its id and its
/// time are derived from what happened, so they are the same each time it is sent. A receiver can
/// use them to drop repetitions.
///
/// @param time when it happened, not when it was sent
/// @param detail the other fields by their names on the wire; each type always has the same names,
///   null where a value is absent
@JsonPropertyOrder({"id", "type", "tenant_id", "time"})
public record BudgetEvent(
    @JsonProperty("id") String id,
    @JsonProperty("type") Type type,
    @JsonProperty("tenant_id") String tenantId,
    @JsonProperty("time") Instant time,
    @JsonAnyGetter Map<String, @Nullable Object> detail) {

  /// The kinds of events.
  public enum Type {
    THRESHOLD_CROSSED("budget.threshold_crossed"),
    BLOCKED("budget.blocked"),
    DOWNGRADED("budget.downgraded"),
    OVERRUN("budget.overrun"),
    PRESUMED("budget.presumed"),
    INCREASE_ENDED("budget.increase_ended"),
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

  /// An event of a type. Its id is derived from the type, the tenant and these texts.
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
