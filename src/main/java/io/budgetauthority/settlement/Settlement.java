package io.budgetauthority.settlement;

import io.budgetauthority.decision.DecisionFacts;
import io.budgetauthority.decision.DecisionJson;
import io.budgetauthority.decision.HoldChange;
import io.budgetauthority.decision.ModelRules;
import io.budgetauthority.decision.ProblemCode;
import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.AccountKey;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.LedgerContended;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Settled;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Tenants;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// Settles reservations. It reads a reservation, lets the pure state machine compute the step, and
/// writes the step under the condition that nothing changed meanwhile. If something did, it starts
/// again. Every call is idempotent (protocol.md#settle). Safe for use by many threads.
public final class Settlement {

  private static final Duration TIMEOUT = Duration.ofMillis(2_500);

  /// How often a call reads a reservation before it gives up. A reservation takes only a few steps
  /// in its life, so it does not normally change this often.
  private static final int MAX_READS = 20;

  private final Ledger ledger;
  private final UsagePricing pricing;
  private final Tenants tenants;
  private final Clock clock;

  public Settlement(Ledger ledger, UsagePricing pricing, Tenants tenants, Clock clock) {
    this.ledger = ledger;
    this.pricing = pricing;
    this.tenants = tenants;
    this.clock = clock;
  }

  /// The outcome of a step.
  public sealed interface Result {
    /// The reservation as it is now, whether by this step or an earlier one.
    record Done(Reservation reservation, DecisionFacts facts) implements Result {}

    /// Its state does not allow the step (409).
    record Refused(Reservation reservation, DecisionFacts facts) implements Result {}

    /// An account has not enough available for the change, or the model has no price or is not
    /// allowed. Nothing changed.
    record Blocked(Reservation reservation, DecisionFacts facts, DecisionFacts.BlockFacts block)
        implements Result {}

    /// The change is not possible at all (400); nothing changed.
    record Invalid(String field, String reason) implements Result {}

    /// A rule of the policy or of the row does not allow the change (400); nothing changed.
    record Disallowed(ProblemCode code, String reason) implements Result {}

    /// The reservation is another principal's, and the caller is no gateway (403).
    record Forbidden() implements Result {}

    /// No reservation of that id exists for this caller (404).
    record NotFound() implements Result {}
  }

  /// Reads a decision or reservation that this caller may see; empty where none exists or the
  /// caller may not see it.
  public Optional<Reservation> find(Caller caller, ReservationId id) {
    return find(caller, id, Deadline.in(TIMEOUT)).map(Found::reservation);
  }

  /// A reservation and the facts of its decision.
  private record Found(Reservation reservation, DecisionFacts facts) {}

  private Optional<Found> find(Caller caller, ReservationId id, Deadline deadline) {
    return ledger
        .find(caller.tenantId(), id, deadline)
        .map(reservation -> new Found(reservation, DecisionJson.readFacts(reservation.facts())))
        .filter(found -> caller.mayTouch(found.facts().userId(), found.facts().keyId()));
  }

  /// Whether a reservation exists, but is another tenant's.
  boolean isOfAnotherTenant(String tenantId, ReservationId id) {
    return ledger
        .find(id, Deadline.in(TIMEOUT))
        .filter(found -> !found.tenantId().equals(tenantId))
        .isPresent();
  }

  public Result forward(Caller caller, ReservationId id) {
    return take(caller, id, (reservation, facts) -> reservation.forward());
  }

  /// Charges what was used.
  public Result commit(Caller caller, ReservationId id, UsageReport report) {
    return take(
        caller,
        id,
        (reservation, facts) -> {
          UsagePricing.Priced priced = pricing.price(reservation, facts, report);
          return reservation.commit(
              new Settled(
                  priced.amount(),
                  report.quality(),
                  DecisionJson.write(priced.particulars()),
                  now(),
                  caller.role() == Role.AGENT ? Settled.Reporter.AGENT : Settled.Reporter.GATEWAY));
        });
  }

  /// @param reason why, in the caller's words, which are stored with the reservation
  public Result release(Caller caller, ReservationId id, @Nullable String reason) {
    return take(caller, id, (reservation, facts) -> reservation.release(reason, now()));
  }

  /// Raises the time, and where it is stated the output, of an open reservation.
  public Result extend(
      Caller caller, ReservationId id, @Nullable Instant until, @Nullable Long outputTokens) {
    if (outputTokens == null) {
      return take(
          caller,
          id,
          (reservation, facts) ->
              reservation.extend(until == null ? reservation.expiresAt() : until));
    }
    return change(
        caller,
        id,
        (reservation, facts, change) -> {
          if (reservation.priceRow().isEmpty()) {
            return new HoldChange.Result.Invalid(
                "/max_output_tokens", "cannot be priced: the model has no price");
          }
          Price row = DecisionJson.readPrice(reservation.priceRow());
          return change.extend(row, rules(caller, facts, row), until, outputTokens);
        });
  }

  /// Moves an open hold to another model.
  public Result retarget(Caller caller, ReservationId id, @Nullable String provider, String model) {
    return change(
        caller,
        id,
        (reservation, facts, change) ->
            switch (pricing.find(caller.tenantId(), facts, provider, model)) {
              case PriceTable.Found.Row row ->
                  change.retarget(
                      row.price(),
                      rules(caller, facts, row.price()),
                      provider == null ? row.price().provider() : provider,
                      model);
              case PriceTable.Found.Ambiguous ambiguous ->
                  new HoldChange.Result.Invalid(
                      "/model", "means several rows: " + String.join(", ", ambiguous.candidates()));
              case PriceTable.Found.Unknown unknown ->
                  change.unknown(provider, model, pricing.near(facts, model));
            });
  }

