package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.configuration.PutRunCeiling;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// What an ask is answered around the rules: keys, runs and their ancestors, and what moved
/// meanwhile (protocol.md#ask and protocol.md#runs), on the real ledger.
class AuthorityTest {

  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private final TestAuthority service =
      TestAuthority.watchedBy(
          new ExecutionInterceptor() {
            @Override
            public void beforeExecution(
                Context.BeforeExecution context, ExecutionAttributes attributes) {
              calls.add(context.request().getClass().getSimpleName().replace("Request", ""));
            }
          });

  private Answer ask(AskBuilder ask, @Nullable String key, @Nullable String runId) {
    return ask(service.gateway, ask, key, runId);
  }

  private Answer ask(Caller caller, AskBuilder ask, @Nullable String key, @Nullable String runId) {
    return service.authority.decide(Ask.of(caller, ask.build(), key, runId));
  }

  private static AskBuilder tokens(long output) {
    return new AskBuilder().cap(output);
  }

  private static Answer.Decided decided(Answer answer) {
    return assertInstanceOf(Answer.Decided.class, answer);
  }

  private static Decision allowed(Answer answer) {
    Decision decision = decided(answer).decision();
    assertThat(decision.verdict().wireName()).as(decision::toString).isEqualTo("allow");
    return decision;
  }

  private static Decision blocked(Answer answer, String code) {
    Decision decision = decided(answer).decision();
    assertThat(decision.verdict().wireName()).isEqualTo("block");
    assertThat(decision.verdict().code())
        .isEqualTo(ProblemCode.valueOf(code.toUpperCase(Locale.ROOT)));
    return decision;
  }

  private void close(String runId) {
    assertThat(service.close(runId)).isTrue();
  }

