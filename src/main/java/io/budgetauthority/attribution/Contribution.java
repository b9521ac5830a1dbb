package io.budgetauthority.attribution;

import static io.budgetauthority.price.Usage.orZero;

import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Verdict;
import java.time.LocalDate;

/// What one decision at one revision adds to which row. Pure: the same decision always adds the
/// same.
record Contribution(RowKey row, Amounts amounts) {

  static Contribution of(Change.Stepped step, LocalDate day) {
    return new Contribution(
        row(step, day), step.decision().isBlocked() ? ofBlock(step.decision()) : ofCall(step));
  }

  private static RowKey row(Change.Stepped step, LocalDate day) {
    Decision.Subject subject = step.decision().subject();
    return new RowKey(
        step.after().tenantId(),
        day,
        subject.runId(),
        subject.tuple().userId(),
        subject.tuple().keyId(),
        subject.tuple().teamId(),
        subject.tuple().featureId(),
        step.provider(),
        step.model(),
        step.decision().model().requestClass());
  }

  /// A block that only marks a key which was cancelled before its ask is no decision: nobody asked.
  private static Amounts ofBlock(Decision decision) {
    return decision.isCancelled()
        ? Amounts.NONE
        : new Amounts.Builder().add(Measure.DECISIONS, 1).add(Measure.BLOCKED, 1).build();
  }

  private static Amounts ofCall(Change.Stepped step) {
    Decision decision = step.decision();
    boolean released = step.after().state() == ReservationState.RELEASED;
    Amounts.Builder amounts =
        new Amounts.Builder()
            .add(Measure.DECISIONS, 1)
            .add(Measure.CALLS, !released)
            .add(Measure.RELEASED, released)
            .add(Measure.OPEN, step.after().state().isHolding())
            .add(Measure.DEGRADED, decision.degraded() != null)
            .add(Measure.ORPHANS, decision.subject().orphanOf() != null);
    switch (decision.verdict()) {
      case Verdict.Granted granted ->
          amounts
              .add(Measure.DOWNGRADED, granted.kind() == Verdict.Kind.DOWNGRADE)
              .add(Measure.WARNED, granted.kind() == Verdict.Kind.ADVISORY_WARN);
      case Verdict.Unreserved unreserved -> amounts.add(Measure.UNRESERVED, 1);
      case Verdict.Block block -> throw new IllegalArgumentException("a block is no call");
    }
    Charge charge = step.after().charge();
    if (charge != null) {
      addCharge(amounts, step, charge);
    }
    return amounts.build();
  }

  private static void addCharge(Amounts.Builder amounts, Change.Stepped step, Charge charge) {
    amounts.add(Measure.COMMITTED_USD, charge.amount());
    Usage usage = charge.usage().usage();
    if (usage != null) {
      addUsage(amounts, usage);
    }
    if (charge.isPresumed()) {
      amounts.add(Measure.PRESUMED, 1).add(Measure.PRESUMED_USD, charge.amount());
    }
    if (!charge.usage().unpriced().isEmpty() || step.after().priceRow() == null) {
      amounts.add(Measure.UNPRICED, 1).add(Measure.UNPRICED_USD, charge.amount());
    }
    MicroUsd overrun = step.after().overrun();
    if (overrun != null) {
      amounts.add(Measure.OVERRUNS, 1).add(Measure.OVERRUN_USD, overrun);
    }
    if (step.decision().subject().orphanOf() != null) {
      amounts.add(Measure.ORPHANS_USD, charge.amount());
    }
  }

  private static void addUsage(Amounts.Builder amounts, Usage usage) {
    Parts parts = usage.parts();
    amounts
        .add(Measure.INPUT_TOKENS, usage.inputTokens())
        .add(Measure.CACHE_READ_TOKENS, orZero(parts.cacheReadTokens()))
        .add(Measure.CACHE_WRITE_TOKENS, orZero(parts.cacheWriteTokens()))
        .add(Measure.CACHE_WRITE_1H_TOKENS, orZero(parts.cacheWrite1hTokens()))
        .add(Measure.INPUT_AUDIO_TOKENS, orZero(parts.inputAudioTokens()))
        .add(Measure.INPUT_IMAGE_TOKENS, orZero(parts.inputImageTokens()))
        .add(Measure.OUTPUT_TOKENS, usage.outputTokens())
        .add(Measure.REASONING_TOKENS, orZero(parts.reasoningTokens()))
        .add(Measure.OUTPUT_AUDIO_TOKENS, orZero(parts.outputAudioTokens()))
        .add(Measure.OUTPUT_IMAGE_TOKENS, orZero(parts.outputImageTokens()));
    for (Measure measure : Measure.values()) {
      UnitCount count = measure.isUnit() ? usage.units().get(measure.wireName()) : null;
      if (count != null) {
        amounts.add(measure, count.millionths());
      }
    }
  }
}
