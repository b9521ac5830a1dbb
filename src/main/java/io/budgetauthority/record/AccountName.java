package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Scope;

/// What tells the accounts and rates of one decision apart.
public record AccountName(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") CeilingWindow window) {}
