package io.budgetauthority.api.http;

import io.budgetauthority.api.view.AccountView;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Scope;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// The headers of protocol.md#headers. Their names are in this class alone.
public final class BudgetHeaders {

  public static final String RUN_ID = "X-Run-Id";
  public static final String IDEMPOTENCY_KEY = "Idempotency-Key";
  public static final String IDEMPOTENCY_REPLAYED = "Idempotency-Replayed";

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

  /// @param reservation null for a dry run
  public static void put(
      Response.ResponseBuilder response,
      Decision decision,
      @Nullable Reservation reservation,
      Caller caller) {
    Verdict verdict = decision.verdict();
    response.header("X-Budget-Decision", verdict.wireName());
    response.header("X-Budget-Enforcement-Mode", decision.mode().wireName());
    response.header("X-Budget-Price-Table-Version", decision.priceTableVersion());
    if (reservation != null) {
      response.header("X-Budget-Decision-Id", reservation.id().decisionId());
      if (!decision.isBlocked()) {
        response.header("X-Budget-Reservation-Id", reservation.id().reservationId());
      }
    }
    Scope blockingScope = verdict.constrainingScope();
    if (blockingScope != null) {
      response.header("X-Budget-Blocking-Scope", blockingScope.wireName());
    }
    MicroUsd remaining = AccountView.remaining(decision, caller);
    if (remaining != null) {
      response.header("X-Budget-Remaining-USD", remaining.toString());
    }
    if (verdict instanceof Verdict.Granted granted && granted.kind() == Verdict.Kind.DOWNGRADE) {
      response.header("X-Budget-Requested-Model", encoded(decision.model().requested()));
      response.header("X-Budget-Selected-Model", encoded(decision.model().selected()));
    }
    if (decision.tokens().clamped()) {
      response.header("X-Budget-Output-Clamped", "true");
    }
    if (decision.degraded() != null) {
      response.header("X-Budget-Degraded", decision.degraded());
    }
    if (decision.subject().runId() != null) {
      response.header(RUN_ID, decision.subject().runId());
    }
  }
}
