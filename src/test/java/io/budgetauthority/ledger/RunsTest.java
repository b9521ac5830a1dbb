package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Run.State;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Page;
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

  private static final MicroUsd LIMIT = MicroUsd.of(1_000);

  /// As long as any: sweeps of other tests find the runs of this one.
  private static final Duration LIFE = Duration.ofDays(1);

  private final TestAuthority service = new TestAuthority();

  private Run run(String id, @Nullable String userId, String... ancestors) {
    Instant now = service.clock.instant();
    AccountKey key = AccountKey.total(service.tenantId, Scope.RUN, id);
    return new Run(
        service.tenantId,
        id,
        List.of(ancestors),
        new Tuple(userId, "ci", null, "search"),
        null,
        now,
        now.plus(LIFE),
        LIMIT,
        Run.Rules.USUAL,
        true,
        Account.unused(key, LIMIT, LimitVersion.NONE));
  }

  private Run started(String id, String... ancestors) {
    Run run = run(id, "ada", ancestors);
    assertInstanceOf(
        Ledger.Outcome.Reserved.class,
        service.runs.start(
            run, ancestors.length == 0 ? null : service.run(ancestors[0]), List.of(place(9))));
    return run;
  }

  private RunCounter place(long most) {
    return new RunCounter(RunCounter.Of.ACTIVE_OF_USER, service.tenantId, "ada", most);
  }

  private @Nullable State ended(String runId) {
    return service.run(runId).ended();
  }

  @Test
  void whenARunIsStarted_itIsFoundAndCannotBeStartedAgain() {
    Run made = started("r");

    assertEquals(Optional.of(made), service.runs.find(service.tenantId, "r"));
    assertEquals(Optional.empty(), service.runs.find(service.tenantId, "s"));
    assertEquals(Optional.empty(), service.runs.find("other-" + service.tenantId, "r"));
    assertInstanceOf(Ledger.Outcome.Conflict.class, service.runs.start(made, null, List.of()));
  }

  @Test
  void whenTheMostRunsAreActive_noNewRunIsMade() {
    started("one");
    RunCounter ofKey = new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, service.tenantId, "ci", 9);

    Ledger.Outcome.OverLimit none =
        assertInstanceOf(
            Ledger.Outcome.OverLimit.class,
            service.runs.start(run("two", "ada"), null, List.of(ofKey, place(1))));
    assertEquals(place(1), none.counter());
    assertEquals("user ada has 1 active runs, the limit is 1", none.reason());
    assertTrue(service.runs.find(service.tenantId, "two").isEmpty());
  }

  @Test
  void whenARunCounterIsFull_itsReasonStatesTheCount() {
    RunCounter day = new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 3);
    RunCounter key = new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 3);

    assertEquals(
        "4 runs were begun on 2026-11-24, the limit is 3",
        new Ledger.Outcome.OverLimit(day, 4).reason());
    assertEquals(
        "key ci has 3 active runs, the limit is 3", new Ledger.Outcome.OverLimit(key, 3).reason());
    assertEquals(RunCounter.UNLIMITED, key.unlimited().max());
  }

  @Test
  void whenTheParentHasEnded_noChildIsStarted() {
    started("parent");
    Run parent = service.run("parent");
    assertTrue(service.close("parent"));

    assertInstanceOf(
        Ledger.Outcome.Conflict.class,
        service.runs.start(run("child", "ada", "parent"), parent, List.of(place(9))));
    assertTrue(service.runs.find(service.tenantId, "child").isEmpty());
  }

  @Test
  void whenARunIsClosed_allItsDescendantsAreClosed() {
    started("top");
    started("child", "top");
    started("other", "top");
    started("grandchild", "child", "top");
    started("stranger");
    assertTrue(service.runs.end(service.run("child"), State.CLOSED, service.clock.instant()));
    assertNull(ended("grandchild"));

    assertTrue(service.close("top"));
    for (String id : List.of("top", "child", "other", "grandchild")) {
      assertEquals(State.CLOSED, ended(id), id);
    }
    assertNull(ended("stranger"));
    assertTrue(service.close("top"), "once more");
    assertFalse(service.close("nobody"));
  }

  @Test
  void whenARunIsClosedTwice_itsCountIsFreedOnce() {
    started("one");
    assertTrue(service.close("one"));
    assertTrue(service.close("one"));

    assertInstanceOf(
        Ledger.Outcome.Reserved.class,
        service.runs.start(run("two", "ada"), null, List.of(place(1))));
    assertInstanceOf(
        Ledger.Outcome.OverLimit.class,
        service.runs.start(run("three", "ada"), null, List.of(place(1))));
  }

  @Test
  void whenARunHasChangedSinceItWasRead_itIsNotEnded() {
    Run made = started("r");
    service.clock.advance(Duration.ofSeconds(1));
    assertInstanceOf(Answer.Decided.class, service.ask("key", "r", 0, 1, null));
    Run renewed = service.run("r");

    assertFalse(
        service.runs.end(made, State.EXPIRED, service.clock.instant()), "it was renewed meanwhile");
    assertNull(ended("r"));
    assertTrue(service.runs.end(renewed, State.EXPIRED, service.clock.instant()));
    assertEquals(State.EXPIRED, ended("r"));
    assertFalse(service.runs.end(renewed, State.CLOSED, service.clock.instant()), "it has ended");
    assertEquals(State.EXPIRED, ended("r"));
  }

  @Test
  void whenAUserWasBoundMeanwhile_theRunIsNotEnded() {
    Run unbound = run("r", null);
    assertInstanceOf(Ledger.Outcome.Reserved.class, service.runs.start(unbound, null, List.of()));
    assertInstanceOf(Answer.Decided.class, service.ask("key", "r", 0, 1, null));

    assertFalse(
        service.runs.end(unbound, State.CLOSED, service.clock.instant()),
        "the place of its user would be kept for ever");
    assertTrue(service.runs.end(service.run("r"), State.CLOSED, service.clock.instant()));
  }

  @Test
  void whenRunsAreListed_thePagesAreNewestFirst() {
    List<String> newestFirst = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Run run = run("run-" + i, i == 3 ? null : "ada");
      assertInstanceOf(Ledger.Outcome.Reserved.class, service.runs.start(run, null, List.of()));
      newestFirst.addFirst(run.runId());
      service.clock.advance(Duration.ofSeconds(1));
    }

    assertEquals(newestFirst, pages(null));
    assertEquals(List.of("run-4", "run-2", "run-1", "run-0"), pages("ada"));
    assertEquals(List.of(), pages("bob"));
  }

  private List<String> pages(@Nullable String userId) {
    List<String> ids = new ArrayList<>();
    Run after = null;
    while (true) {
      List<Run> page = service.runs.list(service.tenantId, userId, 2, after);
      if (page.isEmpty()) {
        return ids;
      }
      assertTrue(page.size() <= 2);
      page.forEach(run -> ids.add(run.runId()));
      after = page.getLast();
    }
  }

  @Test
  void whenARunIsDue_itIsFoundUntilItHasEnded() {
    started("r");
    AccountKey key = AccountKey.total(service.tenantId, Scope.RUN, "r");

    assertFalse(due(service.clock.instant()).contains(key), "its life has only begun");
    Instant over = service.clock.instant().plus(LIFE);
    assertTrue(due(over).contains(key));
    assertTrue(service.runs.end(service.run("r"), State.EXPIRED, over));
    assertFalse(due(over).contains(key));
  }

  private List<AccountKey> due(Instant before) {
    List<AccountKey> due = new ArrayList<>();
    for (int bucket = 0; bucket < Runs.DUE_BUCKETS; bucket++) {
      Page.Next next = null;
      do {
        Page<AccountKey> page =
            service.runs.due(bucket, before, 3, next, Deadline.in(Duration.ofSeconds(5)));
        due.addAll(page.items());
        next = page.next();
      } while (next != null);
    }
    return due;
  }
}
