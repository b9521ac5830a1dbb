package io.budgetauthority.api;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Caller;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// The headers of protocol.md#headers. Their names are in this class alone.
final class BudgetHeaders {

  static final String RUN_ID = "X-Run-Id";
  static final String IDEMPOTENCY_KEY = "Idempotency-Key";
  static final String IDEMPOTENCY_REPLAYED = "Idempotency-Replayed";

  private static final char DELETE = 0x7F;

  private BudgetHeaders() {}

  /// Encodes a name for a header, which has visible ASCII alone. Every other character of the name
  /// is percent-encoded as UTF-8, and so is the percent sign. The JSON has the plain name.
  static @Nullable String encoded(@Nullable String name) {
    if (name == null || name.chars().allMatch(c -> c > ' ' && c < DELETE && c != '%')) {
      return name;
    }
    StringBuilder header = new StringBuilder();
    for (byte octet : name.getBytes(StandardCharsets.UTF_8)) {
      if (octet > ' ' && octet < DELETE && octet != '%') {
        header.append((char) octet);
      } else {
        header.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
      }
    }
    return header.toString();
  }

  static void put(
      Response.ResponseBuilder response,
      DecisionFacts facts,
      @Nullable Reservation reservation,
      Caller caller) {
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
    MicroUsd remaining = AccountView.remaining(facts, caller);
    if (remaining != null) {
      response.header("X-Budget-Remaining-USD", remaining.toString());
    }
    if (facts.decision().equals("downgrade")) {
      response.header("X-Budget-Requested-Model", encoded(facts.requestedModel()));
      response.header("X-Budget-Selected-Model", encoded(facts.selectedModel()));
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
