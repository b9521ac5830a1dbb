package io.budgetauthority.settlement;

import io.budgetauthority.decision.rule.HoldChange;
import io.budgetauthority.decision.rule.ModelRules;
import io.budgetauthority.ledger.DecisionWrite;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.ReserveOutcome;
import io.budgetauthority.ledger.SettleOutcome;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Settles reservations. It reads a reservation, lets the pure state machine compute the step, and
/// writes the step under the condition that nothing changed meanwhile. If something did, it starts
/// again. Every call is idempotent (protocol.md#settle). Safe for use by many threads.
public final class Settlement {

  private final Ledger ledger;
  private final UsagePricing pricing;
  private final Policies policies;
  private final Clock clock;

  public Settlement(Ledger ledger, UsagePricing pricing, Policies policies, Clock clock) {
    this.ledger = ledger;
    this.pricing = pricing;
    this.policies = policies;
    this.clock = clock;
  }

  /// The outcome of a step.
  public sealed interface Result {
    /// The reservation as it is now, whether by this step or an earlier one.
    record Done(Reservation reservation) implements Result {}

    /// Its state does not allow the step (409).
    record Refused(Reservation reservation) implements Result {}

    /// An account has not enough available for the change, or the model has no price or is not
    /// allowed. Nothing changed.
    ///
    /// @param decision the decision with the balances seen now, and with the block
    record Blocked(Reservation reservation, Decision decision, Verdict.Block block)
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
    return find(caller, id, Deadline.ofRequest());
  }

  private Optional<Reservation> find(Caller caller, ReservationId id, Deadline deadline) {
    return ledger.find(caller.tenantId(), id, deadline).filter(found -> isVisible(caller, found));
  }

  private static boolean isVisible(Caller caller, Reservation reservation) {
    return reservation.decision().subject().tuple().isVisibleTo(caller);
  }

  /// Whether a reservation exists, but is another tenant's.
  boolean isOfAnotherTenant(String tenantId, ReservationId id) {
    return ledger
        .find(id, Deadline.ofRequest())
        .filter(found -> !found.tenantId().equals(tenantId))
        .isPresent();
  }

  public Result forward(Caller caller, ReservationId id) {
    return take(caller, id, Reservation::forward);
  }

  /// Charges what was used.
  public Result commit(Caller caller, ReservationId id, UsageReport report) {
    return take(
        caller,
        id,
        reservation -> {
          UsagePricing.Priced priced = pricing.price(reservation, report);
          return reservation.commit(
              new Charge(
                  priced.amount(),
                  report.quality(),
                  priced.usage(),
                  now(),
                  caller.role() == Role.AGENT ? Charge.Reporter.AGENT : Charge.Reporter.GATEWAY));
        });
  }

  /// @param reason why, in the caller's words, which are stored with the reservation
  public Result release(Caller caller, ReservationId id, @Nullable String reason) {
    return take(caller, id, reservation -> reservation.release(reason, now()));
  }

  /// Raises the time, and where it is stated the output, of an open reservation.
  public Result extend(
      Caller caller, ReservationId id, @Nullable Instant until, @Nullable Long outputTokens) {
    if (outputTokens == null) {
      return take(
          caller,
          id,
          reservation ->
              reservation.extend(until == null ? reservation.expiresAt() : until, now()));
    }
    return change(
        caller,
        id,
        (reservation, change) -> {
          Price row = reservation.priceRow();
          return row == null
              ? new HoldChange.Result.Invalid(
                  "/max_output_tokens", "cannot be priced: the model has no price")
              : change.extend(row, rules(caller, reservation.decision(), row), until, outputTokens);
        });
  }

  /// Moves an open hold to another model.
  public Result retarget(Caller caller, ReservationId id, @Nullable String provider, String model) {
    return change(
        caller,
        id,
        (reservation, change) ->
            switch (pricing.find(caller.tenantId(), reservation.decision(), provider, model)) {
              case PriceTable.Found.Row row ->
                  change.retarget(
                      row.price(),
                      rules(caller, reservation.decision(), row.price()),
                      provider == null ? row.price().provider() : provider,
                      model);
              case PriceTable.Found.Ambiguous ambiguous ->
                  new HoldChange.Result.Invalid(
                      "/model", "means several rows: " + String.join(", ", ambiguous.candidates()));
              case PriceTable.Found.Unknown unknown ->
                  change.unknown(provider, model, pricing.near(reservation.decision(), model));
            });
  }

  /// What the policy says now about a row of the decision's time.
  private ModelRules rules(Caller caller, Decision decision, Price row) {
    return ModelRules.of(
        policies.of(caller.tenantId()).policy(),
        row,
        (provider, model) -> pricing.find(caller.tenantId(), decision, provider, model));
  }

  private interface Change {
    HoldChange.Result of(Reservation reservation, HoldChange change);
  }

