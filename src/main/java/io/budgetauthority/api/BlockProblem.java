package io.budgetauthority.api;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.Remedy;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/// The problem of a block: the blocking account, the remedies and the alternatives
/// (protocol.md#problems).
final class BlockProblem {

  private static final String DECISIONS = "/budget/decisions";

  private BlockProblem() {}

  /// @param id null for a dry run, which nobody can look up
  static Response.ResponseBuilder response(
      DecisionFacts facts,
      DecisionFacts.BlockFacts block,
      @Nullable ReservationId id,
      Policy policy,
      Caller caller) {
    DecisionFacts.Touched blocking =
        block.blocking() == null ? null : facts.accounts().get(block.blocking());
    String code = facts.code() == null ? DecisionFacts.BLOCK : facts.code();
    Problem problem =
        new Problem(
            "/problems/" + code,
            title(code),
            policy.blockStatus(),
            blocking == null || AccountView.seesAmounts(blocking, caller)
                ? block.detail()
                : "the " + blocking.scope().wireName() + "'s ceiling does not allow the call",
            id == null ? DECISIONS : DECISIONS + "/" + id.decisionId(),
            code,
            null,
            budget(facts, block, blocking == null ? null : AccountView.of(blocking, caller)),
            block.remedies(),
            facts.alternatives(),
            null,
            null,
            block.candidates().isEmpty() ? null : block.candidates());
    Response.ResponseBuilder response = problem.response();
    if (block.remedies().contains(Remedy.WAIT.wireName())) {
      response.header(HttpHeaders.RETRY_AFTER, policy.retryAfterSeconds());
    }
    return response;
  }

  private static Problem.Budget budget(
      DecisionFacts facts, DecisionFacts.BlockFacts block, @Nullable AccountView blocking) {
    return new Problem.Budget(
        blocking == null ? null : blocking.scope(),
        blocking == null ? null : blocking.id(),
        blocking == null ? null : blocking.window(),
        facts.runId(),
        blocking == null ? null : blocking.limit(),
        blocking == null ? null : blocking.committed(),
        blocking == null ? null : blocking.reserved(),
        blocking == null ? null : blocking.remaining(),
        facts.estimate(),
        facts.effectiveMaxOutputTokens(),
        facts.clientRequestedMaxOutputTokens(),
        facts.priceTableVersion(),
        block.resetsAt() != null || blocking == null ? block.resetsAt() : blocking.resetsAt(),
        block.fitsMaxOutputTokens());
  }

  static String title(String code) {
    return switch (code) {
      case "price_unknown" -> "The price is unknown";
      case "model_not_allowed" -> "The model is not allowed";
      case "cancelled" -> "The call was cancelled";
      default -> "The budget does not allow this call";
    };
  }
}
