package io.budgetauthority.api.decision;

import io.budgetauthority.api.http.TimeSpan;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.record.Decision;
import jakarta.ws.rs.QueryParam;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The query parameters of a tenant's list of decisions, as they were sent.
public class DecisionFilter {

  /// The longest time that a list may span.
  private static final Duration MAX_SPAN = Duration.ofDays(31);

  @QueryParam("outcome")
  @Nullable String outcome;

  @QueryParam("from")
  @Nullable String from;

  @QueryParam("to")
  @Nullable String to;

  @QueryParam("user_id")
  @Nullable String userId;

  @QueryParam("key_id")
  @Nullable String keyId;

  @QueryParam("run_id")
  @Nullable String runId;

  @QueryParam("model")
  @Nullable String model;

  @QueryParam("code")
  @Nullable String code;

  DecisionLists.Outcome outcome() {
    return switch (stated(outcome)) {
      case null -> DecisionLists.Outcome.ALL;
      case "all" -> DecisionLists.Outcome.ALL;
      case "passed" -> DecisionLists.Outcome.PASSED;
      case "refused" -> DecisionLists.Outcome.REFUSED;
      case "open" -> DecisionLists.Outcome.OPEN;
      default -> throw RequestFields.invalid("outcome", "must be all, passed, refused or open");
    };
  }

  /// The time of the list: the last day, where none is stated.
  TimeSpan span(Instant now) {
    return TimeSpan.parse(from, to, now, Duration.ofDays(1), MAX_SPAN);
  }

  /// Whether a decision has what is stated. What is not stated may be anything.
  boolean fits(Reservation reservation) {
    Decision decision = reservation.decision();
    return has(userId, decision.subject().tuple().userId())
        && has(keyId, decision.subject().tuple().keyId())
        && has(runId, decision.subject().runId())
        && has(model, decision.model().held())
        && has(
            code, decision.verdict().code() == null ? null : decision.verdict().code().wireName());
  }

  /// An empty parameter is the same as an absent one.
  private static @Nullable String stated(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }

  private static boolean has(@Nullable String wanted, @Nullable String value) {
    String stated = stated(wanted);
    return stated == null || stated.equals(value);
  }

  /// Refuses ids that no decision can have.
  void check() {
    Ids.optional("user_id", stated(userId));
    Ids.optional("key_id", stated(keyId));
    String run = stated(runId);
    if (run != null) {
      Ids.requireRunId("run_id", run);
    }
    Ids.optionalLabel("model", model);
    Ids.optionalLabel("code", code);
  }
}
