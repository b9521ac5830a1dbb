package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Which runs may start another one, and which allow a call (protocol.md#child-runs).
class RunRulesTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Tuple ADA = new Tuple("ada", "ci", null, null);

  private static Run parent(Run.@Nullable State ended, String... ancestors) {
    return new Run(
        "t",
        "parent",
        List.of(ancestors),
        ADA,
        ended,
        NOW,
        NOW.plusSeconds(60),
        MicroUsd.of(1),
        Run.Rules.USUAL,
        true,
        new EnforcedAccountBuilder(Scope.RUN, 1).id("parent").build().account());
  }

  private static Answer.@Nullable RunRefused refusal(@Nullable Run parent, Instant now) {
    return RunRules.refuseParent("child", "parent", parent, ADA, now);
  }

  @Test
  void whenThereIsNoParentOrAnActiveOne_theRunIsAccepted() {
    assertNull(RunRules.refuseParent("child", null, null, ADA, NOW));
    assertNull(refusal(parent(null), NOW));
    assertNull(refusal(parent(null), NOW.plusSeconds(60)));
  }

  @Test
  void whenTheParentIsTheRunItselfOrUnknown_itIsRefused() {
    assertInstanceOf(
        Answer.InvalidParent.class,
        RunRules.refuseParent("parent", "parent", parent(null), ADA, NOW));
    assertEquals(new Answer.UnknownParent("parent"), refusal(null, NOW));
  }

  @Test
  void whenTheParentHasEnded_itIsRefused() {
    assertEquals(new Answer.RunClosed("parent"), refusal(parent(Run.State.CLOSED), NOW));
    assertEquals(new Answer.RunClosed("parent"), refusal(parent(null), NOW.plusSeconds(61)));
  }

  @Test
  void whenTheParentsTupleDiffers_theFieldIsNamed() {
    assertEquals(
        new Answer.RunMismatch("parent", "key_id"),
        RunRules.refuseParent(
            "child", "parent", parent(null), new Tuple("ada", "cd", null, null), NOW));
  }

  @Test
  void whenARunWouldBeOfLevelFive_itIsRefused() {
    assertNull(refusal(parent(null, "a", "b"), NOW));
    Answer.InvalidParent refused =
        assertInstanceOf(Answer.InvalidParent.class, refusal(parent(null, "a", "b", "c"), NOW));
    assertEquals("would make a run of level 5; the most is 4", refused.reason());
  }

  @Test
  void whenAnAncestorHasEndedOrIsOfAnotherTuple_theCallIsRefused() {
    List<Run> both = List.of(parent(null), parent(Run.State.CLOSED));

    assertNull(RunRules.refuseAncestors(List.of(parent(null)), ADA, NOW));
    assertEquals(new Answer.RunClosed("parent"), RunRules.refuseAncestors(both, ADA, NOW));
    assertEquals(
        new Answer.RunMismatch("parent", "user_id"),
        RunRules.refuseAncestors(List.of(parent(null)), new Tuple("bob", "ci", null, null), NOW));
  }
}
