package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Run.State;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Decision;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Page;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The life of runs apart from their decisions, on the real ledger.
class RunsTest {

  private final TestAuthority service = new TestAuthority();

  private Run run(String id, @Nullable String userId, String... ancestors) {
    return TestRun.of(service, id, userId, ancestors);
  }

  private Run started(String id, String... ancestors) {
    Run run = run(id, "ada", ancestors);
    assertThat(
            service.runs.start(
                run, ancestors.length == 0 ? null : service.run(ancestors[0]), List.of(place(9))))
        .isInstanceOf(ReserveOutcome.Reserved.class);
    return run;
  }

  private RunCounter place(long most) {
    return new RunCounter(RunCounter.Of.ACTIVE_OF_USER, service.tenantId, "ada", most);
  }

  private @Nullable State ended(String runId) {
    return service.run(runId).ended();
  }

  /// The counter is split, because its maximum was large at first.
  @Test
  void whenACounterIsFullOfThisRun_itsStartIsAConflict() {
    Run made = run("r", "ada");
    assertThat(service.runs.start(made, null, List.of(place(100_000))))
        .isInstanceOf(ReserveOutcome.Reserved.class);

    TestAuthority fresh = service.anotherProcess();
    // It learns that the counter is split.
    assertThat(fresh.runs.start(run("none", "ada"), null, List.of(place(1))))
        .isNotInstanceOf(ReserveOutcome.Reserved.class);
    assertThat(fresh.ledger.reserve(startOf(run("none", "ada")), soon()))
        .isNotInstanceOf(ReserveOutcome.Reserved.class);

    assertThat(fresh.runs.start(made, null, List.of(place(1))))
        .isInstanceOf(ReserveOutcome.Conflict.class);
    assertThat(fresh.runs.start(run("other", "ada"), null, List.of(place(1))))
        .isInstanceOf(ReserveOutcome.OverLimit.class);
    assertThat(fresh.ledger.reserve(startOf(made), soon()))
        .isInstanceOf(ReserveOutcome.Conflict.class);
    assertThat(fresh.ledger.reserve(startOf(run("other", "ada")), soon()))
        .isInstanceOf(ReserveOutcome.OverLimit.class);
  }

  private static Deadline soon() {
    return Deadline.in(Duration.ofSeconds(5));
  }

  /// The first decision of a run, which counts on a full counter.
  private DecisionWrite startOf(Run run) {
    Reservation reservation =
        Reservation.cancelled(
            service.idOf(run.runId()),
            service.gateway,
            Duration.ofDays(1),
            Decision.cancelled(Mode.HARD_GATE, "none", service.clock.instant()));
    return new DecisionWrite(
        reservation,
        List.of(),
        List.of(),
        List.of(new RunChange.Start(run, null)),
        List.of(place(1)));
  }

  @Test
  void whenARunIsStarted_itIsFoundAndCannotBeStartedAgain() {
    Run made = started("r");

    assertThat(service.runs.find(service.tenantId, "r")).isEqualTo(Optional.of(made));
    assertThat(service.runs.find(service.tenantId, "s")).isEmpty();
    assertThat(service.runs.find("other-" + service.tenantId, "r")).isEmpty();
    assertThat(service.runs.start(made, null, List.of()))
        .isInstanceOf(ReserveOutcome.Conflict.class);
  }

  @Test
  void whenTheMostRunsAreActive_noNewRunIsMade() {
    started("one");
    RunCounter ofKey = new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, service.tenantId, "ci", 9);

