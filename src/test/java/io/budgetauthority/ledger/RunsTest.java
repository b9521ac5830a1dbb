package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Run.State;
import io.budgetauthority.ledger.Run.Tuple;
import io.budgetauthority.money.MicroUsd;
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

  private final Desk desk = new Desk();

  private Run run(String id, @Nullable String userId, String... ancestors) {
    Instant now = desk.clock.instant();
    AccountKey key = AccountKey.total(desk.tenantId, Scope.RUN, id);
    return new Run(
        desk.tenantId,
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
        desk.runs.start(
            run, ancestors.length == 0 ? null : desk.run(ancestors[0]), List.of(place(9))));
    return run;
  }

  private RunPlace place(long most) {
    return new RunPlace(RunPlace.Of.ACTIVE_OF_USER, desk.tenantId, "ada", most);
  }

  private @Nullable State ended(String runId) {
    return desk.run(runId).ended();
  }

  @Test
  void aRunIsFoundAsItWasMadeAndMadeOnce() {
    Run made = started("r");

    assertEquals(Optional.of(made), desk.runs.find(desk.tenantId, "r"));
    assertEquals(Optional.empty(), desk.runs.find(desk.tenantId, "s"));
    assertEquals(Optional.empty(), desk.runs.find("other-" + desk.tenantId, "r"));
    assertInstanceOf(Ledger.Outcome.Moved.class, desk.runs.start(made, null, List.of()));
  }

  @Test
  void aRunWithoutAPlaceIsNotMade() {
    started("one");
    RunPlace ofKey = new RunPlace(RunPlace.Of.ACTIVE_OF_KEY, desk.tenantId, "ci", 9);

    Ledger.Outcome.NoPlace none =
        assertInstanceOf(
            Ledger.Outcome.NoPlace.class,
            desk.runs.start(run("two", "ada"), null, List.of(ofKey, place(1))));
    assertEquals(place(1), none.place());
    assertEquals("user ada has 1 active runs, the limit is 1", none.reason());
    assertTrue(desk.runs.find(desk.tenantId, "two").isEmpty());
  }

  @Test
  void everyKindOfPlaceSaysWhatItsCountIs() {
    RunPlace day = new RunPlace(RunPlace.Of.NEW_ON_DAY, "t", "2026-11-24", 3);
    RunPlace key = new RunPlace(RunPlace.Of.ACTIVE_OF_KEY, "t", "ci", 3);

    assertEquals(
        "4 runs were begun on 2026-11-24, the limit is 3",
        new Ledger.Outcome.NoPlace(day, 4).reason());
    assertEquals(
        "key ci has 3 active runs, the limit is 3", new Ledger.Outcome.NoPlace(key, 3).reason());
    assertEquals(RunPlace.UNLIMITED, key.unlimited().most());
  }

  @Test
  void aRunIsNotBegunByOneThatHasEnded() {
    started("parent");
    Run parent = desk.run("parent");
    assertTrue(desk.close("parent"));

    assertInstanceOf(
        Ledger.Outcome.Moved.class,
        desk.runs.start(run("child", "ada", "parent"), parent, List.of(place(9))));
    assertTrue(desk.runs.find(desk.tenantId, "child").isEmpty());
  }

  @Test
  void closingARunClosesItsDescendantsAlsoThoseThatAnEarlierCallLeftOpen() {
    started("top");
    started("child", "top");
    started("other", "top");
    started("grandchild", "child", "top");
    started("stranger");
    assertTrue(desk.runs.end(desk.run("child"), State.CLOSED, desk.clock.instant()));
    assertNull(ended("grandchild"));

    assertTrue(desk.close("top"));
    for (String id : List.of("top", "child", "other", "grandchild")) {
      assertEquals(State.CLOSED, ended(id), id);
    }
    assertNull(ended("stranger"));
    assertTrue(desk.close("top"), "once more");
    assertFalse(desk.close("nobody"));
  }

  @Test
  void aRunThatEndsGivesItsPlacesBackOnce() {
    started("one");
    assertTrue(desk.close("one"));
    assertTrue(desk.close("one"));

    assertInstanceOf(
        Ledger.Outcome.Reserved.class, desk.runs.start(run("two", "ada"), null, List.of(place(1))));
    assertInstanceOf(
        Ledger.Outcome.NoPlace.class,
        desk.runs.start(run("three", "ada"), null, List.of(place(1))));
  }

  @Test
  void aRunIsEndedOnlyAsItWasRead() {
    Run made = started("r");
    desk.clock.advance(Duration.ofSeconds(1));
    assertInstanceOf(Answer.Decided.class, desk.ask("key", "r", 0, 1, null));
    Run renewed = desk.run("r");

    assertFalse(
        desk.runs.end(made, State.EXPIRED, desk.clock.instant()), "it was renewed meanwhile");
    assertNull(ended("r"));
    assertTrue(desk.runs.end(renewed, State.EXPIRED, desk.clock.instant()));
    assertEquals(State.EXPIRED, ended("r"));
    assertFalse(desk.runs.end(renewed, State.CLOSED, desk.clock.instant()), "it has ended");
    assertEquals(State.EXPIRED, ended("r"));
  }

  @Test
  void aRunIsNotEndedWhileAUserIsBoundToIt() {
    Run unbound = run("r", null);
    assertInstanceOf(Ledger.Outcome.Reserved.class, desk.runs.start(unbound, null, List.of()));
    assertInstanceOf(Answer.Decided.class, desk.ask("key", "r", 0, 1, null));

    assertFalse(
        desk.runs.end(unbound, State.CLOSED, desk.clock.instant()),
        "the place of its user would be kept for ever");
    assertTrue(desk.runs.end(desk.run("r"), State.CLOSED, desk.clock.instant()));
  }

  @Test
  void runsAreListedNewestFirstByPagesOfTheTenantOrOfAUser() {
    List<String> newestFirst = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Run run = run("run-" + i, i == 3 ? null : "ada");
      assertInstanceOf(Ledger.Outcome.Reserved.class, desk.runs.start(run, null, List.of()));
      newestFirst.addFirst(run.runId());
      desk.clock.advance(Duration.ofSeconds(1));
    }

    assertEquals(newestFirst, pages(null));
    assertEquals(List.of("run-4", "run-2", "run-1", "run-0"), pages("ada"));
    assertEquals(List.of(), pages("bob"));
  }

  private List<String> pages(@Nullable String userId) {
    List<String> ids = new ArrayList<>();
    Run after = null;
    while (true) {
      List<Run> page = desk.runs.list(desk.tenantId, userId, 2, after);
      if (page.isEmpty()) {
        return ids;
      }
      assertTrue(page.size() <= 2);
      page.forEach(run -> ids.add(run.runId()));
      after = page.getLast();
    }
  }

  @Test
  void aRunThatIsDueIsFoundUntilItHasEnded() {
    started("r");
    AccountKey key = AccountKey.total(desk.tenantId, Scope.RUN, "r");

    assertFalse(due(desk.clock.instant()).contains(key), "its life has only begun");
    Instant over = desk.clock.instant().plus(LIFE);
    assertTrue(due(over).contains(key));
    assertTrue(desk.runs.end(desk.run("r"), State.EXPIRED, over));
    assertFalse(due(over).contains(key));
  }

  private List<AccountKey> due(Instant before) {
    List<AccountKey> due = new ArrayList<>();
    for (int bucket = 0; bucket < Runs.DUE_BUCKETS; bucket++) {
      Page.Next next = null;
      do {
        Page<AccountKey> page =
            desk.runs.due(bucket, before, 3, next, Deadline.in(Duration.ofSeconds(5)));
        due.addAll(page.items());
        next = page.next();
      } while (next != null);
    }
    return due;
  }
}
