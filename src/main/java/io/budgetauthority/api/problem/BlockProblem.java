package io.budgetauthority.api.problem;

import io.budgetauthority.api.view.AccountView;
import io.budgetauthority.api.view.BlockView;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Share;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The problem of a block: the blocking account, the remedies and the alternatives
/// (protocol.md#problems).
public final class BlockProblem {

  private static final String DECISIONS = "/budget/decisions";

  private BlockProblem() {}

  /// @param decision the decision that is blocked, with the accounts as they were seen
  /// @param id null for a dry run, which nobody can look up
  public static Response.ResponseBuilder response(
      Decision decision,
      Verdict.Block block,
      @Nullable ReservationId id,
      Policy policy,
      Caller caller,
      Instant now) {
    Share blocking = decision.constrainedBy();
    String code = block.code().wireName();
    Problem problem =
        new Problem(
            "/problems/" + code,
            title(block.code()),
            policy.blockStatus(),
            BlockView.detail(decision, block, caller),
            id == null ? DECISIONS : DECISIONS + "/" + id.decisionId(),
            code,
            null,
            budget(decision, block, blocking == null ? null : AccountView.of(blocking, caller)),
            block.remedies(),
            block.alternatives(),
            null,
            null,
            block.candidates().isEmpty() ? null : block.candidates());
    Response.ResponseBuilder response = problem.response();
    if (block.remedies().contains(Remedy.WAIT)) {
      response.header(HttpHeaders.RETRY_AFTER, retryAfterSeconds(block, policy, now));
    }
    return response;
  }

  /// The policy's seconds, or until the rates that block have refilled enough if that is longer.
  private static long retryAfterSeconds(Verdict.Block block, Policy policy, Instant now) {
    Instant until = block.waitUntil();
    return until == null
        ? policy.retryAfterSeconds()
        : Math.max(
            policy.retryAfterSeconds(),
            Math.ceilDiv(Duration.between(now, until).toMillis(), 1_000L));
  }

  private static Problem.Budget budget(
      Decision decision, Verdict.Block block, @Nullable AccountView blocking) {
    return new Problem.Budget(
        blocking == null ? null : blocking.scope(),
        blocking == null ? null : blocking.id(),
        blocking == null ? null : blocking.window(),
        decision.subject().runId(),
        blocking == null ? null : blocking.limit(),
        blocking == null ? null : blocking.committed(),
        blocking == null ? null : blocking.reserved(),
        blocking == null ? null : blocking.remaining(),
        decision.estimate(),
        decision.tokens().effectiveOutput(),
        decision.tokens().requestedOutput(),
        decision.priceTableVersion(),
        block.resetsAt() != null || blocking == null ? block.resetsAt() : blocking.resetsAt(),
        block.fitsMaxOutputTokens());
  }

  /// The title of the problem of a block.
  public static String title(ProblemCode code) {
    return switch (code) {
      case PRICE_UNKNOWN -> "The price is unknown";
      case MODEL_NOT_ALLOWED -> "The model is not allowed";
      case CANCELLED -> "The call was cancelled";
      case RUN_CEILING_REACHED,
          USER_CEILING_REACHED,
          KEY_CEILING_REACHED,
          TEAM_CEILING_REACHED,
          FEATURE_CEILING_REACHED,
          TENANT_CEILING_REACHED,
          OUTPUT_CAP_REQUIRED,
          OUTPUT_CAP_ABOVE_POLICY,
          CONTEXT_WINDOW_EXCEEDED ->
          "The budget does not allow this call";
    };
  }
}
