package io.budgetauthority.tenant.store;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;

/// The snapshot of a tenant.
///
/// @param strictest the strictest mode of its policy and its ceilings
/// @param calendar its time zone and the changes of it
public record TenantSnapshot(
    @JsonProperty("policy") Policy policy,
    @JsonProperty("version") long version,
    @JsonProperty("strictest_mode") Mode strictest,
    @JsonProperty("calendar") Calendar calendar) {

  public TenantSnapshot {
    calendar = calendar == null ? Calendar.in(policy.timeZone()) : calendar;
  }

  static TenantSnapshot read(String document) {
    return ConfigurationJson.read(document, TenantSnapshot.class);
  }
}