  @Test
  void whenAKeyIsReused_onlyTheSameRequestGetsItsDecision() {
    Answer.Decided first = decided(ask(tokens(100), "key", "run"));
    assertThat(first.replayed()).isFalse();

    Answer.Decided again = decided(ask(tokens(100), "key", "run"));
    assertThat(again.replayed()).isTrue();
    assertThat(again.decision()).isEqualTo(first.decision());
    assertThat(again.reservation().nonce()).isEqualTo(first.reservation().nonce());
    assertThat(decided(ask(tokens(100), "key", null)).replayed())
        .as("the run need not be named again")
        .isTrue();
    assertThat(ask(tokens(101), "key", "run")).isInstanceOf(Answer.KeyReused.class);
    assertThat(ask(tokens(100), "key", "another")).isInstanceOf(Answer.KeyReused.class);
    assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.of(500));
  }

  @Test
  void whenAnAllowIsSettled_itsKeyIsSpentButABlockReplays() {
    allowed(ask(tokens(100), "key", "run"));
    var unused = service.commit(service.idOf("key"), 0, 50);

    Answer.AlreadySettled settled =
        assertInstanceOf(Answer.AlreadySettled.class, ask(tokens(100), "key", "run"));
    assertThat(settled.reservation().decision().verdict().wireName()).isEqualTo("allow");
    AskBuilder dear = tokens(100).runLimit(MicroUsd.of(1));
    blocked(ask(dear, "blocked", "small"), "run_ceiling_reached");
    service.clock.advance(Duration.ofDays(1));
    Answer.Decided replayed = decided(ask(dear, "blocked", "small"));
    assertThat(replayed.replayed()).isTrue();
    assertThat(replayed.decision().isBlocked()).isTrue();
  }

  @Test
  void whenAKeyWasCancelled_everyAskUnderItIsBlocked() {
    assertThat(
            service.settlement.cancel(
                service.gateway, "key", Mode.HARD_GATE, "table", Duration.ofDays(30)))
        .isEmpty();

    assertThat(blocked(ask(tokens(100), "key", "run"), "cancelled").isCancelled()).isTrue();
    blocked(ask(tokens(7), "key", null), "cancelled");
  }

  @Test
  void whenNoRunIsNamed_oneIsIssuedForTheKey() {
    String issued = allowed(ask(tokens(1), "key", null)).subject().runId();
    assertThat(issued).isNotNull();
    assertThat(issued).startsWith("run_");
    assertThat(decided(ask(tokens(1), "key", null)).decision().subject().runId()).isEqualTo(issued);
    assertThat(service.run(issued).tuple().userId()).isEqualTo("ada");
  }

  @Test
  void whenADryRunIsAsked_itIsDecidedAndNothingIsStored() {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(499));

    Answer.DryRun blocked =
        assertInstanceOf(Answer.DryRun.class, ask(tokens(100).dryRun(), null, "run"));
    assertThat(blocked.decision().verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(blocked.row()).isNotNull();
    Answer.DryRun allowed =
        assertInstanceOf(Answer.DryRun.class, ask(tokens(99).dryRun(), null, null));
    assertThat(allowed.decision().verdict().wireName()).isEqualTo("allow");
    assertThat(allowed.decision().subject().runId()).isNull();
    assertThat(allowed.row()).isNotNull();
    assertThat(service.runs.find(service.tenantId, "run")).isEmpty();
    Answer.DryRun unknown =
        assertInstanceOf(Answer.DryRun.class, ask(tokens(1).model("nobody").dryRun(), null, null));
    assertThat(unknown.row()).isNull();
  }

  @Test
  void whenAPolicyRuleRefusesTheAsk_theKeyStaysFree() {
    service.policy(new PolicyBuilder().requireCap().build());

    Answer.Refused refused =
        assertInstanceOf(Answer.Refused.class, ask(tokens(1).cap(null), "key", "run"));
    assertThat(refused.code()).isEqualTo(ProblemCode.OUTPUT_CAP_REQUIRED);
    allowed(ask(tokens(1), "key", "run"));
  }

  @Test
  void whenTheModelOrProviderIsUnknown_theCallIsBlocked() {
    blocked(ask(tokens(1).model("nobody"), "key", "run"), "price_unknown");
    blocked(ask(tokens(1).provider("elsewhere"), "other", "run"), "price_unknown");
    allowed(ask(tokens(1).provider("test"), "third", "run"));
  }

  @Test
  void whenAnAskContradictsItsRunsTuple_itIsRefused() {
    allowed(ask(tokens(1).by("ada", null, null), "key", "run"));

    assertThat(ask(tokens(1).by("bob", null, null), "other", "run"))
        .isEqualTo(new Answer.RunMismatch("run", "user_id"));
    Decision completed = allowed(ask(tokens(1).by(null, "ci", "core"), "third", "run"));
    assertThat(completed.subject().tuple().userId())
        .as("what is left out is the run's own")
        .isEqualTo("ada");
    assertThat(service.run("run").tuple().keyId())
        .as("what is newly stated is bound")
        .isEqualTo("ci");
    assertThat(service.run("run").tuple().teamId()).isEqualTo("core");
    assertThat(ask(tokens(1).by("ada", "cd", null), "fourth", "run"))
        .isEqualTo(new Answer.RunMismatch("run", "key_id"));
  }

  @Test
  void whenAnAskLeavesOutTheUser_theRunsUserCeilingHolds() {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(600));
    allowed(ask(tokens(100).by("ada", null, null), "key", "run"));

    blocked(ask(tokens(100).by(null, null, null), "other", "run"), "user_ceiling_reached");
    assertThat(service.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.of(500));
  }

  @Test
  void whenARunHasEnded_itOnlyReplaysItsDecisions() {
    allowed(ask(tokens(1), "key", "run"));
    close("run");

    assertThat(ask(tokens(1), "other", "run")).isEqualTo(new Answer.RunClosed("run"));
    assertThat(decided(ask(tokens(1), "key", "run")).replayed()).isTrue();
    allowed(ask(tokens(1), "third", "later"));
    service.clock.advance(Policy.DEFAULT.runTtl());
    allowed(ask(tokens(1), "fourth", "later"));
    service.clock.advance(Policy.DEFAULT.runTtl().plusMillis(1));
    assertThat(ask(tokens(1), "fifth", "later")).isEqualTo(new Answer.RunClosed("later"));
  }

  @Test
  void whenARunLimitIsStated_itMustBeTheFirstOrTheCurrent() {
    MicroUsd made = MicroUsd.of(10_000);
    MicroUsd raised = MicroUsd.of(20_000);
    allowed(ask(tokens(1).runLimit(made), "key", "run"));
    allowed(ask(tokens(1).runLimit(made), "same", "run"));
    assertThat(ask(tokens(1).runLimit(raised), "other", "run"))
        .isEqualTo(new Answer.RunConflict("run", "run_limit_usd is 0.02, the run has 0.01"));

    assertThat(service.configuration.putOfRun(service.tenantId, "run", Ceiling.of(raised)))
        .isInstanceOf(PutRunCeiling.Result.Done.class);
    allowed(ask(tokens(1).runLimit(made), "third", "run"));
    Decision decision = allowed(ask(tokens(1).runLimit(raised), "fourth", "run"));
    assertThat(decision.accounts().getFirst().limit()).isEqualTo(raised);
  }

  @Test
  void whenAnAgentExceedsTheDefaultRunLimit_itIsForbidden() {
    Caller agent = new Caller(service.tenantId, "agent", Role.AGENT, "ada", "ci");
    MicroUsd most = Policy.DEFAULT.defaultRunLimit();
    AskBuilder generous = tokens(1).runLimit(most.plus(MicroUsd.of(1)));

    Answer.Forbidden forbidden =
        assertInstanceOf(Answer.Forbidden.class, ask(agent, generous, "key", "run"));
    assertThat(forbidden.reason()).contains("gives to the run, 5.00");
    allowed(ask(agent, tokens(1).runLimit(most), "key", "run"));
    allowed(ask(generous, "gateways", "another"));
  }

  @Test
  void whenAnAgentAsks_itsOwnUserAndKeyAreUsed() {
    Caller agent = new Caller(service.tenantId, "agent", Role.AGENT, "eve", "own");

    Decision decision = allowed(ask(agent, tokens(1).by(null, null, null), "key", "run"));
    assertThat(decision.subject().tuple().userId()).isEqualTo("eve");
    assertThat(decision.subject().tuple().keyId()).isEqualTo("own");
  }

  @Test
  void whenAChildRunAsks_itsAncestorsHoldTheCallToo() {
    allowed(ask(tokens(1).runLimit(MicroUsd.of(600)), "key", "parent"));

    Decision child = allowed(ask(tokens(100).parent("parent"), "child-1", "child"));
    assertThat(child.subject().parentRunId()).isEqualTo("parent");
    assertThat(service.run("parent").account().reserved()).isEqualTo(MicroUsd.of(505));
    assertThat(service.run("child").account().reserved()).isEqualTo(MicroUsd.of(500));
    Decision blocked =
        blocked(ask(tokens(100).parent("parent"), "child-2", "child"), "run_ceiling_reached");
    assertThat(Objects.requireNonNull(blocked.constrainedBy()).id()).isEqualTo("parent");
    Decision grandchild = allowed(ask(tokens(1).parent("child"), "grandchild", "grandchild"));
    assertThat(grandchild.accounts().stream().map(AccountShare::id).toList())
        .isEqualTo(List.of("grandchild", "child", "parent"));
    assertThat(service.run("parent").account().reserved()).isEqualTo(MicroUsd.of(510));
  }

  @Test
  void whenTheParentIsUnknownEndedOrAnother_theAskIsRefused() {
    assertThat(ask(tokens(1).parent("parent"), "a", "child"))
        .isEqualTo(new Answer.UnknownParent("parent"));
    assertThat(ask(tokens(1).parent("child"), "b", "child"))
        .isInstanceOf(Answer.InvalidParent.class);
    allowed(ask(tokens(1), "c", "parent"));
    allowed(ask(tokens(1), "d", "alone"));
    assertThat(ask(tokens(1).parent("parent"), "e", "alone"))
        .isEqualTo(new Answer.RunConflict("alone", "parent_run_id is parent, the run has null"));
    allowed(ask(tokens(1).parent("parent"), "f", "child"));
    allowed(ask(tokens(1), "g", "child"));
    close("parent");
    assertThat(ask(tokens(1).parent("parent"), "h", "another"))
        .isEqualTo(new Answer.RunClosed("parent"));
  }

  @Test
  void whenAnAncestorHasEnded_theRunTakesNoMoreDecisions() {
    allowed(ask(tokens(1), "a", "parent"));
    allowed(ask(tokens(1).parent("parent"), "b", "child"));
    // As if closing it had been broken off before its children were closed.
    var unused = service.runs.end(service.run("parent"), Run.State.CLOSED, service.clock.instant());

    assertThat(ask(tokens(1), "c", "child")).isEqualTo(new Answer.RunClosed("parent"));
  }

  @Test
  void whenAChildContradictsItsParentsTuple_theAskIsRefused() {
    allowed(ask(tokens(1).by("ada", null, null), "a", "parent"));
    allowed(ask(tokens(1).by("ada", null, null).parent("parent"), "b", "child"));
    allowed(ask(tokens(1).by("ada", "ci", null), "c", "parent"));

    assertThat(ask(tokens(1).by("ada", "cd", null), "d", "child"))
        .isEqualTo(new Answer.RunMismatch("parent", "key_id"));
    assertThat(ask(tokens(1).by("bob", null, null).parent("parent"), "e", "another"))
        .isEqualTo(new Answer.RunMismatch("parent", "user_id"));
  }

  @Test
  void whenTheAncestorsAreKnown_theyAreReadWithTheRun() {
    allowed(ask(tokens(1), "a", "parent"));
    allowed(ask(tokens(1).parent("parent"), "b", "child"));

    calls.clear();
    allowed(ask(tokens(1), "c", "child"));
    assertThat(calls).isEqualTo(List.of("BatchGetItem", "TransactWriteItems"));
  }

  @Test
  void whenAKeyHasItsMostActiveRuns_aNewRunIsRefused() {
    service.policy(new PolicyBuilder().runs(1, 5, 5).build());
    allowed(ask(tokens(1), "a", "one"));

    Answer.TooManyRuns refused =
        assertInstanceOf(Answer.TooManyRuns.class, ask(tokens(1), "b", "two"));
    assertThat(refused.counter().of()).isEqualTo(RunCounter.Of.ACTIVE_OF_KEY);
    assertThat(refused.reason()).isEqualTo("key ci has 1 active runs, the limit is 1");
    assertThat(service.runs.find(service.tenantId, "two")).isEmpty();
    allowed(ask(tokens(1), "c", "one"));
    close("one");
    allowed(ask(tokens(1), "b", "two"));
  }

  @Test
  void whenAnAdvisoryTenantHasTooManyRuns_itIsOnlyWarned() {
    service.policy(new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).runs(1, 5, 5).build());
    allowed(ask(tokens(1), "a", "one"));

    Decision second = allowed(ask(tokens(1), "b", "two"));
    assertThat(second.warnings()).isEqualTo(List.of("key ci has 1 active runs, the limit is 1"));
    assertThat(service.run("two").account().reserved()).isEqualTo(MicroUsd.of(5));
  }

  /// Another process changes a ceiling that is still remembered here.
  @Test
  void whenAnotherProcessLowersACeiling_itHoldsAtOnce() {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(1_000_000));
    allowed(ask(tokens(100), "a", "run"));
    var unused =
        TestConfiguration.shared(service.clock)
            .put(new ScopeId(service.tenantId, Scope.USER, "ada"), Window.TOTAL, MicroUsd.of(600));

    Decision decision = blocked(ask(tokens(100), "b", "run"), "user_ceiling_reached");
    assertThat(decision.accounts().get(1).limit()).isEqualTo(MicroUsd.of(600));
    allowed(ask(tokens(20), "c", "run"));
  }

  @Test
  void whenEveryScopeHasACeiling_theCallHasAnAccountOfEach() {
    MicroUsd plenty = MicroUsd.of(1_000_000);
    service.ceiling(Scope.USER, "ada", plenty);
    service.ceiling(Scope.KEY, "ci", plenty);
    service.ceiling(Scope.TEAM, "core", plenty);
    service.ceiling(Scope.FEATURE, "search", plenty);
    service.ceiling(Scope.TENANT, "-", plenty);
    service.ceiling(Scope.TEAM, "other", plenty);

    Decision decision =
        allowed(ask(tokens(1).by("ada", "ci", "core").feature("search"), "a", "run"));
    assertThat(decision.accounts().stream().map(AccountShare::scope).toList())
        .isEqualTo(
            List.of(Scope.RUN, Scope.USER, Scope.KEY, Scope.TEAM, Scope.FEATURE, Scope.TENANT));
  }

  @Test
  void whenACeilingIsSet_itReplacesThePolicysInItsWindow() {
    service.policy(
        new PolicyBuilder()
            .mode(Mode.SOFT_GATE)
            .softGate(MicroUsd.of(77), 100)
            .defaultCeilings(
                Scope.USER,
                Window.DAY,
                new Ceiling(MicroUsd.of(50_000), Mode.HARD_GATE, MicroUsd.of(5), List.of()),
                Window.MONTH,
                Ceiling.of(MicroUsd.of(60_000)))
            .build());
    service.ceiling(Scope.USER, "ada", Window.MONTH, MicroUsd.of(90_000));
    service.ceiling(Scope.USER, "ada", Window.TOTAL, MicroUsd.of(99_000));

    List<AccountShare> accounts =
        allowed(ask(tokens(1).by("ada", null, null), "a", "run")).accounts();
    assertThat(accounts.stream().map(it -> it.window().wireName() + " " + it.limit()).toList())
        .isEqualTo(List.of("total 5.00", "day 0.05", "month 0.09", "total 0.099"));
    assertThat(accounts.stream().map(AccountShare::mode).toList())
        .isEqualTo(List.of(Mode.SOFT_GATE, Mode.HARD_GATE, Mode.SOFT_GATE, Mode.SOFT_GATE));
    assertThat(
            allowed(ask(tokens(1).by("bob", null, null), "b", "bobs")).accounts().stream()
                .filter(it -> it.window() == Window.DAY)
                .map(it -> it.window().wireName() + " " + it.limit())
                .toList())
        .isEqualTo(List.of("day 0.05"));
  }

  @Test
  void whenThePolicysCeilingChanges_itsAccountsFollow() {
    service.policy(usersHaveADay(MicroUsd.of(600)));
    allowed(ask(tokens(100), "a", "run"));
    blocked(ask(tokens(100), "b", "run"), "user_ceiling_reached");

    service.configuration.replace(service.tenantId, usersHaveADay(MicroUsd.of(1_000)));
    Decision decision = allowed(ask(tokens(100), "c", "run"));
    assertThat(decision.accounts().get(1).limit()).isEqualTo(MicroUsd.of(1_000));
    assertThat(decision.remaining()).isEqualTo(MicroUsd.ZERO);
  }

  private static Policy usersHaveADay(MicroUsd limit) {
    return new PolicyBuilder()
        .defaultCeilings(Scope.USER, Window.DAY, Ceiling.of(limit), Window.MONTH, Ceiling.of(limit))
        .build();
  }

  @Test
  void whenACeilingHasAMargin_itReplacesThePolicys() {
    service.policy(
        new PolicyBuilder()
            .mode(Mode.SOFT_GATE)
            .softGate(MicroUsd.of(50), 100)
            .defaultCeilings(
                Scope.USER,
                Window.DAY,
                new Ceiling(MicroUsd.of(100), null, MicroUsd.of(10), List.of()),
                Window.MONTH,
                new Ceiling(MicroUsd.of(100), null, null, List.of()))
            .build());

    Decision blocked = blocked(ask(tokens(23), "a", "run"), "user_ceiling_reached");
    assertThat(Objects.requireNonNull(blocked.constrainedBy()).name().window())
        .isEqualTo(Window.DAY);
    allowed(ask(tokens(22), "b", "run"));
  }

  @Test
  void whenARunsCeilingHasRules_theyReplaceThePolicys() {
    allowed(ask(tokens(1).runLimit(MicroUsd.of(100)), "a", "run"));
    assertThat(
            service.configuration.putOfRun(
                service.tenantId,
                "run",
                new Ceiling(MicroUsd.of(100), Mode.SOFT_GATE, MicroUsd.of(10), List.of(60))))
        .isInstanceOf(PutRunCeiling.Result.Done.class);

    Decision decision = allowed(ask(tokens(21), "b", "run"));
    assertThat(decision.accounts().getFirst().mode()).isEqualTo(Mode.SOFT_GATE);
    assertThat(decision.warnings())
        .isEqualTo(List.of("60% of the total ceiling of run run is committed or held"));
    assertThat(decision.remaining()).isEqualTo(MicroUsd.of(-10));
    blocked(ask(tokens(1), "c", "run"), "run_ceiling_reached");
  }

  @Test
  void whenAnAskIsDecided_itNamesThePriceTableInForce() {
    assertThat(service.authority.priceTableVersion())
        .isEqualTo(allowed(ask(tokens(1), "a", "run")).priceTableVersion());
  }
}
