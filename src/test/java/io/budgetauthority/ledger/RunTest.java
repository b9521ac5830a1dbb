package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Whose a run is, and how it stands (protocol.md#runs).
class RunTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Tuple BOUND = new Tuple("ada", "ci", "core", "search");

  private static Run run(Run.@Nullable State ended, Run.Rules rules, String... ancestors) {
    return new Run(
        "t",
        "r",
        List.of(ancestors),
        BOUND,
        ended,
        NOW,
        NOW.plusSeconds(60),
        MicroUsd.of(9),
        rules,
        true,
        Account.unused(AccountKey.total("t", Scope.RUN, "r"), MicroUsd.of(7), LimitVersion.NONE));
  }

  @Test
  void whenATupleStatesNothingElse_theRunAdmitsIt() {
    assertTrue(BOUND.admits(BOUND));
    assertTrue(BOUND.admits(new Tuple(null, null, null, null)));
    assertTrue(new Tuple(null, null, null, null).admits(BOUND));
  }

  @Test
  void whenATupleDiffers_theFieldIsNamed() {
    List<Tuple> others =
        List.of(
            new Tuple("bob", "cd", "ops", "other"),
            new Tuple("ada", "cd", "ops", "other"),
            new Tuple(null, "ci", "ops", "other"),
            new Tuple("ada", "ci", null, "other"));
    List<String> fields = List.of("user_id", "key_id", "team_id", "feature_id");
    for (int i = 0; i < others.size(); i++) {
      assertFalse(BOUND.admits(others.get(i)));
      assertEquals(fields.get(i), BOUND.differingField(others.get(i)));
    }
  }

  @Test
  void whenATupleIsCompleted_whatIsBoundStays() {
    Tuple half = new Tuple("ada", null, null, "search");

    assertEquals(
        new Tuple("ada", "ci", null, "search"),
        half.completedBy(new Tuple("bob", "ci", null, "x")));
    assertEquals(half, half.completedBy(new Tuple(null, null, null, null)));
    assertEquals(
        new Tuple(null, "ci", "core", null),
        new Tuple(null, null, null, null).completedBy(new Tuple(null, "ci", "core", null)));
  }

  @Test
  void whenAnAgentActs_theUserAndKeyAreItsOwn() {
    Tuple stated = new Tuple("ada", "ci", "core", "search");

    assertEquals(
        new Tuple("eve", "own", "core", "search"),
        stated.actingAs(new Caller("t", "p", Role.AGENT, "eve", "own")));
    assertEquals(stated, stated.actingAs(new Caller("t", "p", Role.GATEWAY, null, null)));
  }

  @Test
  void whenARunIsAtItsLastInstant_itIsStillActive() {
    Run open = run(null, Run.Rules.USUAL);

    assertEquals(Run.State.ACTIVE, open.stateAt(NOW.plusSeconds(60)));
    assertEquals(Run.State.EXPIRED, open.stateAt(NOW.plusSeconds(60).plusNanos(1)));
    assertEquals(Run.State.CLOSED, run(Run.State.CLOSED, Run.Rules.USUAL).stateAt(NOW));
    assertEquals(Run.State.EXPIRED, run(Run.State.EXPIRED, Run.Rules.USUAL).stateAt(NOW));
    assertEquals("active", Run.State.ACTIVE.wireName());
  }

  @Test
  void whenARunHasAChild_itIsTheChildsFirstAncestor() {
    assertEquals(
        List.of("r", "parent", "top"),
        run(null, Run.Rules.USUAL, "parent", "top").ancestorsOfChild());
    assertEquals("parent", run(null, Run.Rules.USUAL, "parent", "top").parentRunId());
    assertNull(run(null, Run.Rules.USUAL).parentRunId());
  }

  @Test
  void whenARunHasItsOwnRules_itsCeilingUsesThem() {
    Ceiling strict = new Ceiling(MicroUsd.of(7), Mode.SOFT_GATE, MicroUsd.of(2), List.of(10));

    assertEquals(strict, run(null, Run.Rules.of(strict)).ceiling());
    assertEquals(Ceiling.of(MicroUsd.of(7)), run(null, Run.Rules.USUAL).ceiling());
  }
}
