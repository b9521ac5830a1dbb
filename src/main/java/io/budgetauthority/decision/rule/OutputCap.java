package io.budgetauthority.decision.rule;

import io.budgetauthority.price.Price;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.tenant.Policy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The rules that decide how many output tokens a call may have (protocol.md#output-cap).
final class OutputCap {

  private OutputCap() {}

  /// The outcome of the rules.
  sealed interface Result {
    /// @param tokens the effective cap of one completion; 0 where the row has no output
    /// @param clamped whether the client's own cap was reduced
    record Effective(long tokens, boolean clamped) implements Result {}

    /// @param code `output_cap_required`, `output_cap_above_policy` or `context_window_exceeded`
    record Refused(ProblemCode code, String reason) implements Result {}
  }

  static Result of(DecisionRequest request, Price row, Policy policy, ModelRules rulesOfModel) {
    if (!row.hasOutput()) {
      return new Result.Effective(0, false);
    }
    Policy.OutputCapRules rules = policy.outputCap();
    Long asked = request.maxOutputTokens();
    Long policyMax = rulesOfModel.maxOutputTokens();
    if (asked == null && rules.require()) {
      return new Result.Refused(
          ProblemCode.OUTPUT_CAP_REQUIRED, "the policy wants max_output_tokens to be stated");
    }
    if (asked != null
        && policyMax != null
        && asked > policyMax
        && rules.aboveMax() == Policy.AboveMax.REJECT) {
      return new Result.Refused(
          ProblemCode.OUTPUT_CAP_ABOVE_POLICY,
          "max_output_tokens is " + asked + ", the policy allows " + policyMax);
    }
    Long window = countedWindowLeft(request, row);
    if (isCounted(request)
        && row.windowTokens() != null
        && Objects.requireNonNull(request.inputTokens()) > row.windowTokens()) {
      return new Result.Refused(
          ProblemCode.CONTEXT_WINDOW_EXCEEDED,
          "input_tokens is "
              + request.inputTokens()
              + ", the window of "
              + row.model()
              + " is "
              + row.windowTokens());
    }
    boolean wantsOutput = asked == null || asked > 0;
    if (window != null && window < 1 && wantsOutput) {
      return new Result.Refused(
          ProblemCode.CONTEXT_WINDOW_EXCEEDED,
          "input_tokens is "
              + request.inputTokens()
              + ", which leaves no output in a window of "
              + row.windowTokens());
    }
    long cap = Math.min(asked == null ? rules.defaultTokens() : asked, orUnlimited(policyMax));
    cap = Math.min(cap, orUnlimited(row.outputLimitTokens()));
    cap = Math.min(cap, orUnlimited(window));
    cap = Math.max(0, cap);
    return new Result.Effective(cap, asked != null && cap < asked);
  }

  /// The output tokens that one window for input and output leaves after a counted input. Null
  /// where the window does not limit the output: bytes are a bound and no count.
  private static @Nullable Long countedWindowLeft(DecisionRequest request, Price row) {
    Long window = row.windowTokens();
    if (!row.sharedWindow() || window == null || !isCounted(request)) {
      return null;
    }
    return window - Objects.requireNonNull(request.inputTokens());
  }

  private static boolean isCounted(DecisionRequest request) {
    return request.inputTokens() != null
        && request.inputBytes() == null
        && !request.unboundedInput();
  }

  private static long orUnlimited(@Nullable Long limit) {
    return limit == null ? Long.MAX_VALUE : limit;
  }
}
