package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A run as callers see it (protocol.md#runs).
public record RunView(
    @JsonProperty("run_id") String runId,
    @JsonProperty("parent_run_id") @Nullable String parentRunId,
    @JsonProperty("state") Run.State state,
    @JsonProperty("user_id") @Nullable String userId,
    @JsonProperty("key_id") @Nullable String keyId,
    @JsonProperty("team_id") @Nullable String teamId,
    @JsonProperty("feature_id") @Nullable String featureId,
    @JsonProperty("limit_usd") MicroUsd limit,
    @JsonProperty("committed_usd") MicroUsd committed,
    @JsonProperty("reserved_usd") MicroUsd reserved,
    @JsonProperty("remaining_usd") MicroUsd remaining,
    @JsonProperty("created_at") Instant createdAt,
    @JsonProperty("expires_at") Instant expiresAt) {

  /// A run as it is at an instant.
  public static RunView of(Run run, Instant now) {
    Account account = run.account().at(now);
    return new RunView(
        run.runId(),
        run.parentRunId(),
        run.stateAt(now),
        run.tuple().userId(),
        run.tuple().keyId(),
        run.tuple().teamId(),
        run.tuple().featureId(),
        account.limit(),
        account.committed(),
        account.reserved(),
        account.available(),
        run.createdAt(),
        run.expiresAt());
  }
}
