package io.budgetauthority.decision;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.Decision;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A call that was let through during an outage, as its message contains it until the ledger is
/// back (protocol.md#degraded-decisions). It holds nothing.
///
/// @param requestHash a hash of the ask, to tell a replay from a reused key
/// @param decision what was answered; its run and tuple are as they were stated
/// @param priceRow the row that the estimate is from; null where an advisory tenant called what has
///   no price
/// @param parentRunId the run that was named as parent of the run
/// @param runLimit the limit that was stated for the run
/// @param expiresAt when the reservation expires and its estimate is charged as presumed, unless a
///   usage report arrives before
public record DegradedDecision(
    @JsonProperty("request_hash") String requestHash,
    @JsonProperty("decision") Decision decision,
    @JsonProperty("price_row") @Nullable Price priceRow,
    @JsonProperty("parent_run_id") @Nullable String parentRunId,
    @JsonProperty("run_limit_usd") @Nullable MicroUsd runLimit,
    @JsonProperty("expires_at") Instant expiresAt) {}
