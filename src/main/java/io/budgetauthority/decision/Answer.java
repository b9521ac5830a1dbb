package io.budgetauthority.decision;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the authority answers to an ask. A decision is stored and replayed. Every other answer
/// stores nothing and leaves the idempotency key as it was (protocol.md#ask).
public sealed interface Answer {

  /// @param replayed whether the decision was made by an earlier request with the same key
  record Decided(Reservation reservation, boolean replayed) implements Answer {
    public Decision decision() {
      return reservation.decision();
    }
  }

  /// What would be decided; nothing is stored.
  ///
  /// @param row the row that the call would be priced by; null where it has none
  record DryRun(Decision decision, @Nullable Price row) implements Answer {}

  /// The key's reservation is no longer open (409 `reservation_settled`).
  record AlreadySettled(Reservation reservation) implements Answer {}

  /// A rule of the policy or of the row does not allow the ask (400).
  record Refused(ProblemCode code, String reason) implements Answer {}

  /// A field of the request is invalid (400).
  record Invalid(String field, String reason) implements Answer {}

  /// The model's name means several rows.
  record Ambiguous(List<String> candidates) implements Answer {
    public Ambiguous {
      candidates = List.copyOf(candidates);
    }
  }

  /// The key was used with another request (422).
  record KeyReused() implements Answer {}

  /// The named run, or what the ask states about it, does not allow the call.
  sealed interface RunRefused extends Answer {}

  /// The run has ended (409).
  record RunClosed(String runId) implements RunRefused {}

  /// The run that was named as parent cannot be the parent (400).
  record InvalidParent(String reason) implements RunRefused {}

  /// No run has the id that was named as parent (404).
  record UnknownParent(String runId) implements RunRefused {}

  /// A counter of runs has reached its maximum (429).
  ///
  /// @param reason how many runs it counts, and its limit
  record TooManyRuns(RunCounter counter, String reason) implements RunRefused {}

  /// The run exists with another limit or parent (409).
  record RunConflict(String runId, String reason) implements RunRefused {}

  /// The run belongs to another tuple (403).
  record RunMismatch(String runId, String field) implements RunRefused {}

  /// The caller's role does not allow what it asked for (403).
  record Forbidden(String reason) implements Answer {}

  /// No price table was read yet (503).
  record NoPrices() implements Answer {}
}
