package io.budgetauthority.api.configuration;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.settlement.UsageJson;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Reads the increase that an administrator gives (protocol.md#increases).
///
/// @param until null for the end of the window's period
record IncreaseJson(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") Window window,
    @JsonProperty("amount_usd") MicroUsd amount,
    @JsonProperty("until") @Nullable Instant until,
    @JsonProperty("reason") String reason) {

  /// A wrong body gets a 400 that names each field.
  static IncreaseJson read(byte @Nullable [] body) {
    RequestFields fields = RequestFields.parse(body);
    Scope scope = fields.oneOf("scope", Scope::ofWireName);
    String id = fields.id("id");
    Window window = fields.oneOf("window", Window::ofWireName);
    MicroUsd amount = fields.money("amount_usd");
    Instant until = fields.oneOf("until", UsageJson::instant);
    String reason = fields.text("reason");
    for (String required : new String[] {"scope", "id", "window", "amount_usd", "reason"}) {
      if (!fields.has(required)) {
        fields.error(required, "is required");
      }
    }
    if (reason != null && reason.isBlank()) {
      fields.error("reason", "may not be blank");
    }
    if (amount != null && !amount.isPositive()) {
      fields.error("amount_usd", "must be above 0");
    }
    if (scope == Scope.TENANT && id != null && !id.equals("-")) {
      fields.error("id", "is - for the tenant");
    }
    if (scope == Scope.RUN && window != null && window != Window.TOTAL) {
      fields.error("window", "a run's limit is over total");
    }
    fields.end();
    return new IncreaseJson(
        Objects.requireNonNull(scope),
        Objects.requireNonNull(id),
        Objects.requireNonNull(window),
        Objects.requireNonNull(amount),
        until == null ? null : until.truncatedTo(ChronoUnit.MILLIS),
        Objects.requireNonNull(reason));
  }

  ScopeId scopeId(Caller caller) {
    return new ScopeId(caller.tenantId(), scope, id);
  }
}
