package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A ceiling as callers see it (protocol.md#ceilings).
public record CeilingView(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") CeilingWindow window,
    @JsonProperty("limit_usd") MicroUsd limit,
    @JsonProperty("mode") @Nullable Mode mode,
    @JsonProperty("margin_usd") @Nullable MicroUsd margin,
    @JsonProperty("warn_at_percent") List<Integer> warnAtPercent,
    @JsonProperty("period_seconds") @Nullable Integer periodSeconds,
    @JsonProperty("burst_usd") @Nullable MicroUsd burst,
    @JsonProperty("shards") @Nullable Integer shards) {

  /// A ceiling with its scope, id and window.
  public static CeilingView of(Scope scope, String id, CeilingWindow window, Ceiling ceiling) {
    return new CeilingView(
        scope,
        id,
        window,
        ceiling.limit(),
        ceiling.mode(),
        ceiling.margin(),
        ceiling.warnAtPercent(),
        ceiling.periodSeconds(),
        ceiling.burst(),
        ceiling.shards());
  }
}