  private Result change(Caller caller, ReservationId id, Change wanted) {
    return untilTaken(
        caller,
        id,
        Deadline.ofRequest(),
        (reservation, deadline) -> {
          if (!reservation.state().isOpen()) {
            return Attempt.done(new Result.Refused(reservation));
          }
          Snapshot seen = ledger.holding(reservation, deadline);
          Collection<Account> accounts = seen.accounts().values();
          Policy policy = policies.of(caller.tenantId()).policy();
          Instant now = now();
          if (ledger.repair(seen.items(), deadline)
              || ledger.increases().endPassed(accounts, now.minus(policy.clockSkew()), deadline)) {
            return Attempt.conflict();
          }
          HoldChange.Result result = judge(wanted, reservation, policy, seen, now);
          if (result instanceof HoldChange.Result.Blocked && seen.isSplit()) {
            Snapshot later = ledger.holding(reservation, deadline);
            Optional<Snapshot> most = later.atMostSince(seen);
            result = judge(wanted, reservation, policy, later, now);
            if (most.isEmpty()
                || !(judge(wanted, reservation, policy, most.get(), now)
                    instanceof HoldChange.Result.Blocked)) {
              return Attempt.conflict();
            }
          }
          return switch (result) {
            case HoldChange.Result.Stale stale -> Attempt.conflict();
            case HoldChange.Result.Blocked blocked ->
                Attempt.done(new Result.Blocked(reservation, blocked.decision(), blocked.block()));
            case HoldChange.Result.Refused refused ->
                Attempt.done(new Result.Disallowed(refused.code(), refused.reason()));
            case HoldChange.Result.Invalid invalid ->
                Attempt.done(new Result.Invalid(invalid.field(), invalid.reason()));
            case HoldChange.Result.Moved moved ->
                result(reservation.rehold(moved.to()), reservation, deadline);
          };
        });
  }

  private static HoldChange.Result judge(
      Change wanted, Reservation reservation, Policy policy, Snapshot seen, Instant now) {
    return wanted.of(
        reservation,
        new HoldChange(
            reservation,
            Objects.requireNonNull(
                reservation.decision().asked(), "a call that holds keeps its bounds"),
            policy,
            seen,
            now));
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
    Deadline deadline = Deadline.ofRequest();
    if (ledger.find(caller.tenantId(), id, deadline).isEmpty()) {
      Reservation cancelled =
          Reservation.cancelled(
              id, caller, retention, Decision.cancelled(mode, priceTableVersion, now()));
      if (ledger.reserve(DecisionWrite.of(cancelled), deadline)
          instanceof ReserveOutcome.Reserved) {
        return Optional.empty();
      }
    }
    Result result = take(caller, id, reservation -> reservation.cancel(now()));
    return result instanceof Result.Done done && !done.reservation().decision().isCancelled()
        ? Optional.of(done)
        : Optional.empty();
  }

  /// Takes a step from what this process wrote last, if it did. That saves a read. Only a step that
  /// is written is answered so: it was, because nobody changed the reservation since.
  private Result take(
      Caller caller, ReservationId id, Function<Reservation, Reservation.Step> step) {
    Deadline deadline = Deadline.ofRequest();
    Reservation written = ledger.lastWritten(caller.tenantId(), id).orElse(null);
    if (written != null
        && isVisible(caller, written)
        && !isForbidden(caller, written)
        && step.apply(written) instanceof Reservation.Step.Move move
        && ledger.settle(move, deadline) == SettleOutcome.SETTLED) {
      return done(move.next(), written);
    }
    return untilTaken(caller, id, deadline, (seen, until) -> result(step.apply(seen), seen, until));
  }

  private static boolean isForbidden(Caller caller, Reservation reservation) {
    return caller.role() == Role.AGENT && !reservation.principalId().equals(caller.principalId());
  }

  /// One attempt at a step of a reservation as it was just read.
  private interface StepAttempt {
    Attempt<Result> at(Reservation seen, Deadline deadline);
  }

  private Result untilTaken(Caller caller, ReservationId id, Deadline deadline, StepAttempt step) {
    return Optimistic.retry(
        deadline,
        "reservation " + id.reservationId(),
        () -> {
          Optional<Reservation> found = find(caller, id, deadline);
          if (found.isEmpty()) {
            return Attempt.done(new Result.NotFound());
          }
          return isForbidden(caller, found.get())
              ? Attempt.done(new Result.Forbidden())
              : step.at(found.get(), deadline);
        });
  }

  /// Writes a step and returns its outcome.
  private Attempt<Result> result(Reservation.Step step, Reservation seen, Deadline deadline) {
    return switch (step) {
      case Reservation.Step.Unchanged unchanged -> Attempt.done(new Result.Done(seen));
      case Reservation.Step.Refused refused -> Attempt.done(new Result.Refused(seen));
      case Reservation.Step.Move move ->
          ledger.settle(move, deadline) == SettleOutcome.SETTLED
              ? Attempt.done(done(move.next(), seen))
              : Attempt.conflict();
    };
  }

  private static Result done(Reservation next, Reservation seen) {
    Charge charge = next.charge();
    Meters.afterWrite(
        () -> {
          if (next.state() == ReservationState.RELEASED) {
            Meters.released();
          } else if (charge != null && !charge.equals(seen.charge())) {
            UsagePricing.count(next, charge);
          }
        });
    return new Result.Done(next);
  }

  private Instant now() {
    return Instant.ofEpochMilli(clock.millis());
  }
}
