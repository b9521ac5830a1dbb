package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.Map;
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
        Run.CountedOn.HEADS,
        Account.unused(AccountKey.total("t", Scope.RUN, "r"), MicroUsd.of(7), LimitVersion.NONE));
  }

  @Test
  void whenATupleStatesNothingElse_theRunAdmitsIt() {
    assertThat(BOUND.admits(BOUND)).isTrue();
    assertThat(BOUND.admits(new Tuple(null, null, null, null))).isTrue();
    assertThat(new Tuple(null, null, null, null).admits(BOUND)).isTrue();
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
      assertThat(BOUND.admits(others.get(i))).isFalse();
      assertThat(BOUND.differingField(others.get(i))).isEqualTo(fields.get(i));
    }
  }

  @Test
  void whenATupleIsCompleted_whatIsBoundStays() {
    Tuple half = new Tuple("ada", null, null, "search");

    assertThat(half.completedBy(new Tuple("bob", "ci", null, "x")))
        .isEqualTo(new Tuple("ada", "ci", null, "search"));
    assertThat(half.completedBy(new Tuple(null, null, null, null))).isEqualTo(half);
    assertThat(new Tuple(null, null, null, null).completedBy(new Tuple(null, "ci", "core", null)))
        .isEqualTo(new Tuple(null, "ci", "core", null));
  }

  @Test
  void whenAnAgentActs_theUserAndKeyAreItsOwn() {
    Tuple stated = new Tuple("ada", "ci", "core", "search");

    assertThat(stated.actingAs(new Caller("t", "p", Role.AGENT, "eve", "own")))
        .isEqualTo(new Tuple("eve", "own", "core", "search"));
    assertThat(stated.actingAs(new Caller("t", "p", Role.GATEWAY, null, null))).isEqualTo(stated);
  }

  @Test
  void whenARunIsAtItsLastInstant_itIsStillActive() {
    Run open = run(null, Run.Rules.USUAL);

    assertThat(open.stateAt(NOW.plusSeconds(60))).isEqualTo(Run.State.ACTIVE);
    assertThat(open.stateAt(NOW.plusSeconds(60).plusNanos(1))).isEqualTo(Run.State.EXPIRED);
    assertThat(run(Run.State.CLOSED, Run.Rules.USUAL).stateAt(NOW)).isEqualTo(Run.State.CLOSED);
    assertThat(run(Run.State.EXPIRED, Run.Rules.USUAL).stateAt(NOW)).isEqualTo(Run.State.EXPIRED);
    assertThat(Run.State.ACTIVE.wireName()).isEqualTo("active");
  }

  @Test
  void whenARunHasAChild_itIsTheChildsFirstAncestor() {
    assertThat(run(null, Run.Rules.USUAL, "parent", "top").ancestorsOfChild())
        .isEqualTo(List.of("r", "parent", "top"));
    assertThat(run(null, Run.Rules.USUAL, "parent", "top").parentRunId()).isEqualTo("parent");
    assertThat(run(null, Run.Rules.USUAL).parentRunId()).isNull();
  }

  @Test
  void whenARunHasItsOwnRules_itsCeilingUsesThem() {
    Ceiling strict = new Ceiling(MicroUsd.of(7), Mode.SOFT_GATE, MicroUsd.of(2), List.of(10));

    assertThat(run(null, Run.Rules.of(strict, Map.of())).ceiling()).isEqualTo(strict);
    assertThat(run(null, Run.Rules.USUAL).ceiling()).isEqualTo(Ceiling.of(MicroUsd.of(7)));
  }
}
