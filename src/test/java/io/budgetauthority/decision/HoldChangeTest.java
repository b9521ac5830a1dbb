package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.HoldChange;
import io.budgetauthority.decision.rule.HoldChange.Result;
import io.budgetauthority.decision.rule.ModelRules;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// More output, more time, or another model for a hold that stands (protocol.md#retarget, `extend`
/// and `retarget`). The row costs 1 micro-USD a token of input and 5 a token of output.
class HoldChangeTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Instant EXPIRES = NOW.plusSeconds(600);
  private static final Price ROW = new RowBuilder(TestAuthority.MODEL).build();

  private static final ModelRules ALLOWED = new ModelRules(true, null);

  private static EnforcedAccountBuilder run(long limit) {
    return new EnforcedAccountBuilder(Scope.RUN, limit).id("r");
  }

  private static EnforcedAccountBuilder user(long limit) {
    return new EnforcedAccountBuilder(Scope.USER, limit).id("ada");
  }

  /// A hold as it was decided, and the same accounts as they stand when it is to be changed.
  private record Held(Reservation reservation, Policy policy) {

    /// @param ask may hold 100 tokens of input and 10 of output: 150 micro-USD
    static Held by(AskBuilder ask, Policy policy, EnforcedAccountBuilder... accounts) {
      List<EnforcedAccount> enforcedAccounts =
          Stream.of(accounts).map(EnforcedAccountBuilder::build).toList();
      DecisionRequest request = ask.build();
      Plan.Grant grant =
          (Plan.Grant)
              Decider.decide(Questions.of(request, policy, ROW, List.of(), enforcedAccounts));
      DecisionWriter writer =
          new DecisionWriter(
              request,
              Views.of(policy, request.tuple(), NOW, null, List.of(), enforcedAccounts),
              "table-1",
              List.of(),
              null);
      Decision decision = writer.decision(grant);
      Reservation reservation =
          writer.granted(
              decision,
              new Ask.Identity(new ReservationId("0".repeat(32)), "t", "p", "key", "hash"),
              grant);
      return new Held(reservation, policy);
    }

    static Held usual(EnforcedAccountBuilder... accounts) {
      return by(new AskBuilder().input(100).cap(10L), Policy.DEFAULT, accounts);
    }

    HoldChange change(EnforcedAccountBuilder... now) {
      Map<AccountKey, Account> accounts =
          Stream.of(now)
              .map(it -> it.build().account())
              .collect(Collectors.toMap(Account::key, Function.identity()));
      return new HoldChange(
          reservation, Objects.requireNonNull(reservation.decision().asked()), policy, accounts);
    }
  }

  private static Reservation.Rehold moved(Result result) {
    return assertInstanceOf(Result.Moved.class, result).to();
  }

  private static Result.Blocked blocked(Result result) {
    return assertInstanceOf(Result.Blocked.class, result);
  }

  private static Scope scopeOf(Result.Blocked blocked) {
    return Objects.requireNonNull(blocked.decision().constrainedBy()).scope();
  }

  private static List<Long> amounts(Reservation.Rehold to) {
    return to.decision().accounts().stream().map(it -> it.hold().micros()).toList();
  }

  @Test
  void whenMoreOutputIsAsked_eachModeSetsItsOwnCondition() {
    EnforcedAccountBuilder[] accounts = {
      run(1_000),
      user(1_000).mode(Mode.SOFT_GATE).margin(20),
      new EnforcedAccountBuilder(Scope.KEY, 1_000).mode(Mode.ADVISORY_ESTIMATE),
      new EnforcedAccountBuilder(Scope.TEAM, 1_000).mode(Mode.ACTUALS_ONLY)
    };
    Held held = Held.usual(accounts);

    Reservation.Rehold to = moved(held.change(accounts).extend(ROW, ALLOWED, null, 20L));

    assertEquals(List.of(200L, 200L, 200L, 0L), amounts(to));
    assertEquals(
        Map.of(
            new AccountName(Scope.RUN, "r", Window.TOTAL), MicroUsd.of(50),
            new AccountName(Scope.USER, "ada", Window.TOTAL), MicroUsd.of(30)),
        to.leastAvailable());
    assertEquals(MicroUsd.of(200), to.decision().estimate());
    Decision decision = to.decision();
    assertEquals(20L, decision.tokens().effectiveOutput());
    assertEquals(MicroUsd.of(200), decision.estimate());
    assertEquals(
        List.of(200L, 200L, 200L, 0L),
        decision.accounts().stream().map(it -> it.hold().micros()).toList());
    assertEquals(TestAuthority.MODEL, decision.model().selected());
    assertEquals("test", decision.model().provider());
    assertEquals(ROW.cards(), Objects.requireNonNull(to.priceRow()).cards());
  }

  @Test
  void whenASoftGateExpectsAShare_anExtensionHoldsThatShare() {
    Policy half = new PolicyBuilder().softGate(MicroUsd.ZERO, 50).build();
    EnforcedAccountBuilder soft = user(1_000).mode(Mode.SOFT_GATE);
    Held held = Held.by(new AskBuilder().input(100).cap(10L), half, run(1_000), soft);

    Reservation.Rehold to = moved(held.change(run(1_000), soft).extend(ROW, ALLOWED, null, 21L));

    assertEquals(List.of(205L, 155L), amounts(to), "half of 21 tokens is 11");
  }

  @Test
  void whenNoMoreOutputIsAsked_theHoldIsNotLowered() {
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).reserved(150));

    for (long tokens : new long[] {0, 9, 10}) {
      Reservation.Rehold to = moved(change.extend(ROW, ALLOWED, null, tokens));
      assertEquals(List.of(150L), amounts(to));
      assertEquals(10L, to.decision().tokens().effectiveOutput());
    }
    assertEquals(List.of(155L), amounts(moved(change.extend(ROW, ALLOWED, null, 11L))));
  }

  @Test
  void whenMoreIsAskedThanTheModelPutsOut_theOutputIsClamped() {
    HoldChange change = Held.usual(run(1_000_000)).change(run(1_000_000).reserved(150));
    Price endless = new RowBuilder(TestAuthority.MODEL).outputLimit(null).build();
    Price embedding = new RowBuilder(TestAuthority.MODEL).mode("embedding").build();

    moved(change.extend(ROW, ALLOWED, null, 64_000L));
    moved(change.extend(endless, ALLOWED, null, 64_001L));
    Decision clamped = moved(change.extend(ROW, ALLOWED, null, 64_001L)).decision();
    assertEquals(64_000L, clamped.tokens().effectiveOutput(), "as an ask would be clamped");
    assertTrue(clamped.tokens().clamped());
    assertEquals(List.of(150L), amounts(moved(change.extend(embedding, ALLOWED, null, 11L))));
  }

  @Test
  void whenAnExtensionDoesNotFit_theBlockingAccountIsNamed() {
    Held held = Held.usual(run(1_000), user(1_000));
    // 49 micro-USD are left beside the hold, and ten more tokens cost 50.
    Result.Blocked blocked =
        blocked(
            held.change(run(1_000).reserved(150), user(1_000).committed(801).reserved(150))
                .extend(ROW, ALLOWED, null, 20L));

    assertEquals(ProblemCode.USER_CEILING_REACHED, blocked.decision().verdict().code());
    assertEquals(Scope.USER, scopeOf(blocked));
    assertEquals(19L, blocked.block().fitsMaxOutputTokens());
    assertEquals(List.of(Remedy.REDUCE_OUTPUT), blocked.block().remedies());
    assertEquals(
        "the call may now cost 0.0002 USD; user ada has 0.000049 USD left beside what it holds",
        blocked.block().detail());
    AccountShare seen = blocked.decision().accounts().get(1);
    assertEquals(MicroUsd.of(801), seen.committed(), "the balances are those of now");
    assertEquals(MicroUsd.of(150), seen.hold());
    assertEquals(MicroUsd.of(49), seen.remaining());
    assertEquals(20L, blocked.decision().tokens().effectiveOutput());
    assertEquals(MicroUsd.of(200), blocked.decision().estimate());
    moved(
        held.change(run(1_000).reserved(150), user(1_000).committed(800).reserved(150))
            .extend(ROW, ALLOWED, null, 20L));
  }

  @Test
  void whenNotOneMoreTokenFits_noSmallerCapIsNamed() {
    Held held = Held.usual(run(1_000));

    Result.Blocked none =
        blocked(
            held.change(run(1_000).committed(846).reserved(150)).extend(ROW, ALLOWED, null, 20L));
    assertNull(none.block().fitsMaxOutputTokens());
    assertEquals(List.of(Remedy.RAISE_LIMIT), none.block().remedies());
    assertEquals(
        11L,
        blocked(
                held.change(run(1_000).committed(845).reserved(150))
                    .extend(ROW, ALLOWED, null, 20L))
            .block()
            .fitsMaxOutputTokens());
  }

  @Test
  void whenOnlyOtherCallsInFlightBlock_waitIsARemedy() {
    Held held = Held.usual(run(1_000));

    assertEquals(
        List.of(Remedy.WAIT),
        blocked(
                held.change(run(1_000).committed(800).reserved(200))
                    .extend(ROW, ALLOWED, null, 20L))
            .block()
            .remedies());
    assertEquals(
        List.of(Remedy.RAISE_LIMIT),
        blocked(
                held.change(run(1_000).committed(801).reserved(199))
                    .extend(ROW, ALLOWED, null, 20L))
            .block()
            .remedies());
  }

  @Test
  void whenAnExtensionIsOver_aMarginOrAdvisoryModeAllowsIt() {
    EnforcedAccountBuilder soft = run(1_000).mode(Mode.SOFT_GATE).margin(20);
    Held held = Held.usual(soft);
    EnforcedAccountBuilder advisory = run(1_000).mode(Mode.ADVISORY_ESTIMATE).margin(20);
    Held advised = Held.usual(advisory);

    moved(held.change(soft.committed(820).reserved(150)).extend(ROW, ALLOWED, null, 20L));
    blocked(held.change(soft.committed(821).reserved(150)).extend(ROW, ALLOWED, null, 20L));
    moved(advised.change(advisory.committed(5_000)).extend(ROW, ALLOWED, null, 20L));
  }

  @Test
  void whenThePolicysMarginChanges_theDecisionsMarginCounts() {
    EnforcedAccountBuilder soft = run(1_000).mode(Mode.SOFT_GATE).margin(20);
    Held held = Held.usual(soft);
    Policy generous = new PolicyBuilder().softGate(MicroUsd.of(500), 100).build();
    Held later = new Held(held.reservation(), generous);

    moved(later.change(soft.committed(820).reserved(150)).extend(ROW, ALLOWED, null, 20L));
    blocked(later.change(soft.committed(821).reserved(150)).extend(ROW, ALLOWED, null, 20L));
  }

  @Test
  void whenSeveralAccountsAreShort_theFurthestShortBlocks() {
    EnforcedAccountBuilder[] accounts = {
      run(1_000), user(1_000), new EnforcedAccountBuilder(Scope.TEAM, 1_000)
    };
    Held held = Held.usual(accounts);
    EnforcedAccountBuilder little =
        new EnforcedAccountBuilder(Scope.TEAM, 1_000).committed(820).reserved(150);

    Result.Blocked furthest =
        blocked(
            held.change(
                    run(1_000).committed(810).reserved(150),
                    user(1_000).committed(830).reserved(150),
                    little)
                .extend(ROW, ALLOWED, null, 20L));
    assertEquals(Scope.USER, scopeOf(furthest));
    Result.Blocked equal =
        blocked(
            held.change(
                    run(1_000).committed(820).reserved(150),
                    user(1_000).committed(820).reserved(150),
                    little)
                .extend(ROW, ALLOWED, null, 20L));
    assertEquals(Scope.RUN, scopeOf(equal));
  }

  @Test
  void whenAnActualsOnlyLimitIsSpent_theExtensionIsBlocked() {
    EnforcedAccountBuilder actuals = run(1_000).mode(Mode.ACTUALS_ONLY);
    Held held = Held.usual(actuals);

    moved(held.change(actuals.committed(999)).extend(ROW, ALLOWED, null, 20L));
    Result.Blocked blocked =
        blocked(held.change(actuals.committed(1_000)).extend(ROW, ALLOWED, null, 20L));
    assertEquals(ProblemCode.RUN_CEILING_REACHED, blocked.decision().verdict().code());
  }

  @Test
  void whenACallIsRetargeted_theNewPriceAndCapAreHeld() {
    Held held = Held.usual(run(1_000));
    HoldChange change = held.change(run(1_000).reserved(150));
    Price dear = new RowBuilder("dear").picos(2_000_000, 10_000_000).outputLimit(8L).build();

    Reservation.Rehold to = moved(change.retarget(dear, ALLOWED, "elsewhere", "fallback"));

    assertEquals(List.of(280L), amounts(to), "100 x 2 and 8 x 10");
    assertEquals(List.of(MicroUsd.of(130)), List.copyOf(to.leastAvailable().values()));
    assertEquals(EXPIRES, to.expiresAt());
    Decision decision = to.decision();
    assertEquals("fallback", decision.model().selected());
    assertEquals("elsewhere", decision.model().provider());
    assertEquals(TestAuthority.MODEL, decision.model().requested());
    assertEquals(8L, decision.tokens().effectiveOutput());
    assertEquals(MicroUsd.of(280), decision.estimate());
    Price longer = new RowBuilder("longer").outputLimit(99L).build();
    assertEquals(List.of(150L), amounts(moved(change.retarget(longer, ALLOWED, "p", "longer"))));
    Price endless = new RowBuilder("endless").outputLimit(null).build();
    assertEquals(List.of(150L), amounts(moved(change.retarget(endless, ALLOWED, "p", "endless"))));
  }

  @Test
  void whenTheNewModelIsCheaper_itsAccountsMayBeInDebt() {
    Price cheap = new RowBuilder("cheap").picos(100_000, 500_000).build();
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).committed(5_000).reserved(150));

    assertEquals(List.of(15L), amounts(moved(change.retarget(cheap, ALLOWED, "p", "cheap"))));
  }

  @Test
  void whenTheNewModelIsTooDear_theRetargetIsBlocked() {
    Price dear = new RowBuilder("dear").picos(2_000_000, 10_000_000).build();
    Result.Blocked blocked =
        blocked(
            Held.usual(run(1_000))
                .change(run(1_000).committed(701).reserved(150))
                .retarget(dear, ALLOWED, "p", "dear"));

    assertEquals(ProblemCode.RUN_CEILING_REACHED, blocked.decision().verdict().code());
    assertNull(blocked.block().fitsMaxOutputTokens());
    assertEquals(
        TestAuthority.MODEL, blocked.decision().model().selected(), "the hold stays where it was");
    assertEquals("test", blocked.decision().model().provider());
    assertEquals(MicroUsd.of(300), blocked.decision().estimate());
    moved(
        Held.usual(run(1_000))
            .change(run(1_000).committed(700).reserved(150))
            .retarget(dear, ALLOWED, "p", "dear"));
  }

  @Test
  void whenThePolicyDoesNotAllowTheNewModel_itIsBlocked() {
    Policy narrow = new PolicyBuilder().allow(TestAuthority.MODEL, "fallback").build();
    Held held = Held.by(new AskBuilder().input(100).cap(10L), narrow, run(1_000));
    HoldChange change = held.change(run(1_000).reserved(150));
    Price fallback = new RowBuilder("fallback").build();
    Price other = new RowBuilder("other").build();

    moved(change.retarget(fallback, Questions.rules(narrow, fallback), "p", "alias"));
    blocked(change.retarget(other, Questions.rules(narrow, other), "p", "fallback"));
    Result.Blocked blocked =
        blocked(change.retarget(other, Questions.rules(narrow, other), "p", "other"));
    assertEquals(ProblemCode.MODEL_NOT_ALLOWED, blocked.decision().verdict().code());
    assertEquals("the policy does not allow other", blocked.block().detail());
    assertEquals(List.of(), blocked.block().remedies());
    assertNull(blocked.block().constrainedBy());
  }

  @Test
  void whenTheNewModelHasNoPrice_itIsBlockedWithoutRemedy() {
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).reserved(150));
    Price free = new RowBuilder("free").picos(0, 0).build();

    Result.Blocked zero = blocked(change.retarget(free, ALLOWED, "p", "free"));
    assertEquals(ProblemCode.PRICE_UNKNOWN, zero.decision().verdict().code());
    assertEquals(List.of(), zero.block().remedies());
    Result.Blocked unknown = blocked(change.unknown(null, "nobody", List.of()));
    assertEquals(ProblemCode.PRICE_UNKNOWN, unknown.decision().verdict().code());
    assertEquals("no price is known for nobody", unknown.block().detail());
  }

  @Test
  void whenTheNewModelHasNoOutput_onlyItsInputIsHeld() {
    Price embedding = new RowBuilder("e").mode("embedding").build();
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).reserved(150));

    assertEquals(List.of(100L), amounts(moved(change.retarget(embedding, ALLOWED, "p", "e"))));
  }

  @Test
  void whenTheInputIsUnbounded_theNewModelsWindowBoundsIt() {
    Held held = Held.by(new AskBuilder().unbounded().cap(10L), Policy.DEFAULT, run(1_000_000));
    HoldChange change = held.change(run(1_000_000).reserved(200_050));
    Price wide = new RowBuilder("wide").window(300_000L).build();
    Price unknown = new RowBuilder("unknown").window(null).build();

    assertEquals(List.of(300_050L), amounts(moved(change.retarget(wide, ALLOWED, "p", "wide"))));
    assertEquals(
        ProblemCode.PRICE_UNKNOWN,
        blocked(change.retarget(unknown, ALLOWED, "p", "unknown")).decision().verdict().code());
    Price narrow = new RowBuilder("narrow").window(50L).build();
    HoldChange counted = Held.usual(run(1_000)).change(run(1_000).reserved(150));
    Result.Refused refused =
        assertInstanceOf(Result.Refused.class, counted.retarget(narrow, ALLOWED, "p", "narrow"));
    assertEquals(ProblemCode.CONTEXT_WINDOW_EXCEEDED, refused.code());
  }

  @Test
  void whenSeveralChoicesAreAsked_theAddedOutputIsMultiplied() {
    Held held =
        Held.by(new AskBuilder().input(100).cap(10L).choices(3), Policy.DEFAULT, run(1_000));

    assertEquals(
        List.of(400L),
        amounts(moved(held.change(run(1_000).reserved(250)).extend(ROW, ALLOWED, null, 20L))));
  }

  @Test
  void whenTheAskRulesOutCacheWrites_anExtensionDoesToo() {
    Parts noWrites = new Parts(null, 0L, null, null, null, null, null, null);
    Price row = new RowBuilder(TestAuthority.MODEL).cacheWrites(9_000_000).build();
    HoldChange ruledOut =
        Held.by(new AskBuilder().input(100).cap(10L).parts(noWrites), Policy.DEFAULT, run(9_000))
            .change(run(9_000).reserved(150));
    HoldChange open = Held.usual(run(9_000)).change(run(9_000).reserved(150));

    assertEquals(List.of(200L), amounts(moved(ruledOut.extend(row, ALLOWED, null, 20L))));
    assertEquals(List.of(1_000L), amounts(moved(open.extend(row, ALLOWED, null, 20L))));
  }

  @Test
  void whenAnUnpricedDecisionGetsAPrice_itsHoldIsMade() {
    Policy advisory = new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).build();
    EnforcedAccountBuilder account = run(1_000).mode(Mode.ADVISORY_ESTIMATE);
    List<EnforcedAccount> enforcedAccounts = List.of(account.build());
    DecisionRequest request = new AskBuilder().model("nobody").input(100).build();
    Plan.Grant grant =
        (Plan.Grant)
            Decider.decide(Questions.of(request, advisory, null, List.of(), enforcedAccounts));
    DecisionWriter writer =
        new DecisionWriter(
            request,
            Views.of(advisory, request.tuple(), NOW, null, List.of(), enforcedAccounts),
            "table-1",
            List.of(),
            null);
    Decision decision = writer.decision(grant);
    Reservation reservation =
        writer.granted(
            decision,
            new Ask.Identity(new ReservationId("0".repeat(32)), "t", "p", "key", "hash"),
            grant);
    HoldChange change = new Held(reservation, advisory).change(account);

    assertEquals(List.of(125L), amounts(moved(change.extend(ROW, ALLOWED, null, 5L))));
    assertEquals(
        List.of(20_580L),
        amounts(moved(change.retarget(ROW, ALLOWED, "p", "m"))),
        "the policy's default cap, as an ask without one would hold");
  }

  @Test
  void whenAnAccountOfAHoldIsMissing_theChangeThrows() {
    Held held = Held.usual(run(1_000), user(1_000));

    assertThrows(IllegalStateException.class, () -> held.change(run(1_000)));
  }
}
