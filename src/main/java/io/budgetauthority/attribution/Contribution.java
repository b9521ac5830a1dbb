package io.budgetauthority.attribution;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Settled;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;

/// What one decision, as it stands at one revision, adds to which row. Pure: the same decision
/// always adds the same.
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
        row(step, day), step.outline().blocked() ? ofBlock(step.outline()) : ofCall(step));
  }

  private static RowKey row(Change.Stepped step, LocalDate day) {
    Outline outline = step.outline();
    Outline.Heard heard = step.heard();
    String held =
        outline.selectedModel() == null ? outline.requestedModel() : outline.selectedModel();
    return new RowKey(
        step.after().tenantId(),
        day,
        outline.runId(),
        outline.userId(),
        outline.keyId(),
        outline.teamId(),
        outline.featureId(),
        heard.provider() == null ? outline.provider() : heard.provider(),
        heard.model() == null ? held : heard.model(),
        outline.requestClass());
  }

  /// The mark of a key that was cancelled before it was seen is no decision that anybody asked for.
  private static Amounts ofBlock(Outline outline) {
    return outline.cancelled()
        ? Amounts.NONE
        : new Amounts.Builder().add(Measure.DECISIONS, 1).add(Measure.BLOCKED, 1).build();
  }

  private static Amounts ofCall(Change.Stepped step) {
    Outline outline = step.outline();
    boolean released = step.after().state() == ReservationState.RELEASED;
    Amounts.Builder amounts =
        new Amounts.Builder()
            .add(Measure.DECISIONS, 1)
            .add(Measure.CALLS, !released)
            .add(Measure.RELEASED, released)
            .add(Measure.OPEN, step.after().state().isHolding())
            .add(Measure.DOWNGRADED, outline.downgraded())
            .add(Measure.WARNED, outline.warned())
            .add(Measure.UNRESERVED, outline.unreserved())
            .add(Measure.DEGRADED, outline.degraded() != null)
            .add(Measure.ORPHANS, outline.orphanOf() != null);
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
    JsonNode usage = step.heard().usage();
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
    if (!step.heard().unpriced().isEmpty() || step.after().priceRow().isEmpty()) {
      amounts.add(Measure.UNPRICED, 1).add(Measure.UNPRICED_USD, settled.charge());
    }
    if (step.overrun() != null) {
      amounts.add(Measure.OVERRUNS, 1).add(Measure.OVERRUN_USD, step.overrun());
    }
    if (step.outline().orphanOf() != null) {
      amounts.add(Measure.ORPHANS_USD, settled.charge());
    }
  }
}