    ReserveOutcome.OverLimit none =
        assertInstanceOf(
            ReserveOutcome.OverLimit.class,
            service.runs.start(run("two", "ada"), null, List.of(ofKey, place(1))));
    assertThat(none.counter()).isEqualTo(place(1));
    assertThat(none.reason()).isEqualTo("user ada has 1 active runs, the limit is 1");
    assertThat(service.runs.find(service.tenantId, "two")).isEmpty();
  }

  @Test
  void whenARunCounterIsFull_itsReasonStatesTheCount() {
    RunCounter day = new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 3);
    RunCounter key = new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 3);

    assertThat(new ReserveOutcome.OverLimit(day, 4).reason())
        .isEqualTo("4 runs were begun on 2026-11-24, the limit is 3");
    assertThat(new ReserveOutcome.OverLimit(key, 3).reason())
        .isEqualTo("key ci has 3 active runs, the limit is 3");
    assertThat(key.unlimited().max()).isEqualTo(RunCounter.UNLIMITED);
  }

  @Test
  void whenTheParentHasEnded_noChildIsStarted() {
    started("parent");
    Run parent = service.run("parent");
    assertThat(service.close("parent")).isTrue();

    assertThat(service.runs.start(run("child", "ada", "parent"), parent, List.of(place(9))))
        .isInstanceOf(ReserveOutcome.Conflict.class);
    assertThat(service.runs.find(service.tenantId, "child")).isEmpty();
  }

  @Test
  void whenARunIsClosed_allItsDescendantsAreClosed() {
    started("top");
    started("child", "top");
    started("other", "top");
    started("grandchild", "child", "top");
    started("stranger");
    assertThat(service.runs.end(service.run("child"), State.CLOSED, service.clock.instant()))
        .isTrue();
    assertThat(ended("grandchild")).isNull();

    assertThat(service.close("top")).isTrue();
    for (String id : List.of("top", "child", "other", "grandchild")) {
      assertThat(ended(id)).as(id).isEqualTo(State.CLOSED);
    }
    assertThat(ended("stranger")).isNull();
    assertThat(service.close("top")).as("once more").isTrue();
    assertThat(service.close("nobody")).isFalse();
  }

  @Test
  void whenARunIsClosedTwice_itsCountIsFreedOnce() {
    started("one");
    assertThat(service.close("one")).isTrue();
    assertThat(service.close("one")).isTrue();

    assertThat(service.runs.start(run("two", "ada"), null, List.of(place(1))))
        .isInstanceOf(ReserveOutcome.Reserved.class);
    assertThat(service.runs.start(run("three", "ada"), null, List.of(place(1))))
        .isInstanceOf(ReserveOutcome.OverLimit.class);
  }

  @Test
  void whenARunHasChangedSinceItWasRead_itIsNotEnded() {
    Run made = started("r");
    service.clock.advance(Duration.ofSeconds(1));
    assertThat(service.ask("key", "r", 0, 1, null)).isInstanceOf(Answer.Decided.class);
    Run renewed = service.run("r");

    assertThat(service.runs.end(made, State.EXPIRED, service.clock.instant()))
        .as("it was renewed meanwhile")
        .isFalse();
    assertThat(ended("r")).isNull();
    assertThat(service.runs.end(renewed, State.EXPIRED, service.clock.instant())).isTrue();
    assertThat(ended("r")).isEqualTo(State.EXPIRED);
    assertThat(service.runs.end(renewed, State.CLOSED, service.clock.instant()))
        .as("it has ended")
        .isFalse();
    assertThat(ended("r")).isEqualTo(State.EXPIRED);
  }

  @Test
  void whenAUserWasBoundMeanwhile_theRunIsNotEnded() {
    Run unbound = run("r", null);
    assertThat(service.runs.start(unbound, null, List.of()))
        .isInstanceOf(ReserveOutcome.Reserved.class);
    assertThat(service.ask("key", "r", 0, 1, null)).isInstanceOf(Answer.Decided.class);

    assertThat(service.runs.end(unbound, State.CLOSED, service.clock.instant()))
        .as("the place of its user would be kept for ever")
        .isFalse();
    assertThat(service.runs.end(service.run("r"), State.CLOSED, service.clock.instant())).isTrue();
  }

  @Test
  void whenRunsAreListed_thePagesAreNewestFirst() {
    List<String> newestFirst = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Run run = run("run-" + i, i == 3 ? null : "ada");
      assertThat(service.runs.start(run, null, List.of()))
          .isInstanceOf(ReserveOutcome.Reserved.class);
      newestFirst.addFirst(run.runId());
      service.clock.advance(Duration.ofSeconds(1));
    }

    assertThat(pages(null)).isEqualTo(newestFirst);
    assertThat(pages("ada")).isEqualTo(List.of("run-4", "run-2", "run-1", "run-0"));
    assertThat(pages("bob")).isEmpty();
  }

  private List<String> pages(@Nullable String userId) {
    List<String> ids = new ArrayList<>();
    Page.Next from = null;
    do {
      Page<Run> page = service.runs.list(service.tenantId, userId, 2, from);
      assertThat(page.items().size()).isLessThanOrEqualTo(2);
      page.items().forEach(run -> ids.add(run.runId()));
      if (!page.items().isEmpty() && page.next() != null) {
        assertThat(service.runs.placeAfter(page.items().getLast(), userId)).isEqualTo(page.next());
      }
      from = page.next();
    } while (from != null);
    return ids;
  }

  @Test
  void whenARunIsDue_itIsFoundUntilItHasEnded() {
    started("r");
    AccountKey key = AccountKey.total(service.tenantId, Scope.RUN, "r");

    assertThat(due(service.clock.instant())).as("its life has only begun").doesNotContain(key);
    Instant over = service.clock.instant().plus(TestRun.LIFE);
    assertThat(due(over)).contains(key);
    assertThat(service.runs.end(service.run("r"), State.EXPIRED, over)).isTrue();
    assertThat(due(over)).doesNotContain(key);
  }

  private List<AccountKey> due(Instant before) {
    List<AccountKey> due = new ArrayList<>();
    for (int bucket = 0; bucket < Runs.DUE_BUCKETS; bucket++) {
      Page.Next next = null;
      do {
        Page<Runs.Due> page =
            service.runs.due(bucket, before, 3, next, Deadline.in(Duration.ofSeconds(5)));
        for (Runs.Due one : page.items()) {
          if (one instanceof Runs.Due.OfRun run) {
            due.add(run.account());
          }
        }
        next = page.next();
      } while (next != null);
    }
    return due;
  }
}
