package io.budgetauthority.settlement;

import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.SettleOutcome;
import io.budgetauthority.ledger.increase.Increase;
import io.budgetauthority.ledger.increase.Increases;
import io.budgetauthority.metrics.Meters;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Page;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.store.Policies;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Ends what callers left open (protocol.md#expiry). A reservation expires once its time and the
/// clock skew have passed. One that an earlier sweep expired is settled. It is released if it had
/// explicit forwarding and was never forwarded. Else its estimate is charged as presumed. A run
/// whose life is over is ended, which decrements its counters. An increase whose time has passed is
/// taken from its account.
///
/// A sweep is bounded in time. What it leaves is still due, and the next sweep finds it first,
/// because what is settled leaves the index. Two sweeps at once are safe: every step is conditioned
/// on the revision that it was computed from.
public final class Sweeper {

  private static final Logger LOG = Logger.getLogger("budget.sweep");
  private static final int PAGE = 100;

  /// How many parts of the index are swept at the same time. More would only add contention on the
  /// accounts.
  private static final int WALKERS = 4;

  private final Ledger ledger;
  private final Runs runs;
  private final Policies policies;
  private final Clock clock;

  public Sweeper(Ledger ledger, Runs runs, Policies policies, Clock clock) {
    this.ledger = ledger;
    this.runs = runs;
    this.policies = policies;
    this.clock = clock;
  }

  /// The result of a sweep.
  ///
  /// @param expired reservations that expired
  /// @param presumed reservations charged with their estimate
  /// @param released reservations released, as never forwarded
  /// @param runsEnded runs whose life was over
  /// @param increasesEnded increases whose time had passed
  /// @param failed reservations and runs that could not be ended this time, each with a line in the
  ///   log
  /// @param finished whether everything that was due was looked at before the time was up
  public record Swept(
      int expired,
      int presumed,
      int released,
      int runsEnded,
      int increasesEnded,
      int failed,
      boolean finished) {}

  private static final class Tally {
    private final AtomicInteger expired = new AtomicInteger();
    private final AtomicInteger presumed = new AtomicInteger();
    private final AtomicInteger released = new AtomicInteger();
    private final AtomicInteger runsEnded = new AtomicInteger();
    private final AtomicInteger increasesEnded = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger unfinished = new AtomicInteger();

    Swept total() {
      return new Swept(
          expired.get(),
          presumed.get(),
          released.get(),
          runsEnded.get(),
          increasesEnded.get(),
          failed.get(),
          unfinished.get() == 0);
    }
  }

  /// Sweeps until nothing more is due, or for `time`. A ledger that does not answer ends the sweep
  /// with [StorageUnavailable], and the next sweep goes on from there.
  public Swept sweep(Duration time) {
    Deadline end = Deadline.in(time);
    Tally tally = new Tally();
    List<Runnable> walks = new ArrayList<>();
    for (int bucket = 0; bucket < ReservationId.DUE_BUCKETS; bucket++) {
      int one = bucket;
      walks.add(() -> walkReservations(one, end, tally));
    }
    for (int bucket = 0; bucket < Runs.DUE_BUCKETS; bucket++) {
      int one = bucket;
      walks.add(() -> walkRuns(one, end, tally));
    }
    await(walks);
    Swept swept = tally.total();
    Meters.swept(
        swept.expired(),
        swept.presumed(),
        swept.released(),
        swept.runsEnded(),
        swept.increasesEnded(),
        swept.failed());
    return swept;
  }

  private static void await(List<Runnable> walks) {
    try (ExecutorService walkers = Executors.newFixedThreadPool(WALKERS)) {
      List<Future<?>> started = new ArrayList<>();
      walks.forEach(walk -> started.add(walkers.submit(walk)));
      for (Future<?> walk : started) {
        walk.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the sweep was interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("the sweep failed", e.getCause());
    }
  }

  private void walkReservations(int bucket, Deadline end, Tally tally) {
    Page.@Nullable Next next = null;
    do {
      if (end.isPast()) {
        tally.unfinished.incrementAndGet();
        return;
      }
      Page<ReservationId> due =
          ledger.due(bucket, clock.instant(), PAGE, next, Deadline.ofRequest());
      for (ReservationId id : due.items()) {
        if (end.isPast()) {
          tally.unfinished.incrementAndGet();
          return;
        }
        attempt("reservation " + id.hash(), tally, () -> settle(id, tally));
      }
      next = due.next();
    } while (next != null);
  }

  private void settle(ReservationId id, Tally tally) {
    Deadline deadline = Deadline.ofRequest();
    ledger.find(id, deadline).ifPresent(reservation -> settle(reservation, deadline, tally));
  }

  private void settle(Reservation reservation, Deadline deadline, Tally tally) {
    Instant now = Instant.ofEpochMilli(clock.millis());
    Reservation.Step step =
        reservation.state() == ReservationState.EXPIRED
            ? reservation.reconcile(now)
            : reservation.expire(now, skewOf(reservation.tenantId()));
    if (step instanceof Reservation.Step.Move move
        && ledger.settle(move, deadline) == SettleOutcome.SETTLED) {
      counterOf(move.next().state(), tally).incrementAndGet();
    }
  }

  private static AtomicInteger counterOf(ReservationState reached, Tally tally) {
    return switch (reached) {
      case EXPIRED -> tally.expired;
      case RECONCILED -> tally.presumed;
      case RELEASED -> tally.released;
      case NONE, RESERVED, FORWARDED, COMMITTED ->
          throw new IllegalStateException("a sweep does not make anything " + reached);
    };
  }

  private void walkRuns(int bucket, Deadline end, Tally tally) {
    Page.@Nullable Next next = null;
    do {
      if (end.isPast()) {
        tally.unfinished.incrementAndGet();
        return;
      }
      Page<Runs.Due> due = runs.due(bucket, clock.instant(), PAGE, next, Deadline.ofRequest());
      for (Runs.Due one : due.items()) {
        if (end.isPast()) {
          tally.unfinished.incrementAndGet();
          return;
        }
        switch (one) {
          case Runs.Due.OfRun run ->
              attempt("run " + run.account().id(), tally, () -> end(run.account(), tally));
          case Runs.Due.OfIncrease more ->
              attempt("increase " + more.increase().id(), tally, () -> end(more.increase(), tally));
        }
      }
      next = due.next();
    } while (next != null);
  }

  private void end(AccountKey account, Tally tally) {
    runs.find(account.tenantId(), account.id()).ifPresent(run -> end(run, tally));
  }

  private void end(Increases.Due due, Tally tally) {
    Deadline deadline = Deadline.ofRequest();
    Increases increases = ledger.increases();
    Increase increase = increases.find(due.tenantId(), due.id(), deadline).orElse(null);
    Instant asOf = Instant.ofEpochMilli(clock.millis()).minus(skewOf(due.tenantId()));
    if (increase == null || increase.endedAt() != null || increase.until().isAfter(asOf)) {
      return;
    }
    boolean ended =
        ledger
            .account(increase.account(), deadline)
            .map(account -> increases.endPassed(List.of(account), asOf, deadline))
            .orElse(false);
    if (ended) {
      tally.increasesEnded.incrementAndGet();
    }
  }

  /// A run that has ended is due where some of its shards do not say so yet.
  private void end(Run run, Tally tally) {
    if (run.ended() != null) {
      runs.markShards(run);
      return;
    }
    Instant now = Instant.ofEpochMilli(clock.millis());
    boolean over = now.isAfter(run.expiresAt().plus(skewOf(run.tenantId())));
    if (over && runs.end(run, Run.State.EXPIRED, now)) {
      tally.runsEnded.incrementAndGet();
    }
  }

  private Duration skewOf(String tenantId) {
    return policies.of(tenantId).policy().clockSkew();
  }

  /// A reservation or run that fails does not stop the sweep of the others. An outage does.
  private static void attempt(String what, Tally tally, Runnable care) {
    try {
      care.run();
    } catch (StorageContended e) {
      LOG.warnf("%s is left to the next sweep: %s", what, e.getMessage());
      tally.failed.incrementAndGet();
    } catch (RuntimeException e) {
      if (StorageUnavailable.isCauseOf(e)) {
        throw e;
      }
      LOG.errorf(e, "%s could not be taken care of", what);
      tally.failed.incrementAndGet();
    }
  }
}
