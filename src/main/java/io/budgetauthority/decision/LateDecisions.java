package io.budgetauthority.decision;

import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Makes the items of decisions that were answered while the ledger was away, once it is back
/// (protocol section 8). The same decision entered again changes nothing. Safe for use by many
/// threads.
public final class LateDecisions {

  private final AfterTheFact afterTheFact;

  public LateDecisions(AfterTheFact afterTheFact) {
    this.afterTheFact = afterTheFact;
  }

  /// Enters a decision, if its key is free, or holds a block: that answer was lost, since this one
  /// was given after it. A key that was cancelled stays a block.
  public void enter(
      String tenantId, String principalId, String idempotencyKey, DegradedDecision decision) {
    ReservationId id =
        ReservationId.of(tenantId, principalId, ReservationId.Kind.DECISION, idempotencyKey);
    AfterTheFact.Happening happening =
        new AfterTheFact.Happening(
            tenantId,
            decision.facts().runId(),
            decision.parentRunId(),
            decision.runLimit(),
            decision.stated(),
            decision.facts().createdAt(),
            MicroUsd.ZERO,
            true);
    var unused =
        afterTheFact.enter(
            id,
            happening,
            (place, stored) ->
                stored == null || stored.mayBecomeOne()
                    ? Optional.of(item(id, tenantId, principalId, decision, place, stored))
                    : Optional.empty());
  }

  /// The reservation, whose forwarding is taken as implied whatever the caller meant to say: the
  /// word could not reach the ledger, and what was let through must not be released for want of it.
  private static Reservation item(
      ReservationId id,
      String tenantId,
      String principalId,
      DegradedDecision decision,
      AfterTheFact.Place place,
      @Nullable Reservation stored) {
    DecisionFacts facts = decision.facts();
    Price row = decision.priceRow();
    return new Reservation(
        id,
        tenantId,
        principalId,
        decision.requestHash(),
        HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()),
        stored == null ? 1 : stored.revision() + 1,
        ReservationState.RESERVED,
        false,
        false,
        place.holdsOfNothing(),
        facts.estimate() == null ? MicroUsd.ZERO : facts.estimate(),
        null,
        null,
        facts.createdAt(),
        decision.expiresAt(),
        null,
        Duration.ofDays(place.policy().retentionDays()),
        DecisionJson.write(facts.enteredAt(place, MicroUsd.ZERO)),
        row == null ? "" : DecisionJson.writePrice(row));
  }
}
