package io.budgetauthority.api;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.ledger.Reservation;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/// The headers of protocol section 3, named here and nowhere else.
final class BudgetHeaders {

  static final String RUN_ID = "X-Run-Id";
  static final String IDEMPOTENCY_KEY = "Idempotency-Key";
  static final String IDEMPOTENCY_REPLAYED = "Idempotency-Replayed";

  private BudgetHeaders() {}

  static void put(
      Response.ResponseBuilder response, DecisionFacts facts, @Nullable Reservation reservation) {
    response.header("X-Budget-Decision", facts.decision());
    response.header("X-Budget-Enforcement-Mode", facts.enforcementMode().wireName());
    response.header("X-Budget-Price-Table-Version", facts.priceTableVersion());
    if (reservation != null) {
      response.header("X-Budget-Decision-Id", reservation.id().decisionId());
      if (!facts.blocked()) {
        response.header("X-Budget-Reservation-Id", reservation.id().reservationId());
      }
    }
    if (facts.blockingScope() != null) {
      response.header("X-Budget-Blocking-Scope", facts.blockingScope().wireName());
    }
    if (facts.remaining() != null) {
      response.header("X-Budget-Remaining-USD", facts.remaining().toString());
    }
    if (facts.decision().equals("downgrade")) {
      response.header("X-Budget-Requested-Model", facts.requestedModel());
      response.header("X-Budget-Selected-Model", facts.selectedModel());
    }
    if (facts.outputClamped()) {
      response.header("X-Budget-Output-Clamped", "true");
    }
    if (facts.degraded() != null) {
      response.header("X-Budget-Degraded", facts.degraded());
    }
    if (facts.runId() != null) {
      response.header(RUN_ID, facts.runId());
    }
  }
}
