package io.budgetauthority.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Ceilings and the accounts that they limit change together (ledger.md#versions).
class CeilingsTest {

  private static final LongPredicate ALWAYS = version -> true;

  private final TestAuthority service = new TestAuthority();
  private final TestConfiguration configuration = service.configuration;
  private final Caller admin = TestConfiguration.admin(service.tenantId);
  private final ScopeId ada = new ScopeId(service.tenantId, Scope.USER, "ada");

  private PutCeiling.Result put(Window window, long limit, LongPredicate precondition) {
    return configuration.putCeiling.put(
        admin, ada, window, Ceiling.of(MicroUsd.of(limit)), precondition);
  }

  private PutCeiling.Result.Done putAlways(Window window, long limit) {
    return assertInstanceOf(PutCeiling.Result.Done.class, put(window, limit, ALWAYS));
  }

  private DeleteCeiling.Result delete(LongPredicate precondition) {
    return configuration.deleteCeiling.delete(admin, ada, Window.TOTAL, precondition);
  }

  private Answer.Decided ask(String key, long micros) {
    return assertInstanceOf(Answer.Decided.class, service.ask(key, "run", 0, micros / 5, null));
  }

  /// What the audit trail says of limits, the oldest change first.
  private List<String> trail() {
    return configuration.audit.list(service.tenantId, 10, null).reversed().stream()
        .map(it -> it.subject() + " " + limit(it.from()) + " " + limit(it.to()))
        .sorted()
        .toList();
  }

  private static String limit(@Nullable JsonNode ceiling) {
    return ceiling == null ? "none" : ceiling.path("limit_usd").asText("none");
  }

  @Test
  void whenACeilingIsFirstSet_itIsCreatedAndThenChanged() {
    PutCeiling.Result.Done first = putAlways(Window.TOTAL, 1_000);
    assertThat(first.created()).isTrue();
    assertThat(first.now().version()).isEqualTo(1);

    PutCeiling.Result.Done second =
        assertInstanceOf(
            PutCeiling.Result.Done.class, put(Window.TOTAL, 2_000, version -> version == 1));
    assertThat(second.created()).isFalse();
    assertThat(second.now().version()).isEqualTo(2);
    assertThat(putAlways(Window.DAY, 500).created()).isTrue();
    assertThat(configuration.ceilings.now(ada).byWindow().keySet())
        .isEqualTo(Set.of(Window.TOTAL, Window.DAY));
    assertThat(trail())
        .isEqualTo(
            List.of(
                "ceilings/user/ada/day none 0.0005",
                "ceilings/user/ada/total 0.001 0.002",
                "ceilings/user/ada/total none 0.001"));
  }

  @Test
  void whenAPreconditionFails_nothingChanges() {
    putAlways(Window.TOTAL, 1_000);

    assertThat(put(Window.TOTAL, 2_000, version -> version == 7))
        .isInstanceOf(PutCeiling.Result.PreconditionFailed.class);
    assertThat(delete(version -> version == 7)).isEqualTo(DeleteCeiling.Result.PRECONDITION_FAILED);
    assertThat(
            Objects.requireNonNull(configuration.ceilings.now(ada).byWindow().get(Window.TOTAL))
                .limit())
        .isEqualTo(MicroUsd.of(1_000));
    assertThat(trail()).isEqualTo(List.of("ceilings/user/ada/total none 0.001"));
  }

  @Test
  void whenALimitChanges_itsAccountFollowsAndItsHoldsStay() {
    putAlways(Window.TOTAL, 1_000);
    ask("a", 600);

    putAlways(Window.TOTAL, 500);
    Account account = service.account(Scope.USER, "ada");
    assertThat(account.limit()).isEqualTo(MicroUsd.of(500));
    assertThat(account.reserved()).isEqualTo(MicroUsd.of(600));
    assertThat(account.available()).isEqualTo(MicroUsd.of(-100));
    assertThat(ask("b", 5).decision().isBlocked()).isTrue();
    putAlways(Window.TOTAL, 605);
    assertThat(ask("c", 5).decision().isBlocked()).isFalse();
    assertThat(service.account(Scope.USER, "ada").version().ceilings()).isEqualTo(3);
  }

  @Test
  void whenACeilingIsDeleted_itHoldsNoMoreButKeepsItsAccount() {
    putAlways(Window.TOTAL, 1_000);
    putAlways(Window.DAY, 900);
    ask("a", 600);

    assertThat(delete(ALWAYS)).isEqualTo(DeleteCeiling.Result.DONE);
    assertThat(delete(ALWAYS)).isEqualTo(DeleteCeiling.Result.UNKNOWN);
    assertThat(configuration.ceilings.of(ada).byWindow().keySet()).isEqualTo(Set.of(Window.DAY));
    assertThat(ask("b", 250).decision().isBlocked()).isFalse();
    assertThat(service.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.of(600));
    putAlways(Window.TOTAL, 650);
    assertThat(service.account(Scope.USER, "ada").available()).isEqualTo(MicroUsd.of(50));
    assertThat(
            ask("c", 50).decision().accounts().stream().anyMatch(it -> it.window() == Window.TOTAL))
        .isTrue();
  }

  private PutRunCeiling.Result change(long limit, LongPredicate precondition) {
    return configuration.putRunCeiling.put(
        admin,
        "run",
        "runs/run",
        run -> new Ceiling(MicroUsd.of(limit), Mode.SOFT_GATE, MicroUsd.of(7), List.of(10, 20)),
        precondition);
  }

  @Test
  void whenARunsCeilingIsSet_itsLimitAndRulesChange() {
    ask("a", 600);

    Run changed =
        assertInstanceOf(PutRunCeiling.Result.Done.class, change(700, version -> version == 0))
            .run();
    assertThat(changed.account().limit()).isEqualTo(MicroUsd.of(700));
    assertThat(changed.account().available()).isEqualTo(MicroUsd.of(100));
    assertThat(changed.account().version().ceilings()).isEqualTo(1);
    assertThat(changed.rules())
        .isEqualTo(new Run.Rules(Mode.SOFT_GATE, MicroUsd.of(7), List.of(10, 20), Map.of()));
    assertThat(changed).isEqualTo(service.run("run"));
    assertThat(change(800, version -> version == 0))
        .isInstanceOf(PutRunCeiling.Result.PreconditionFailed.class);
    assertThat(service.run("run").account().limit()).isEqualTo(MicroUsd.of(700));
    assertThat(trail()).hasSize(1);
  }

  @Test
  void whenARunsCeilingLeavesOutRules_theTenantsApply() {
    ask("a", 5);
    change(700, ALWAYS);

    PutRunCeiling.Result plain =
        configuration.putOfRun(service.tenantId, "run", Ceiling.of(MicroUsd.of(900)));
    assertThat(assertInstanceOf(PutRunCeiling.Result.Done.class, plain).run().rules())
        .isEqualTo(Run.Rules.USUAL);
  }

  @Test
  void whenTheRunDoesNotExist_noCeilingIsSet() {
    assertThat(change(700, ALWAYS)).isInstanceOf(PutRunCeiling.Result.NoRun.class);
    assertThat(trail()).isEmpty();
  }
}