  /// What the policy says now about a row of the decision's time.
  private ModelRules rules(Caller caller, DecisionFacts facts, Price row) {
    return ModelRules.of(
        tenants.policy(caller.tenantId()).policy(),
        row,
        (provider, model) -> pricing.find(caller.tenantId(), facts, provider, model));
  }

  private interface Change {
    HoldChange.Result of(Reservation reservation, DecisionFacts facts, HoldChange change);
  }

  private Result change(Caller caller, ReservationId id, Change wanted) {
    return untilTaken(
        caller,
        id,
        (found, deadline) -> {
          Reservation reservation = found.reservation();
          DecisionFacts facts = found.facts();
          if (!reservation.state().isOpen()) {
            return new Result.Refused(reservation, facts);
          }
          Map<AccountKey, Account> accounts = ledger.accounts(reservation, deadline);
          if (ledger.repair(accounts.values(), deadline)) {
            return null;
          }
          HoldChange change =
              new HoldChange(
                  reservation, facts, tenants.policy(caller.tenantId()).policy(), accounts);
          return switch (wanted.of(reservation, facts, change)) {
            case HoldChange.Result.Blocked blocked ->
                new Result.Blocked(reservation, blocked.facts(), blocked.block());
            case HoldChange.Result.Refused refused ->
                new Result.Disallowed(refused.code(), refused.reason());
            case HoldChange.Result.Invalid invalid ->
                new Result.Invalid(invalid.field(), invalid.reason());
            case HoldChange.Result.Moved moved ->
                result(reservation.rehold(moved.to()), found, deadline);
          };
        });
  }

  /// Releases what an idempotency key reserved. A key that was not seen is marked as cancelled, so
  /// that an ask with it is blocked when it arrives. The result is then empty.
  public Optional<Result.Done> cancel(
      Caller caller,
      String idempotencyKey,
      Mode mode,
      String priceTableVersion,
      Duration retention) {
    ReservationId id =
        ReservationId.of(
            caller.tenantId(), caller.principalId(), ReservationId.Kind.DECISION, idempotencyKey);
    Deadline deadline = Deadline.in(TIMEOUT);
    if (ledger.find(caller.tenantId(), id, deadline).isEmpty()) {
      Instant now = now();
      DecisionFacts facts = DecisionFacts.cancelled(mode, priceTableVersion, now);
      Reservation tombstone =
          Reservation.cancelled(id, caller, now, retention, DecisionJson.write(facts));
      if (ledger.reserve(Ledger.Write.of(tombstone), deadline) instanceof Ledger.Outcome.Reserved) {
        return Optional.empty();
      }
    }
    Result result = take(caller, id, (reservation, facts) -> reservation.cancel(now()));
    return result instanceof Result.Done done && !done.facts().wasCancelled()
        ? Optional.of(done)
        : Optional.empty();
  }

  private Result take(
      Caller caller,
      ReservationId id,
      BiFunction<Reservation, DecisionFacts, Reservation.Step> step) {
    return untilTaken(
        caller,
        id,
        (found, deadline) ->
            result(step.apply(found.reservation(), found.facts()), found, deadline));
  }

  /// One attempt at a step of a reservation as it was just read.
  private interface Attempt {
    /// Null where another step was written first, so that the reservation must be read and the step
    /// computed again.
    @Nullable Result at(Found found, Deadline deadline);
  }

  private Result untilTaken(Caller caller, ReservationId id, Attempt attempt) {
    Deadline deadline = Deadline.in(TIMEOUT);
    for (int read = 0; read < MAX_READS; read++) {
      Optional<Found> found = find(caller, id, deadline);
      if (found.isEmpty()) {
        return new Result.NotFound();
      }
      if (caller.role() == Role.AGENT
          && !found.get().reservation().principalId().equals(caller.principalId())) {
        return new Result.Forbidden();
      }
      Result result = attempt.at(found.get(), deadline);
      if (result != null) {
        return result;
      }
    }
    throw new LedgerContended("reservation " + id.reservationId() + " moved on at every read");
  }

  /// Writes a step and returns its outcome; null where the ledger has changed meanwhile.
  private @Nullable Result result(Reservation.Step step, Found found, Deadline deadline) {
    return switch (step) {
      case Reservation.Step.Unchanged unchanged ->
          new Result.Done(found.reservation(), found.facts());
      case Reservation.Step.Refused refused ->
          new Result.Refused(found.reservation(), found.facts());
      case Reservation.Step.Move move ->
          ledger.settle(move, deadline) == Ledger.SettleOutcome.SETTLED
              ? done(move.next(), found)
              : null;
    };
  }

  private static Result done(Reservation next, Found found) {
    Settled settled = next.settled();
    Meters.afterWrite(
        () -> {
          if (next.state() == ReservationState.RELEASED) {
            Meters.released();
          } else if (settled != null && !settled.equals(found.reservation().settled())) {
            UsagePricing.count(next, settled);
          }
        });
    return new Result.Done(next, factsOf(next, found));
  }

  /// The facts of the next state: those that were read, unless the step moved the hold.
  private static DecisionFacts factsOf(Reservation next, Found found) {
    return next.facts().equals(found.reservation().facts())
        ? found.facts()
        : DecisionJson.readFacts(next.facts());
  }

  private Instant now() {
    return Instant.ofEpochMilli(clock.millis());
  }
}
