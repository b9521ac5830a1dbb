package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.HoldChange;
import io.budgetauthority.decision.rule.HoldChange.Result;
import io.budgetauthority.decision.rule.ModelRules;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.Snapshot;
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
          reservation,
          Objects.requireNonNull(reservation.decision().asked()),
          policy,
          new Snapshot(null, accounts, Map.of(), Map.of()),
          reservation.createdAt());
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

    assertThat(amounts(to)).isEqualTo(List.of(200L, 200L, 200L, 0L));
    assertThat(to.leastAvailable())
        .isEqualTo(
            Map.of(
                new AccountName(Scope.RUN, "r", Window.TOTAL), MicroUsd.of(50),
                new AccountName(Scope.USER, "ada", Window.TOTAL), MicroUsd.of(30)));
    assertThat(to.decision().estimate()).isEqualTo(MicroUsd.of(200));
    Decision decision = to.decision();
    assertThat(decision.tokens().effectiveOutput()).isEqualTo(20L);
    assertThat(decision.estimate()).isEqualTo(MicroUsd.of(200));
    assertThat(decision.accounts().stream().map(it -> it.hold().micros()).toList())
        .isEqualTo(List.of(200L, 200L, 200L, 0L));
    assertThat(decision.model().selected()).isEqualTo(TestAuthority.MODEL);
    assertThat(decision.model().provider()).isEqualTo("test");
    assertThat(Objects.requireNonNull(to.priceRow()).cards()).isEqualTo(ROW.cards());
  }

  @Test
  void whenASoftGateExpectsAShare_anExtensionHoldsThatShare() {
    Policy half = new PolicyBuilder().softGate(MicroUsd.ZERO, 50).build();
    EnforcedAccountBuilder soft = user(1_000).mode(Mode.SOFT_GATE);
    Held held = Held.by(new AskBuilder().input(100).cap(10L), half, run(1_000), soft);

    Reservation.Rehold to = moved(held.change(run(1_000), soft).extend(ROW, ALLOWED, null, 21L));

    assertThat(amounts(to)).as("half of 21 tokens is 11").isEqualTo(List.of(205L, 155L));
  }

  @Test
  void whenNoMoreOutputIsAsked_theHoldIsNotLowered() {
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).reserved(150));

    for (long tokens : new long[] {0, 9, 10}) {
      Reservation.Rehold to = moved(change.extend(ROW, ALLOWED, null, tokens));
      assertThat(amounts(to)).isEqualTo(List.of(150L));
      assertThat(to.decision().tokens().effectiveOutput()).isEqualTo(10L);
    }
    assertThat(amounts(moved(change.extend(ROW, ALLOWED, null, 11L)))).isEqualTo(List.of(155L));
  }

  @Test
  void whenMoreIsAskedThanTheModelPutsOut_theOutputIsClamped() {
    HoldChange change = Held.usual(run(1_000_000)).change(run(1_000_000).reserved(150));
    Price endless = new RowBuilder(TestAuthority.MODEL).outputLimit(null).build();
    Price embedding = new RowBuilder(TestAuthority.MODEL).mode("embedding").build();

    moved(change.extend(ROW, ALLOWED, null, 64_000L));
    moved(change.extend(endless, ALLOWED, null, 64_001L));
    Decision clamped = moved(change.extend(ROW, ALLOWED, null, 64_001L)).decision();
    assertThat(clamped.tokens().effectiveOutput())
        .as("as an ask would be clamped")
        .isEqualTo(64_000L);
    assertThat(clamped.tokens().clamped()).isTrue();
    assertThat(amounts(moved(change.extend(embedding, ALLOWED, null, 11L))))
        .isEqualTo(List.of(150L));
  }

  @Test
  void whenAnExtensionDoesNotFit_theBlockingAccountIsNamed() {
    Held held = Held.usual(run(1_000), user(1_000));
    // 49 micro-USD are left beside the hold, and ten more tokens cost 50.
    Result.Blocked blocked =
        blocked(
            held.change(run(1_000).reserved(150), user(1_000).committed(801).reserved(150))
                .extend(ROW, ALLOWED, null, 20L));

    assertThat(blocked.decision().verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(scopeOf(blocked)).isEqualTo(Scope.USER);
    assertThat(blocked.block().fitsMaxOutputTokens()).isEqualTo(19L);
    assertThat(blocked.block().remedies()).isEqualTo(List.of(Remedy.REDUCE_OUTPUT));
    assertThat(blocked.block().detail())
        .isEqualTo(
            "the call may now cost 0.0002 USD; user ada has 0.000049 USD left of 0.001,"
                + " beside what the call holds");
    AccountShare seen = blocked.decision().accounts().get(1);
    assertThat(seen.committed()).as("the balances are those of now").isEqualTo(MicroUsd.of(801));
    assertThat(seen.hold()).isEqualTo(MicroUsd.of(150));
    assertThat(seen.remaining()).isEqualTo(MicroUsd.of(49));
    assertThat(blocked.decision().tokens().effectiveOutput()).isEqualTo(20L);
    assertThat(blocked.decision().estimate()).isEqualTo(MicroUsd.of(200));
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
    assertThat(none.block().fitsMaxOutputTokens()).isNull();
    assertThat(none.block().remedies()).isEqualTo(List.of(Remedy.RAISE_LIMIT));
    assertThat(
            blocked(
                    held.change(run(1_000).committed(845).reserved(150))
                        .extend(ROW, ALLOWED, null, 20L))
                .block()
                .fitsMaxOutputTokens())
        .isEqualTo(11L);
  }

  @Test
  void whenOnlyOtherCallsInFlightBlock_waitIsARemedy() {
    Held held = Held.usual(run(1_000));

    assertThat(
            blocked(
                    held.change(run(1_000).committed(800).reserved(200))
                        .extend(ROW, ALLOWED, null, 20L))
                .block()
                .remedies())
        .isEqualTo(List.of(Remedy.WAIT));
    assertThat(
            blocked(
                    held.change(run(1_000).committed(801).reserved(199))
                        .extend(ROW, ALLOWED, null, 20L))
                .block()
                .remedies())
        .isEqualTo(List.of(Remedy.RAISE_LIMIT));
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
    assertThat(scopeOf(furthest)).isEqualTo(Scope.USER);
    Result.Blocked equal =
        blocked(
            held.change(
                    run(1_000).committed(820).reserved(150),
                    user(1_000).committed(820).reserved(150),
                    little)
                .extend(ROW, ALLOWED, null, 20L));
    assertThat(scopeOf(equal)).isEqualTo(Scope.RUN);
  }

  @Test
  void whenAnActualsOnlyLimitIsSpent_theExtensionIsBlocked() {
    EnforcedAccountBuilder actuals = run(1_000).mode(Mode.ACTUALS_ONLY);
    Held held = Held.usual(actuals);

    moved(held.change(actuals.committed(999)).extend(ROW, ALLOWED, null, 20L));
    Result.Blocked blocked =
        blocked(held.change(actuals.committed(1_000)).extend(ROW, ALLOWED, null, 20L));
    assertThat(blocked.decision().verdict().code()).isEqualTo(ProblemCode.RUN_CEILING_REACHED);
  }

  @Test
  void whenACallIsRetargeted_theNewPriceAndCapAreHeld() {
    Held held = Held.usual(run(1_000));
    HoldChange change = held.change(run(1_000).reserved(150));
    Price dear = new RowBuilder("dear").picos(2_000_000, 10_000_000).outputLimit(8L).build();

    Reservation.Rehold to = moved(change.retarget(dear, ALLOWED, "elsewhere", "fallback"));

    assertThat(amounts(to)).as("100 x 2 and 8 x 10").isEqualTo(List.of(280L));
    assertThat(List.copyOf(to.leastAvailable().values())).isEqualTo(List.of(MicroUsd.of(130)));
    assertThat(to.expiresAt()).isEqualTo(EXPIRES);
    Decision decision = to.decision();
    assertThat(decision.model().selected()).isEqualTo("fallback");
    assertThat(decision.model().provider()).isEqualTo("elsewhere");
    assertThat(decision.model().requested()).isEqualTo(TestAuthority.MODEL);
    assertThat(decision.tokens().effectiveOutput()).isEqualTo(8L);
    assertThat(decision.estimate()).isEqualTo(MicroUsd.of(280));
    Price longer = new RowBuilder("longer").outputLimit(99L).build();
    assertThat(amounts(moved(change.retarget(longer, ALLOWED, "p", "longer"))))
        .isEqualTo(List.of(150L));
    Price endless = new RowBuilder("endless").outputLimit(null).build();
    assertThat(amounts(moved(change.retarget(endless, ALLOWED, "p", "endless"))))
        .isEqualTo(List.of(150L));
  }

  @Test
  void whenTheNewModelIsCheaper_itsAccountsMayBeInDebt() {
    Price cheap = new RowBuilder("cheap").picos(100_000, 500_000).build();
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).committed(5_000).reserved(150));

    assertThat(amounts(moved(change.retarget(cheap, ALLOWED, "p", "cheap"))))
        .isEqualTo(List.of(15L));
  }

  @Test
  void whenTheNewModelIsTooDear_theRetargetIsBlocked() {
    Price dear = new RowBuilder("dear").picos(2_000_000, 10_000_000).build();
    Result.Blocked blocked =
        blocked(
            Held.usual(run(1_000))
                .change(run(1_000).committed(701).reserved(150))
                .retarget(dear, ALLOWED, "p", "dear"));

    assertThat(blocked.decision().verdict().code()).isEqualTo(ProblemCode.RUN_CEILING_REACHED);
    assertThat(blocked.block().fitsMaxOutputTokens()).isNull();
    assertThat(blocked.decision().model().selected())
        .as("the hold stays where it was")
        .isEqualTo(TestAuthority.MODEL);
    assertThat(blocked.decision().model().provider()).isEqualTo("test");
    assertThat(blocked.decision().estimate()).isEqualTo(MicroUsd.of(300));
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
    assertThat(blocked.decision().verdict().code()).isEqualTo(ProblemCode.MODEL_NOT_ALLOWED);
    assertThat(blocked.block().detail()).isEqualTo("the policy does not allow other");
    assertThat(blocked.block().remedies()).isEmpty();
    assertThat(blocked.block().constrainedBy()).isNull();
  }

  @Test
  void whenTheNewModelHasNoPrice_itIsBlockedWithoutRemedy() {
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).reserved(150));
    Price free = new RowBuilder("free").picos(0, 0).build();

    Result.Blocked zero = blocked(change.retarget(free, ALLOWED, "p", "free"));
    assertThat(zero.decision().verdict().code()).isEqualTo(ProblemCode.PRICE_UNKNOWN);
    assertThat(zero.block().remedies()).isEmpty();
    Result.Blocked unknown = blocked(change.unknown(null, "nobody", List.of()));
    assertThat(unknown.decision().verdict().code()).isEqualTo(ProblemCode.PRICE_UNKNOWN);
    assertThat(unknown.block().detail()).isEqualTo("no price is known for nobody");
  }

  @Test
  void whenTheNewModelHasNoOutput_onlyItsInputIsHeld() {
    Price embedding = new RowBuilder("e").mode("embedding").build();
    HoldChange change = Held.usual(run(1_000)).change(run(1_000).reserved(150));

    assertThat(amounts(moved(change.retarget(embedding, ALLOWED, "p", "e"))))
        .isEqualTo(List.of(100L));
  }

  @Test
  void whenTheInputIsUnbounded_theNewModelsWindowBoundsIt() {
    Held held = Held.by(new AskBuilder().unbounded().cap(10L), Policy.DEFAULT, run(1_000_000));
    HoldChange change = held.change(run(1_000_000).reserved(200_050));
    Price wide = new RowBuilder("wide").window(300_000L).build();
    Price unknown = new RowBuilder("unknown").window(null).build();

    assertThat(amounts(moved(change.retarget(wide, ALLOWED, "p", "wide"))))
        .isEqualTo(List.of(300_050L));
    assertThat(
            blocked(change.retarget(unknown, ALLOWED, "p", "unknown")).decision().verdict().code())
        .isEqualTo(ProblemCode.PRICE_UNKNOWN);
    Price narrow = new RowBuilder("narrow").window(50L).build();
    HoldChange counted = Held.usual(run(1_000)).change(run(1_000).reserved(150));
    Result.Refused refused =
        assertInstanceOf(Result.Refused.class, counted.retarget(narrow, ALLOWED, "p", "narrow"));
    assertThat(refused.code()).isEqualTo(ProblemCode.CONTEXT_WINDOW_EXCEEDED);
  }

  @Test
  void whenSeveralChoicesAreAsked_theAddedOutputIsMultiplied() {
    Held held =
        Held.by(new AskBuilder().input(100).cap(10L).choices(3), Policy.DEFAULT, run(1_000));

    assertThat(
            amounts(moved(held.change(run(1_000).reserved(250)).extend(ROW, ALLOWED, null, 20L))))
        .isEqualTo(List.of(400L));
  }

  @Test
  void whenTheAskRulesOutCacheWrites_anExtensionDoesToo() {
    Parts noWrites = new Parts(null, 0L, null, null, null, null, null, null);
    Price row = new RowBuilder(TestAuthority.MODEL).cacheWrites(9_000_000).build();
    HoldChange ruledOut =
        Held.by(new AskBuilder().input(100).cap(10L).parts(noWrites), Policy.DEFAULT, run(9_000))
            .change(run(9_000).reserved(150));
    HoldChange open = Held.usual(run(9_000)).change(run(9_000).reserved(150));

    assertThat(amounts(moved(ruledOut.extend(row, ALLOWED, null, 20L)))).isEqualTo(List.of(200L));
    assertThat(amounts(moved(open.extend(row, ALLOWED, null, 20L)))).isEqualTo(List.of(1_000L));
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

    assertThat(amounts(moved(change.extend(ROW, ALLOWED, null, 5L)))).isEqualTo(List.of(125L));
    assertThat(amounts(moved(change.retarget(ROW, ALLOWED, "p", "m"))))
        .as("the policy's default cap, as an ask without one would hold")
        .isEqualTo(List.of(20_580L));
  }

  @Test
  void whenAnAccountOfAHoldIsMissing_theChangeThrows() {
    Held held = Held.usual(run(1_000), user(1_000));

    assertThrows(IllegalStateException.class, () -> held.change(run(1_000)));
  }
}
