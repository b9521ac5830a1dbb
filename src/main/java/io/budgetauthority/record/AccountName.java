package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;

/// What tells the accounts of one decision apart.
public record AccountName(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") Window window) {}
