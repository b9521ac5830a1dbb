package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonProperty;

/// What is published of a tenant.
///
/// @param strictest the strictest mode of its policy and its ceilings
/// @param calendar its time zone and how that changed
public record TenantCopy(
    @JsonProperty("policy") Policy policy,
    @JsonProperty("version") long version,
    @JsonProperty("strictest_mode") Mode strictest,
    @JsonProperty("calendar") Calendar calendar) {

  public TenantCopy {
    calendar = calendar == null ? Calendar.in(policy.timeZone()) : calendar;
  }

  static TenantCopy read(String document) {
    return ConfigurationJson.read(document, TenantCopy.class);
  }
}
