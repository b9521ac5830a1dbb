package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

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
        Run.CountedOn.HEADS,
        new EnforcedAccountBuilder(Scope.RUN, 1).id("parent").build().account());
  }

  private static Answer.@Nullable RunRefused refusal(@Nullable Run parent, Instant now) {
    return RunRules.refuseParent("child", "parent", parent, ADA, now);
  }

  @Test
  void whenThereIsNoParentOrAnActiveOne_theRunIsAccepted() {
    assertThat(RunRules.refuseParent("child", null, null, ADA, NOW)).isNull();
    assertThat(refusal(parent(null), NOW)).isNull();
    assertThat(refusal(parent(null), NOW.plusSeconds(60))).isNull();
  }

  @Test
  void whenTheParentIsTheRunItselfOrUnknown_itIsRefused() {
    assertThat(RunRules.refuseParent("parent", "parent", parent(null), ADA, NOW))
        .isInstanceOf(Answer.InvalidParent.class);
    assertThat(refusal(null, NOW)).isEqualTo(new Answer.UnknownParent("parent"));
  }

  @Test
  void whenTheParentHasEnded_itIsRefused() {
    assertThat(refusal(parent(Run.State.CLOSED), NOW)).isEqualTo(new Answer.RunClosed("parent"));
    assertThat(refusal(parent(null), NOW.plusSeconds(61)))
        .isEqualTo(new Answer.RunClosed("parent"));
  }

  @Test
  void whenTheParentsTupleDiffers_theFieldIsNamed() {
    assertThat(
            RunRules.refuseParent(
                "child", "parent", parent(null), new Tuple("ada", "cd", null, null), NOW))
        .isEqualTo(new Answer.RunMismatch("parent", "key_id"));
  }

  @Test
  void whenARunWouldBeOfLevelFive_itIsRefused() {
    assertThat(refusal(parent(null, "a", "b"), NOW)).isNull();
    Answer.InvalidParent refused =
        assertInstanceOf(Answer.InvalidParent.class, refusal(parent(null, "a", "b", "c"), NOW));
    assertThat(refused.reason()).isEqualTo("would make a run of level 5; the most is 4");
  }

  @Test
  void whenAnAncestorHasEndedOrIsOfAnotherTuple_theCallIsRefused() {
    List<Run> both = List.of(parent(null), parent(Run.State.CLOSED));

    assertThat(RunRules.refuseAncestors(List.of(parent(null)), ADA, NOW)).isNull();
    assertThat(RunRules.refuseAncestors(both, ADA, NOW)).isEqualTo(new Answer.RunClosed("parent"));
    assertThat(
            RunRules.refuseAncestors(
                List.of(parent(null)), new Tuple("bob", "ci", null, null), NOW))
        .isEqualTo(new Answer.RunMismatch("parent", "user_id"));
  }
}
