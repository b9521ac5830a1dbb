package io.budgetauthority.attribution;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Settled;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;

/// What one decision at one revision adds to which row. Pure: the same decision always adds the
/// same.
record Contribution(RowKey row, Amounts amounts) {

  private static final List<Measure> TOKENS =
      List.of(
          Measure.INPUT_TOKENS,
          Measure.CACHE_READ_TOKENS,
          Measure.CACHE_WRITE_TOKENS,
          Measure.CACHE_WRITE_1H_TOKENS,
          Measure.INPUT_AUDIO_TOKENS,
          Measure.INPUT_IMAGE_TOKENS,
          Measure.OUTPUT_TOKENS,
          Measure.REASONING_TOKENS,
          Measure.OUTPUT_AUDIO_TOKENS,
          Measure.OUTPUT_IMAGE_TOKENS);

  static Contribution of(Change.Stepped step, LocalDate day) {
    return new Contribution(
        row(step, day), step.decision().blocked() ? ofBlock(step.decision()) : ofCall(step));
  }

  private static RowKey row(Change.Stepped step, LocalDate day) {
    StoredDecision decision = step.decision();
    StoredDecision.Usage usage = step.usage();
    String held =
        decision.selectedModel() == null ? decision.requestedModel() : decision.selectedModel();
    return new RowKey(
        step.after().tenantId(),
        day,
        decision.runId(),
        decision.userId(),
        decision.keyId(),
        decision.teamId(),
        decision.featureId(),
        usage.provider() == null ? decision.provider() : usage.provider(),
        usage.model() == null ? held : usage.model(),
        decision.requestClass());
  }

  /// A block that only marks a key which was cancelled before its ask is no decision: nobody asked.
  private static Amounts ofBlock(StoredDecision decision) {
    return decision.cancelled()
        ? Amounts.NONE
        : new Amounts.Builder().add(Measure.DECISIONS, 1).add(Measure.BLOCKED, 1).build();
  }

  private static Amounts ofCall(Change.Stepped step) {
    StoredDecision decision = step.decision();
    boolean released = step.after().state() == ReservationState.RELEASED;
    Amounts.Builder amounts =
        new Amounts.Builder()
            .add(Measure.DECISIONS, 1)
            .add(Measure.CALLS, !released)
            .add(Measure.RELEASED, released)
            .add(Measure.OPEN, step.after().state().isHolding())
            .add(Measure.DOWNGRADED, decision.downgraded())
            .add(Measure.WARNED, decision.warned())
            .add(Measure.UNRESERVED, decision.unreserved())
            .add(Measure.DEGRADED, decision.degraded() != null)
            .add(Measure.ORPHANS, decision.orphanOf() != null);
    Settled settled = step.after().settled();
    if (settled != null) {
      addCharge(amounts, step, settled);
    }
    return amounts.build();
  }

  private static long millionths(JsonNode units) {
    return units.isNumber() ? units.decimalValue().movePointRight(6).longValueExact() : 0;
  }

  private static void addCharge(Amounts.Builder amounts, Change.Stepped step, Settled settled) {
    amounts.add(Measure.COMMITTED_USD, settled.charge());
    JsonNode usage = step.usage().usage();
    if (usage != null) {
      for (Measure tokens : TOKENS) {
        amounts.add(tokens, usage.path(tokens.name().toLowerCase(Locale.ROOT)).asLong());
      }
      for (Measure measure : Measure.values()) {
        if (measure.isUnit()) {
          amounts.add(measure, millionths(usage.path("units").path(measure.wireName())));
        }
      }
    }
    if (step.presumed()) {
      amounts.add(Measure.PRESUMED, 1).add(Measure.PRESUMED_USD, settled.charge());
    }
    if (!step.usage().unpriced().isEmpty() || step.after().priceRow().isEmpty()) {
      amounts.add(Measure.UNPRICED, 1).add(Measure.UNPRICED_USD, settled.charge());
    }
    if (step.overrun() != null) {
      amounts.add(Measure.OVERRUNS, 1).add(Measure.OVERRUN_USD, step.overrun());
    }
    if (step.decision().orphanOf() != null) {
      amounts.add(Measure.ORPHANS_USD, settled.charge());
    }
  }
}
