package io.budgetauthority.decision.rule;

import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.record.Alternative;
import java.util.ArrayList;
import java.util.List;

/// The models that may replace a requested one (protocol.md#downgrade). The policy lists and allows
/// them, and they have a price and can serve the call.
final class Alternatives {

  private Alternatives() {}

  /// The alternatives as a problem or a caller is shown them: those that fit first, then the
  /// others, both in the policy's order.
  static List<Alternative> of(Decider.Input question) {
    List<Alternative> fitting = new ArrayList<>();
    List<Alternative> others = new ArrayList<>();
    for (Decider.Candidate candidate : usable(question)) {
      Quote quote = quote(question, candidate);
      boolean fits = question.fits(quote);
      (fits ? fitting : others)
          .add(
              new Alternative(
                  quote.model(),
                  quote.provider(),
                  quote.estimate().worst(),
                  fits,
                  candidate.row().capabilities().contains(Capability.TOOLS),
                  candidate.row().capabilities().contains(Capability.JSON_SCHEMA),
                  candidate.row().windowTokens(),
                  candidate.listed().downgradeClass(),
                  candidate.listed().policyReason()));
    }
    fitting.addAll(others);
    return fitting;
  }

  /// The candidates that can serve the call, by capabilities, context, modality, allowed models and
  /// price.
  static List<Decider.Candidate> usable(Decider.Input question) {
    DecisionRequest request = question.request();
    return question.candidates().stream()
        .filter(candidate -> candidate.row().capabilities().containsAll(request.requires()))
        .filter(
            candidate ->
                question.row() == null || question.row().mode().equals(candidate.row().mode()))
        .filter(candidate -> candidate.rules().allowed())
        .filter(candidate -> hasRoom(request, candidate.row()))
        .filter(
            candidate ->
                OutputCap.of(request, candidate.row(), question.policy(), candidate.rules())
                        instanceof OutputCap.Result.Effective cap
                    && Pricing.unpricedBecause(
                            candidate.row(),
                            Quote.bounds(request, candidate.row(), question.policy(), cap.tokens()))
                        .isEmpty())
        .toList();
  }

  private static boolean hasRoom(DecisionRequest request, Price row) {
    Long window = row.windowTokens();
    if (window == null) {
      return !request.unboundedInput() && request.contextTokens() == null;
    }
    long needed = request.contextTokens() == null ? 0 : request.contextTokens();
    return Math.max(needed, request.inputTokens() == null ? 0 : request.inputTokens()) <= window;
  }

  static Quote quote(Decider.Input question, Decider.Candidate candidate) {
    DecisionRequest request = question.request();
    OutputCap.Result cap =
        OutputCap.of(request, candidate.row(), question.policy(), candidate.rules());
    long tokens = cap instanceof OutputCap.Result.Effective effective ? effective.tokens() : 0;
    boolean clamped = cap instanceof OutputCap.Result.Effective effective && effective.clamped();
    Quote quote =
        Quote.of(
            candidate.row(),
            candidate.listed().model(),
            request,
            tokens,
            clamped,
            question.policy());
    String provider = candidate.listed().provider();
    return quote.of(provider == null ? candidate.row().provider() : provider);
  }

  static boolean permitsClass(Decider.Candidate candidate, DecisionRequest request) {
    List<String> classes = candidate.listed().requestClasses();
    return classes.isEmpty()
        || (request.requestClass() != null && classes.contains(request.requestClass()));
  }
}
