package io.budgetauthority.configuration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertTrue(first.created());
    assertEquals(1, first.now().version());

    PutCeiling.Result.Done second =
        assertInstanceOf(
            PutCeiling.Result.Done.class, put(Window.TOTAL, 2_000, version -> version == 1));
    assertFalse(second.created());
    assertEquals(2, second.now().version());
    assertTrue(putAlways(Window.DAY, 500).created());
    assertEquals(
        Set.of(Window.TOTAL, Window.DAY), configuration.ceilings.now(ada).byWindow().keySet());
    assertEquals(
        List.of(
            "ceilings/user/ada/day none 0.0005",
            "ceilings/user/ada/total 0.001 0.002",
            "ceilings/user/ada/total none 0.001"),
        trail());
  }

  @Test
  void whenAPreconditionFails_nothingChanges() {
    putAlways(Window.TOTAL, 1_000);

    assertInstanceOf(
        PutCeiling.Result.PreconditionFailed.class,
        put(Window.TOTAL, 2_000, version -> version == 7));
    assertEquals(DeleteCeiling.Result.PRECONDITION_FAILED, delete(version -> version == 7));
    assertEquals(
        MicroUsd.of(1_000),
        Objects.requireNonNull(configuration.ceilings.now(ada).byWindow().get(Window.TOTAL))
            .limit());
    assertEquals(List.of("ceilings/user/ada/total none 0.001"), trail());
  }

  @Test
  void whenALimitChanges_itsAccountFollowsAndItsHoldsStay() {
    putAlways(Window.TOTAL, 1_000);
    ask("a", 600);

    putAlways(Window.TOTAL, 500);
    Account account = service.account(Scope.USER, "ada");
    assertEquals(MicroUsd.of(500), account.limit());
    assertEquals(MicroUsd.of(600), account.reserved());
    assertEquals(MicroUsd.of(-100), account.available());
    assertTrue(ask("b", 5).decision().isBlocked());
    putAlways(Window.TOTAL, 605);
    assertFalse(ask("c", 5).decision().isBlocked());
    assertEquals(3, service.account(Scope.USER, "ada").version().ceilings());
  }

  @Test
  void whenACeilingIsDeleted_itHoldsNoMoreButKeepsItsAccount() {
    putAlways(Window.TOTAL, 1_000);
    putAlways(Window.DAY, 900);
    ask("a", 600);

    assertEquals(DeleteCeiling.Result.DONE, delete(ALWAYS));
    assertEquals(DeleteCeiling.Result.UNKNOWN, delete(ALWAYS));
    assertEquals(Set.of(Window.DAY), configuration.ceilings.of(ada).byWindow().keySet());
    assertFalse(ask("b", 250).decision().isBlocked());
    assertEquals(MicroUsd.of(600), service.account(Scope.USER, "ada").reserved());
    putAlways(Window.TOTAL, 650);
    assertEquals(MicroUsd.of(50), service.account(Scope.USER, "ada").available());
    assertTrue(
        ask("c", 50).decision().accounts().stream().anyMatch(it -> it.window() == Window.TOTAL));
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
    assertEquals(MicroUsd.of(700), changed.account().limit());
    assertEquals(MicroUsd.of(100), changed.account().available());
    assertEquals(1, changed.account().version().ceilings());
    assertEquals(new Run.Rules(Mode.SOFT_GATE, MicroUsd.of(7), List.of(10, 20)), changed.rules());
    assertEquals(service.run("run"), changed);
    assertInstanceOf(
        PutRunCeiling.Result.PreconditionFailed.class, change(800, version -> version == 0));
    assertEquals(MicroUsd.of(700), service.run("run").account().limit());
    assertEquals(1, trail().size());
  }

  @Test
  void whenARunsCeilingLeavesOutRules_theTenantsApply() {
    ask("a", 5);
    change(700, ALWAYS);

    PutRunCeiling.Result plain =
        configuration.putOfRun(service.tenantId, "run", Ceiling.of(MicroUsd.of(900)));
    assertEquals(
        Run.Rules.USUAL, assertInstanceOf(PutRunCeiling.Result.Done.class, plain).run().rules());
  }

  @Test
  void whenTheRunDoesNotExist_noCeilingIsSet() {
    assertInstanceOf(PutRunCeiling.Result.NoRun.class, change(700, ALWAYS));
    assertEquals(List.of(), trail());
  }
}
