package io.budgetauthority.decision.rule;

import static io.budgetauthority.decision.PolicyBuilder.listed;
import static io.budgetauthority.decision.PolicyBuilder.rule;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.EnforcedAccountBuilder;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.Questions;
import io.budgetauthority.decision.RowBuilder;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.Alternative;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The rules of protocol.md#ask by example. The local build's model costs 1 micro-USD a token of
/// input and 5 a token of output; `cheap` a tenth of that.
class DeciderTest {

  private static final Price ROW = new RowBuilder(TestAuthority.MODEL).build();
  private static final RowBuilder CHEAP = new RowBuilder("cheap").picos(100_000, 500_000);
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");
  private static final Instant MONTH_END = Instant.parse("2026-12-01T00:00:00Z");
  private static final Policy ADVISORY = new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).build();

  private static AskBuilder ask(long outputTokens) {
    return new AskBuilder().cap(outputTokens);
  }

  private static EnforcedAccountBuilder run(long limit) {
    return new EnforcedAccountBuilder(Scope.RUN, limit).id("r");
  }

  private static EnforcedAccountBuilder user(long limit) {
    return new EnforcedAccountBuilder(Scope.USER, limit).id("ada");
  }

  private static Plan decide(
      AskBuilder ask,
      Policy policy,
      @Nullable Price row,
      EnforcedAccountBuilder... enforcedAccounts) {
    return decide(ask, policy, row, List.of(), enforcedAccounts);
  }

  private static Plan decide(
      AskBuilder ask,
      Policy policy,
      @Nullable Price row,
      List<Decider.Candidate> candidates,
      EnforcedAccountBuilder... enforcedAccounts) {
    return Decider.decide(
        Questions.of(
            ask.build(),
            policy,
            row,
            candidates,
            Stream.of(enforcedAccounts).map(EnforcedAccountBuilder::build).toList()));
  }

  private static Plan.Grant granted(Plan plan) {
    return assertInstanceOf(Plan.Grant.class, plan);
  }

  private static Plan.Block blocked(Plan plan) {
    return assertInstanceOf(Plan.Block.class, plan);
  }

  private static Quote quote(Plan.Grant grant) {
    Quote quote = grant.quote();
    assertNotNull(quote);
    return quote;
  }

  private static AccountName blocking(Plan.Block block) {
    return assertNonNull(block.verdict().constrainedBy());
  }

  private static List<Decider.Candidate> candidates(Policy.DowngradeRule.Alternative... listed) {
    return Stream.of(listed).map(one -> Questions.candidate(one, CHEAP.build())).toList();
  }

  @Test
  void whenTheModelIsUnknown_theBlocksRemedyIsAPrice() {
    Plan.Block block = blocked(decide(ask(10), Policy.DEFAULT, null, run(1_000)));

    assertEquals(ProblemCode.PRICE_UNKNOWN, block.verdict().code());
    assertEquals(List.of(Remedy.PRICE_MODEL), block.verdict().remedies());
    assertEquals("no price is known for " + TestAuthority.MODEL, block.verdict().detail());
    assertNull(block.quote());
    assertNull(block.verdict().constrainedBy());
    assertEquals(Mode.HARD_GATE, block.mode());
  }

  @Test
  void whenAnUnpricedModelHasAFittingAlternative_itIsARemedy() {
    Plan.Block fits =
        blocked(decide(ask(10), Policy.DEFAULT, null, candidates(listed("cheap")), run(1_000)));
    Plan.Block doesNot =
        blocked(decide(ask(10), Policy.DEFAULT, null, candidates(listed("cheap")), run(1)));

    assertEquals(List.of(Remedy.DOWNGRADE, Remedy.PRICE_MODEL), fits.verdict().remedies());
    assertEquals(1, fits.verdict().alternatives().size());
    assertEquals(List.of(Remedy.PRICE_MODEL), doesNot.verdict().remedies());
  }

  @Test
  void whenThePolicyDoesNotAllowTheModel_theCallIsBlocked() {
    Policy narrow = new PolicyBuilder().allow("cheap").build();
    Plan.Block block = blocked(decide(ask(10), narrow, ROW, run(1_000)));

    assertEquals(ProblemCode.MODEL_NOT_ALLOWED, block.verdict().code());
    assertEquals(List.of(), block.verdict().remedies(), "no price would help");
    granted(
        decide(ask(10), new PolicyBuilder().allow(TestAuthority.MODEL).build(), ROW, run(1_000)));
    Policy byRow = new PolicyBuilder().allow(TestAuthority.MODEL).build();
    granted(decide(ask(10).model("alias"), byRow, ROW, run(1_000)));
  }

  @Test
  void whenTheInputIsUnbounded_theRowMustHaveAWindow() {
    Price without = new RowBuilder(TestAuthority.MODEL).window(null).build();
    Plan.Block block =
        blocked(decide(ask(10).unbounded(), Policy.DEFAULT, without, run(1_000_000)));

    assertEquals(ProblemCode.PRICE_UNKNOWN, block.verdict().code());
    assertEquals(
        MicroUsd.of(200_050),
        quote(granted(decide(ask(10).unbounded(), Policy.DEFAULT, ROW, run(1_000_000))))
            .estimate()
            .worst());
  }

  @Test
  void whenTheRowIsAllZero_theCallIsBlocked() {
    Price zero = new RowBuilder(TestAuthority.MODEL).picos(0, 0).build();

    assertEquals(
        ProblemCode.PRICE_UNKNOWN,
        blocked(decide(ask(10), Policy.DEFAULT, zero, run(1_000))).verdict().code());
  }

  @Test
  void whenARequiredOutputCapIsMissing_theAskIsRefused() {
    Plan plan =
        decide(ask(10).cap(null), new PolicyBuilder().requireCap().build(), ROW, run(1_000));

    assertEquals(ProblemCode.OUTPUT_CAP_REQUIRED, assertInstanceOf(Plan.Refuse.class, plan).code());
  }

  @Test
  void whenSeveralChoicesAreAsked_onlyTheOutputIsMultiplied() {
    Plan.Grant grant =
        granted(decide(ask(10).input(100).choices(3), Policy.DEFAULT, ROW, run(1_000)));

    assertEquals(MicroUsd.of(250), quote(grant).estimate().worst());
    assertEquals(10, quote(grant).capTokens());
  }

  @Test
  void whenTheCallerNamesAProvider_itReplacesTheRows() {
    assertEquals(
        "theirs",
        quote(granted(decide(ask(1).provider("theirs"), Policy.DEFAULT, ROW))).provider());
    assertEquals("test", quote(granted(decide(ask(1), Policy.DEFAULT, ROW))).provider());
  }

  @Test
  void whenASoftGateExpectsAShare_itHoldsThatShareOfTheOutput() {
    Policy half = new PolicyBuilder().softGate(MicroUsd.ZERO, 50).build();
    EnforcedAccountBuilder soft = run(1_000).mode(Mode.SOFT_GATE);

    Plan.Grant grant = granted(decide(ask(11).input(100), half, ROW, soft, user(1_000)));

    assertEquals(MicroUsd.of(155), quote(grant).estimate().worst());
    assertEquals(MicroUsd.of(130), quote(grant).estimate().expected(), "half of 11 is 6 tokens");
    assertEquals(
        List.of(MicroUsd.of(130), MicroUsd.of(155)),
        grant.holds().stream().map(ConditionalHold::hold).toList());
  }

  /// An advisory tenant is warned of every rule and held to none.
  @Test
  void whenAnAdvisoryCallHasNoPrice_itIsWarnedAndHoldsNothing() {
    Plan.Grant grant =
        granted(decide(ask(10), ADVISORY, null, run(1_000).mode(Mode.ADVISORY_ESTIMATE)));

    assertEquals(Verdict.Kind.ADVISORY_WARN, grant.verdict().kind());
    assertEquals(ProblemCode.PRICE_UNKNOWN, grant.verdict().code());
    assertNull(grant.quote());
    assertEquals(MicroUsd.ZERO, grant.holds().getFirst().hold());
    assertEquals(new ConditionalHold.Condition.None(), grant.holds().getFirst().condition());
    assertEquals(List.of("no price is known for " + TestAuthority.MODEL), grant.warnings());
    assertEquals(Mode.ADVISORY_ESTIMATE, grant.mode());
  }

  @Test
  void whenAnAdvisoryCallBreaksACapRule_itIsOnlyWarned() {
    Policy rejecting =
        new PolicyBuilder()
            .mode(Mode.ADVISORY_ESTIMATE)
            .caps(5L, Map.of(), Policy.AboveMax.REJECT)
            .build();
    Policy requiring = new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).requireCap().build();
    Price endless = new RowBuilder(TestAuthority.MODEL).outputLimit(null).build();

    Plan.Grant above = granted(decide(ask(10), rejecting, ROW, run(1_000)));
    assertEquals(Verdict.Kind.ADVISORY_WARN, above.verdict().kind());
    assertEquals(ProblemCode.OUTPUT_CAP_ABOVE_POLICY, above.verdict().code());
    assertEquals(10, quote(above).capTokens(), "what the client asked for");
    assertEquals(
        64_000,
        quote(granted(decide(ask(99_000), rejecting, ROW, run(1_000_000)))).capTokens(),
        "the model puts out no more");
    assertEquals(
        99_000,
        quote(granted(decide(ask(99_000), rejecting, endless, run(1_000_000)))).capTokens());
    assertEquals(
        64_000,
        quote(granted(decide(ask(1).cap(null), requiring, ROW, run(1_000_000)))).capTokens(),
        "nobody said how much: all that the model may put out");
    assertEquals(
        0,
        quote(granted(decide(ask(1).cap(null), requiring, endless, run(1_000_000)))).capTokens(),
        "nobody said, and nobody knows");
  }

  @Test
  void whenAnAdvisoryAccountIsOver_itWarnsAndStillHolds() {
    Plan.Grant grant =
        granted(
            decide(
                ask(10),
                ADVISORY,
                ROW,
                run(1_000).mode(Mode.ADVISORY_ESTIMATE),
                user(49).mode(Mode.ADVISORY_ESTIMATE)));

    assertEquals(Verdict.Kind.ADVISORY_WARN, grant.verdict().kind());
    assertEquals(ProblemCode.USER_CEILING_REACHED, grant.verdict().code());
    assertEquals(Scope.USER, assertNonNull(grant.verdict().constrainedBy()).scope());
    assertEquals(List.of(50L, 50L), grant.holds().stream().map(it -> it.hold().micros()).toList());
    Plan.Grant exact =
        granted(decide(ask(10), ADVISORY, ROW, run(50).mode(Mode.ADVISORY_ESTIMATE)));
    assertEquals(Verdict.Kind.ALLOW, exact.verdict().kind());
    assertNull(exact.verdict().code());
    assertNull(exact.verdict().constrainedBy());
  }

  private static AccountName assertNonNull(@Nullable AccountName name) {
    assertNotNull(name);
    return name;
  }

  @Test
  void whenAccountsDifferInMode_theGrantHasTheStrictest() {
    Plan.Grant mixed =
        granted(
            decide(
                ask(1),
                ADVISORY,
                ROW,
                run(1_000).mode(Mode.ADVISORY_ESTIMATE),
                user(1_000).mode(Mode.SOFT_GATE),
                new EnforcedAccountBuilder(Scope.KEY, 1_000).mode(Mode.ACTUALS_ONLY)));

    assertEquals(Mode.SOFT_GATE, mixed.mode());
    assertEquals(
        Mode.ACTUALS_ONLY,
        granted(decide(ask(1), new PolicyBuilder().mode(Mode.ACTUALS_ONLY).build(), ROW)).mode());
  }

  @Test
  void whenAHoldCrossesAThreshold_itIsAWarning() {
    // 40 of 100 are spoken for, and 10 output tokens hold 50 more.
    Plan.Grant grant =
        granted(
            decide(
                ask(10),
                Policy.DEFAULT,
                ROW,
                run(1_000).warnAt(50),
                user(100)
                    .committed(30)
                    .reserved(10)
                    .warnAt(40, 50, 90, 95)
                    .over(Window.DAY, "2026-11-24", MIDNIGHT)));

    assertEquals(
        List.of(
            "50% of the day ceiling of user ada is committed or held",
            "90% of the day ceiling of user ada is committed or held"),
        grant.warnings());
  }

  @Test
  void whenShortfallsAreEqual_theFirstScopeRunAndWindowIsNamed() {
    EnforcedAccountBuilder day = user(40).over(Window.DAY, "2026-11-24", MIDNIGHT);
    EnforcedAccountBuilder month = user(40).over(Window.MONTH, "2026-11", MONTH_END);

    assertEquals(
        Window.DAY,
        blocking(blocked(decide(ask(10), Policy.DEFAULT, ROW, user(40), month, day))).window());
    assertEquals(
        "own",
        blocking(
                blocked(
                    decide(
                        ask(10),
                        Policy.DEFAULT,
                        ROW,
                        user(40),
                        run(40).id("own"),
                        run(40).id("parent"))))
            .id());
    assertEquals(
        Scope.USER,
        blocking(blocked(decide(ask(10), Policy.DEFAULT, ROW, run(40), user(39)))).scope(),
        "but the one that is furthest short comes first");
  }

  @Test
  void whenACallIsBlocked_itsCostAndWhatIsLeftAreStated() {
    assertEquals(
        "the call may cost 0.00005 USD; user ada has 0.00004 USD left of 0.0001",
        blocked(decide(ask(10), Policy.DEFAULT, ROW, run(900), user(100).committed(60)))
            .verdict()
            .detail());
    assertEquals(
        "user ada has 0.00 USD left of 0.0001, all of it spent",
        blocked(
                decide(
                    ask(10), Policy.DEFAULT, ROW, user(100).committed(100).mode(Mode.ACTUALS_ONLY)))
            .verdict()
            .detail());
  }

  @Test
  void whenEveryBlockingAccountResets_afterResetIsARemedy() {
    EnforcedAccountBuilder day = user(60).committed(60).over(Window.DAY, "2026-11-24", MIDNIGHT);
    EnforcedAccountBuilder month = user(60).committed(60).over(Window.MONTH, "2026-11", MONTH_END);
    EnforcedAccountBuilder tooSmall = user(40).over(Window.DAY, "2026-11-24", MIDNIGHT);

    Plan.Block both = blocked(decide(ask(10), Policy.DEFAULT, ROW, run(900), day, month));
    assertEquals(List.of(Remedy.AFTER_RESET), both.verdict().remedies());
    assertEquals(MONTH_END, both.verdict().resetsAt(), "when the last of them has ended");
    Plan.Block withRun = blocked(decide(ask(10), Policy.DEFAULT, ROW, run(4), day));
    assertEquals(List.of(Remedy.RAISE_LIMIT), withRun.verdict().remedies());
    assertNull(withRun.verdict().resetsAt());
    assertEquals(
        List.of(Remedy.REDUCE_OUTPUT),
        blocked(decide(ask(10), Policy.DEFAULT, ROW, tooSmall)).verdict().remedies(),
        "an empty day would not do either");
  }

  @Test
  void whenOnlyCallsInFlightBlock_waitIsARemedy() {
    assertEquals(
        List.of(Remedy.WAIT),
        blocked(decide(ask(1), Policy.DEFAULT, ROW, run(100).committed(95).reserved(5)))
            .verdict()
            .remedies());
    assertEquals(
        List.of(Remedy.RAISE_LIMIT),
        blocked(decide(ask(1), Policy.DEFAULT, ROW, run(100).committed(96).reserved(4)))
            .verdict()
            .remedies());
  }

  @Test
  void whenASmallerCapFits_itIsNamed() {
    Plan.Block block = blocked(decide(ask(10), Policy.DEFAULT, ROW, run(49)));

    assertEquals(9L, block.verdict().fitsMaxOutputTokens());
    assertEquals(List.of(Remedy.REDUCE_OUTPUT), block.verdict().remedies());
    assertNull(
        blocked(decide(ask(10), Policy.DEFAULT, ROW, run(4))).verdict().fitsMaxOutputTokens());
  }

  @Test
  void whenTheBudgetIsTooSmall_theFirstFittingAlternativeIsUsed() {
    Policy.DowngradeRule.Alternative routine = listed("routine-only", "routine");
    Policy.DowngradeRule.Alternative dear = listed("dear");
    Policy.DowngradeRule.Alternative cheap = listed("cheap");
    List<Decider.Candidate> listed =
        List.of(
            Questions.candidate(routine, CHEAP.build()),
            Questions.candidate(dear, new RowBuilder("dear").picos(1, 9_000_000).build()),
            Questions.candidate(cheap, CHEAP.build()));

    Plan.Grant grant = granted(decide(ask(10), Policy.DEFAULT, ROW, listed, run(40)));
    assertEquals(Verdict.Kind.DOWNGRADE, grant.verdict().kind());
    assertEquals("cheap", quote(grant).model());
    assertEquals(MicroUsd.of(5), grant.holds().getFirst().hold());
    assertEquals(Scope.RUN, assertNonNull(grant.verdict().constrainedBy()).scope());
    assertEquals(
        "routine-only",
        quote(
                granted(
                    decide(ask(10).requestClass("routine"), Policy.DEFAULT, ROW, listed, run(40))))
            .model());
    Plan.Block never =
        blocked(decide(ask(10).neverDowngrade(), Policy.DEFAULT, ROW, listed, run(40)));
    assertEquals(List.of(Remedy.DOWNGRADE, Remedy.REDUCE_OUTPUT), never.verdict().remedies());
    assertEquals(
        List.of("routine-only", "cheap", "dear"),
        never.verdict().alternatives().stream().map(Alternative::model).toList());
  }

  @Test
  void whenARunReachesTheRulesShare_itsCallIsDowngraded() {
    Policy.DowngradeRule.Alternative cheap = listed("cheap");
    Policy from60 = new PolicyBuilder().downgrade(rule(TestAuthority.MODEL, 60, cheap)).build();
    List<Decider.Candidate> listed = candidates(cheap);

    Plan.Grant below =
        granted(decide(ask(1), from60, ROW, listed, run(1_000).committed(300).reserved(299)));
    assertEquals(Verdict.Kind.ALLOW, below.verdict().kind(), "59.9 % is not yet 60");
    Plan.Grant at =
        granted(decide(ask(1), from60, ROW, listed, run(1_000).committed(300).reserved(300)));
    assertEquals(Verdict.Kind.DOWNGRADE, at.verdict().kind());
    assertEquals("cheap", quote(at).model());
    assertNull(at.verdict().code());
    assertEquals(Scope.RUN, assertNonNull(at.verdict().constrainedBy()).scope());
    assertEquals(
        Verdict.Kind.ALLOW,
        granted(decide(ask(1).neverDowngrade(), from60, ROW, listed, run(1_000).committed(900)))
            .verdict()
            .kind());
    assertEquals(
        Verdict.Kind.ALLOW,
        granted(decide(ask(1), from60, ROW, listed, user(1_000).committed(900), run(1_000)))
            .verdict()
            .kind(),
        "the share is of the run's limit");
    assertEquals(
        Verdict.Kind.ALLOW,
        granted(decide(ask(1), from60, ROW, listed, user(1_000).committed(900))).verdict().kind());
  }

  @ParameterizedTest
  @EnumSource
  void whenTheRuleAllowsNoAlternative_theCallIsNotDowngraded(NoStep why) {
    Policy.DowngradeRule.Alternative cheap = listed("cheap");
    Policy.DowngradeRule.Alternative forRoutine = listed("cheap", "routine");
    Policy.DowngradeRule.Alternative dear = listed("dear");
    Policy policy =
        new PolicyBuilder()
            .downgrade(
                switch (why) {
                  case RULE_ONLY_FOR_BLOCKS -> rule(TestAuthority.MODEL, null, cheap);
                  case ANOTHER_REQUEST_CLASS -> rule(TestAuthority.MODEL, 60, forRoutine);
                  case DOES_NOT_FIT -> rule(TestAuthority.MODEL, 60, dear);
                })
            .build();
    List<Decider.Candidate> listed =
        switch (why) {
          case ANOTHER_REQUEST_CLASS -> candidates(forRoutine);
          case DOES_NOT_FIT ->
              List.of(
                  Questions.candidate(dear, new RowBuilder("dear").picos(1, 900_000_000).build()));
          default -> candidates(cheap);
        };

    Plan.Grant grant = granted(decide(ask(1), policy, ROW, listed, run(1_000).committed(900)));

    assertEquals(Verdict.Kind.ALLOW, grant.verdict().kind());
    assertEquals(TestAuthority.MODEL, quote(grant).model());
  }

  private enum NoStep {
    RULE_ONLY_FOR_BLOCKS,
    ANOTHER_REQUEST_CLASS,
    DOES_NOT_FIT
  }

  @Test
  void whenThePolicyAllowsIt_theCapShrinksToFitTheBudget() {
    Policy clamping = new PolicyBuilder().budgetClamping(5).build();

    Plan.Grant shrunk = granted(decide(ask(10), clamping, ROW, run(49)));
    assertEquals(Verdict.Kind.ALLOW, shrunk.verdict().kind());
    assertEquals(9, quote(shrunk).capTokens());
    assertEquals(MicroUsd.of(45), shrunk.holds().getFirst().hold());
    assertEquals(true, quote(shrunk).clamped());
    assertEquals(Scope.RUN, assertNonNull(shrunk.verdict().constrainedBy()).scope());
    assertEquals(
        false,
        quote(granted(decide(ask(1).cap(null), clamping, ROW, run(49)))).clamped(),
        "nobody's own cap was lowered");
    assertEquals(5, quote(granted(decide(ask(10), clamping, ROW, run(25)))).capTokens());
    assertEquals(
        ProblemCode.RUN_CEILING_REACHED,
        blocked(decide(ask(10), clamping, ROW, run(24))).verdict().code(),
        "four tokens are of no use");
    blocked(decide(ask(10), clamping, ROW, run(4)));
    blocked(decide(ask(10), Policy.DEFAULT, ROW, run(49)));
  }

  @Test
  void whenAClampedCallFitsLater_waitIsARemedy() {
    Policy clamping = new PolicyBuilder().budgetClamping(5).build();

    assertEquals(
        List.of(Remedy.WAIT, Remedy.REDUCE_OUTPUT),
        blocked(decide(ask(10), clamping, ROW, run(49).reserved(40))).verdict().remedies());
    assertEquals(
        List.of(Remedy.REDUCE_OUTPUT),
        blocked(decide(ask(10), clamping, ROW, run(49).committed(40))).verdict().remedies());
  }

  @Test
  void whenAnAdvisoryCallIsClamped_itKeepsItsWarning() {
    Policy warnedAndClamping =
        new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).budgetClamping(1).build();
    Price window = new RowBuilder(TestAuthority.MODEL).window(100L).build();

    Plan.Grant grant = granted(decide(ask(10).input(101), warnedAndClamping, window, run(111)));

    assertEquals(Verdict.Kind.ADVISORY_WARN, grant.verdict().kind());
    assertEquals(ProblemCode.CONTEXT_WINDOW_EXCEEDED, grant.verdict().code());
    assertEquals(2, quote(grant).capTokens());
  }

  @ParameterizedTest
  @EnumSource(Scope.class)
  void whenAScopeIsShort_theBlockIsNamedAfterIt(Scope scope) {
    Plan.Block block =
        blocked(decide(ask(10), Policy.DEFAULT, ROW, new EnforcedAccountBuilder(scope, 1)));

    assertEquals(scope.wireName() + "_ceiling_reached", block.verdict().code().wireName());
  }
}
