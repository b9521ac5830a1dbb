package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.CeilingChanges.Changed;
import io.budgetauthority.ledger.CeilingChanges.Precondition;
import io.budgetauthority.ledger.CeilingChanges.RunChanged;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants.ScopeId;
import io.budgetauthority.tenant.Window;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Ceilings and the accounts that they limit change together (ledger.md#versions).
class CeilingChangesTest {

  private static final Precondition ALWAYS = version -> true;

  private final TestAuthority service = new TestAuthority();
  private final ScopeId ada = new ScopeId(service.tenantId, Scope.USER, "ada");

  private AuditEntry entry(String subject) {
    return AuditEntry.of(service.gateway, service.clock.instant(), subject, null, null);
  }

  private Changed put(Window window, long limit, Precondition precondition) {
    return service.ceilings.put(
        ada,
        window,
        Ceiling.of(MicroUsd.of(limit)),
        service.clock.instant(),
        precondition,
        before -> entry("put after " + before.version()));
  }

  private Answer.Decided ask(String key, long micros) {
    return assertInstanceOf(Answer.Decided.class, service.ask(key, "run", 0, micros / 5, null));
  }

  private List<String> trail() {
    return service.tenants.auditTrail(service.tenantId, 10, null).stream()
        .map(AuditEntry::subject)
        .sorted()
        .toList();
  }

  @Test
  void whenACeilingIsFirstSet_itIsCreatedAndThenChanged() {
    Changed first = put(Window.TOTAL, 1_000, ALWAYS);
    assertTrue(first.created());
    assertTrue(first.done());
    assertEquals(1, first.now().version());

    Changed second = put(Window.TOTAL, 2_000, version -> version == 1);
    assertFalse(second.created());
    assertTrue(second.done());
    assertEquals(2, second.now().version());
    assertTrue(put(Window.DAY, 500, ALWAYS).created());
    assertEquals(
        Set.of(Window.TOTAL, Window.DAY), service.tenants.ceilingsNow(ada).byWindow().keySet());
    assertEquals(List.of("put after 0", "put after 1", "put after 2"), trail());
  }

  @Test
  void whenAPreconditionFails_nothingChanges() {
    put(Window.TOTAL, 1_000, ALWAYS);

    Changed refused = put(Window.TOTAL, 2_000, version -> version == 7);
    assertFalse(refused.done());
    assertFalse(refused.created());
    assertEquals(1, refused.now().version());
    assertFalse(
        service.ceilings.delete(ada, Window.TOTAL, version -> version == 7, it -> entry("delete")));
    assertEquals(
        MicroUsd.of(1_000),
        Objects.requireNonNull(service.tenants.ceilingsNow(ada).byWindow().get(Window.TOTAL))
            .limit());
    assertEquals(List.of("put after 0"), trail());
  }

  @Test
  void whenALimitChanges_itsAccountFollowsAndItsHoldsStay() {
    put(Window.TOTAL, 1_000, ALWAYS);
    ask("a", 600);

    put(Window.TOTAL, 500, ALWAYS);
    Account account = service.account(Scope.USER, "ada");
    assertEquals(MicroUsd.of(500), account.limit());
    assertEquals(MicroUsd.of(600), account.reserved());
    assertEquals(MicroUsd.of(-100), account.available());
    assertTrue(ask("b", 5).decision().isBlocked());
    put(Window.TOTAL, 605, ALWAYS);
    assertFalse(ask("c", 5).decision().isBlocked());
    assertEquals(3, service.account(Scope.USER, "ada").version().ceilings());
  }

  @Test
  void whenACeilingIsDeleted_itHoldsNoMoreButKeepsItsAccount() {
    put(Window.TOTAL, 1_000, ALWAYS);
    put(Window.DAY, 900, ALWAYS);
    ask("a", 600);

    assertTrue(service.ceilings.delete(ada, Window.TOTAL, ALWAYS, it -> entry("delete")));
    assertFalse(service.ceilings.delete(ada, Window.TOTAL, ALWAYS, it -> entry("delete")));
    assertEquals(Set.of(Window.DAY), service.tenants.ceilings(ada).byWindow().keySet());
    assertFalse(ask("b", 250).decision().isBlocked());
    assertEquals(MicroUsd.of(600), service.account(Scope.USER, "ada").reserved());
    put(Window.TOTAL, 650, ALWAYS);
    assertEquals(MicroUsd.of(50), service.account(Scope.USER, "ada").available());
    assertTrue(
        ask("c", 50).decision().accounts().stream().anyMatch(it -> it.window() == Window.TOTAL));
  }

  private RunChanged change(long limit, Precondition precondition) {
    return service.ceilings.putOfRun(
        service.tenantId,
        "run",
        run -> new Ceiling(MicroUsd.of(limit), Mode.SOFT_GATE, MicroUsd.of(7), List.of(10, 20)),
        precondition,
        run -> entry("run at " + run.account().version().ceilings()));
  }

  @Test
  void whenARunsCeilingIsSet_itsLimitAndRulesChange() {
    ask("a", 600);

    Run changed =
        assertInstanceOf(RunChanged.Done.class, change(700, version -> version == 0)).run();
    assertEquals(MicroUsd.of(700), changed.account().limit());
    assertEquals(MicroUsd.of(100), changed.account().available());
    assertEquals(1, changed.account().version().ceilings());
    assertEquals(new Run.Rules(Mode.SOFT_GATE, MicroUsd.of(7), List.of(10, 20)), changed.rules());
    assertEquals(service.run("run"), changed);
    assertInstanceOf(RunChanged.PreconditionFailed.class, change(800, version -> version == 0));
    assertEquals(MicroUsd.of(700), service.run("run").account().limit());
    assertEquals(List.of("run at 0"), trail());
  }

  @Test
  void whenARunsCeilingLeavesOutRules_theTenantsApply() {
    ask("a", 5);
    change(700, ALWAYS);

    RunChanged plain =
        service.ceilings.putOfRun(
            service.tenantId,
            "run",
            run -> Ceiling.of(MicroUsd.of(900)),
            ALWAYS,
            run -> entry("plain"));
    assertEquals(Run.Rules.USUAL, assertInstanceOf(RunChanged.Done.class, plain).run().rules());
  }

  @Test
  void whenTheRunDoesNotExist_noCeilingIsSet() {
    assertInstanceOf(RunChanged.NoRun.class, change(700, ALWAYS));
    assertEquals(List.of(), trail());
  }
}
