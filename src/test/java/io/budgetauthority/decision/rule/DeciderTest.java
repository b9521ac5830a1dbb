package io.budgetauthority.decision.rule;

import static io.budgetauthority.decision.PolicyBuilder.listed;
import static io.budgetauthority.decision.PolicyBuilder.rule;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

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
    assertThat(quote).isNotNull();
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

    assertThat(block.verdict().code()).isEqualTo(ProblemCode.PRICE_UNKNOWN);
    assertThat(block.verdict().remedies()).isEqualTo(List.of(Remedy.PRICE_MODEL));
    assertThat(block.verdict().detail()).isEqualTo("no price is known for " + TestAuthority.MODEL);
    assertThat(block.quote()).isNull();
    assertThat(block.verdict().constrainedBy()).isNull();
    assertThat(block.mode()).isEqualTo(Mode.HARD_GATE);
  }

  @Test
  void whenAnUnpricedModelHasAFittingAlternative_itIsARemedy() {
    Plan.Block fits =
        blocked(decide(ask(10), Policy.DEFAULT, null, candidates(listed("cheap")), run(1_000)));
    Plan.Block doesNot =
        blocked(decide(ask(10), Policy.DEFAULT, null, candidates(listed("cheap")), run(1)));

    assertThat(fits.verdict().remedies()).isEqualTo(List.of(Remedy.DOWNGRADE, Remedy.PRICE_MODEL));
    assertThat(fits.verdict().alternatives()).hasSize(1);
    assertThat(doesNot.verdict().remedies()).isEqualTo(List.of(Remedy.PRICE_MODEL));
  }

  @Test
  void whenThePolicyDoesNotAllowTheModel_theCallIsBlocked() {
    Policy narrow = new PolicyBuilder().allow("cheap").build();
    Plan.Block block = blocked(decide(ask(10), narrow, ROW, run(1_000)));

    assertThat(block.verdict().code()).isEqualTo(ProblemCode.MODEL_NOT_ALLOWED);
    assertThat(block.verdict().remedies()).as("no price would help").isEmpty();
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

    assertThat(block.verdict().code()).isEqualTo(ProblemCode.PRICE_UNKNOWN);
    assertThat(
            quote(granted(decide(ask(10).unbounded(), Policy.DEFAULT, ROW, run(1_000_000))))
                .estimate()
                .worst())
        .isEqualTo(MicroUsd.of(200_050));
  }

  @Test
  void whenTheRowIsAllZero_theCallIsBlocked() {
    Price zero = new RowBuilder(TestAuthority.MODEL).picos(0, 0).build();

    assertThat(blocked(decide(ask(10), Policy.DEFAULT, zero, run(1_000))).verdict().code())
        .isEqualTo(ProblemCode.PRICE_UNKNOWN);
  }

  @Test
  void whenARequiredOutputCapIsMissing_theAskIsRefused() {
    Plan plan =
        decide(ask(10).cap(null), new PolicyBuilder().requireCap().build(), ROW, run(1_000));

    assertThat(assertInstanceOf(Plan.Refuse.class, plan).code())
        .isEqualTo(ProblemCode.OUTPUT_CAP_REQUIRED);
  }

  @Test
  void whenSeveralChoicesAreAsked_onlyTheOutputIsMultiplied() {
    Plan.Grant grant =
        granted(decide(ask(10).input(100).choices(3), Policy.DEFAULT, ROW, run(1_000)));

    assertThat(quote(grant).estimate().worst()).isEqualTo(MicroUsd.of(250));
    assertThat(quote(grant).capTokens()).isEqualTo(10);
  }

  @Test
  void whenTheCallerNamesAProvider_itReplacesTheRows() {
    assertThat(quote(granted(decide(ask(1).provider("theirs"), Policy.DEFAULT, ROW))).provider())
        .isEqualTo("theirs");
    assertThat(quote(granted(decide(ask(1), Policy.DEFAULT, ROW))).provider()).isEqualTo("test");
  }

  @Test
  void whenASoftGateExpectsAShare_itHoldsThatShareOfTheOutput() {
    Policy half = new PolicyBuilder().softGate(MicroUsd.ZERO, 50).build();
    EnforcedAccountBuilder soft = run(1_000).mode(Mode.SOFT_GATE);

    Plan.Grant grant = granted(decide(ask(11).input(100), half, ROW, soft, user(1_000)));

    assertThat(quote(grant).estimate().worst()).isEqualTo(MicroUsd.of(155));
    assertThat(quote(grant).estimate().expected())
        .as("half of 11 is 6 tokens")
        .isEqualTo(MicroUsd.of(130));
    assertThat(grant.holds().stream().map(ConditionalHold::hold).toList())
        .isEqualTo(List.of(MicroUsd.of(130), MicroUsd.of(155)));
  }

  /// An advisory tenant is warned of every rule and held to none.
  @Test
  void whenAnAdvisoryCallHasNoPrice_itIsWarnedAndHoldsNothing() {
    Plan.Grant grant =
        granted(decide(ask(10), ADVISORY, null, run(1_000).mode(Mode.ADVISORY_ESTIMATE)));

    assertThat(grant.verdict().kind()).isEqualTo(Verdict.Kind.ADVISORY_WARN);
    assertThat(grant.verdict().code()).isEqualTo(ProblemCode.PRICE_UNKNOWN);
    assertThat(grant.quote()).isNull();
    assertThat(grant.holds().getFirst().hold()).isEqualTo(MicroUsd.ZERO);
    assertThat(grant.holds().getFirst().condition())
        .isEqualTo(new ConditionalHold.Condition.None());
    assertThat(grant.warnings()).isEqualTo(List.of("no price is known for " + TestAuthority.MODEL));
    assertThat(grant.mode()).isEqualTo(Mode.ADVISORY_ESTIMATE);
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
    assertThat(above.verdict().kind()).isEqualTo(Verdict.Kind.ADVISORY_WARN);
    assertThat(above.verdict().code()).isEqualTo(ProblemCode.OUTPUT_CAP_ABOVE_POLICY);
    assertThat(quote(above).capTokens()).as("what the client asked for").isEqualTo(10);
    assertThat(quote(granted(decide(ask(99_000), rejecting, ROW, run(1_000_000)))).capTokens())
        .as("the model puts out no more")
        .isEqualTo(64_000);
    assertThat(quote(granted(decide(ask(99_000), rejecting, endless, run(1_000_000)))).capTokens())
        .isEqualTo(99_000);
    assertThat(quote(granted(decide(ask(1).cap(null), requiring, ROW, run(1_000_000)))).capTokens())
        .as("nobody said how much: all that the model may put out")
        .isEqualTo(64_000);
    assertThat(
            quote(granted(decide(ask(1).cap(null), requiring, endless, run(1_000_000))))
                .capTokens())
        .as("nobody said, and nobody knows")
        .isEqualTo(0);
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

    assertThat(grant.verdict().kind()).isEqualTo(Verdict.Kind.ADVISORY_WARN);
    assertThat(grant.verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(assertNonNull(grant.verdict().constrainedBy()).scope()).isEqualTo(Scope.USER);
    assertThat(grant.holds().stream().map(it -> it.hold().micros()).toList())
        .isEqualTo(List.of(50L, 50L));
    Plan.Grant exact =
        granted(decide(ask(10), ADVISORY, ROW, run(50).mode(Mode.ADVISORY_ESTIMATE)));
    assertThat(exact.verdict().kind()).isEqualTo(Verdict.Kind.ALLOW);
    assertThat(exact.verdict().code()).isNull();
    assertThat(exact.verdict().constrainedBy()).isNull();
  }

  private static AccountName assertNonNull(@Nullable AccountName name) {
    assertThat(name).isNotNull();
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

    assertThat(mixed.mode()).isEqualTo(Mode.SOFT_GATE);
    assertThat(
            granted(decide(ask(1), new PolicyBuilder().mode(Mode.ACTUALS_ONLY).build(), ROW))
                .mode())
        .isEqualTo(Mode.ACTUALS_ONLY);
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

    assertThat(grant.warnings())
        .isEqualTo(
            List.of(
                "50% of the day ceiling of user ada is committed or held",
                "90% of the day ceiling of user ada is committed or held"));
  }

  @Test
  void whenShortfallsAreEqual_theFirstScopeRunAndWindowIsNamed() {
    EnforcedAccountBuilder day = user(40).over(Window.DAY, "2026-11-24", MIDNIGHT);
    EnforcedAccountBuilder month = user(40).over(Window.MONTH, "2026-11", MONTH_END);

    assertThat(
            blocking(blocked(decide(ask(10), Policy.DEFAULT, ROW, user(40), month, day))).window())
        .isEqualTo(Window.DAY);
    assertThat(
            blocking(
                    blocked(
                        decide(
                            ask(10),
                            Policy.DEFAULT,
                            ROW,
                            user(40),
                            run(40).id("own"),
                            run(40).id("parent"))))
                .id())
        .isEqualTo("own");
    assertThat(blocking(blocked(decide(ask(10), Policy.DEFAULT, ROW, run(40), user(39)))).scope())
        .as("but the one that is furthest short comes first")
        .isEqualTo(Scope.USER);
  }

  @Test
  void whenACallIsBlocked_itsCostAndWhatIsLeftAreStated() {
    assertThat(
            blocked(decide(ask(10), Policy.DEFAULT, ROW, run(900), user(100).committed(60)))
                .verdict()
                .detail())
        .isEqualTo("the call may cost 0.00005 USD; user ada has 0.00004 USD left of 0.0001");
    assertThat(
            blocked(
                    decide(
                        ask(10),
                        Policy.DEFAULT,
                        ROW,
                        user(100).committed(100).mode(Mode.ACTUALS_ONLY)))
                .verdict()
                .detail())
        .isEqualTo("user ada has 0.00 USD left of 0.0001, all of it spent");
  }

  @Test
  void whenEveryBlockingAccountResets_afterResetIsARemedy() {
    EnforcedAccountBuilder day = user(60).committed(60).over(Window.DAY, "2026-11-24", MIDNIGHT);
    EnforcedAccountBuilder month = user(60).committed(60).over(Window.MONTH, "2026-11", MONTH_END);
    EnforcedAccountBuilder tooSmall = user(40).over(Window.DAY, "2026-11-24", MIDNIGHT);

    Plan.Block both = blocked(decide(ask(10), Policy.DEFAULT, ROW, run(900), day, month));
    assertThat(both.verdict().remedies()).isEqualTo(List.of(Remedy.AFTER_RESET));
    assertThat(both.verdict().resetsAt())
        .as("when the last of them has ended")
        .isEqualTo(MONTH_END);
    Plan.Block withRun = blocked(decide(ask(10), Policy.DEFAULT, ROW, run(4), day));
    assertThat(withRun.verdict().remedies()).isEqualTo(List.of(Remedy.RAISE_LIMIT));
    assertThat(withRun.verdict().resetsAt()).isNull();
    assertThat(blocked(decide(ask(10), Policy.DEFAULT, ROW, tooSmall)).verdict().remedies())
        .as("an empty day would not do either")
        .isEqualTo(List.of(Remedy.REDUCE_OUTPUT));
  }

  @Test
  void whenOnlyCallsInFlightBlock_waitIsARemedy() {
    assertThat(
            blocked(decide(ask(1), Policy.DEFAULT, ROW, run(100).committed(95).reserved(5)))
                .verdict()
                .remedies())
        .isEqualTo(List.of(Remedy.WAIT));
    assertThat(
            blocked(decide(ask(1), Policy.DEFAULT, ROW, run(100).committed(96).reserved(4)))
                .verdict()
                .remedies())
        .isEqualTo(List.of(Remedy.RAISE_LIMIT));
  }

  @Test
  void whenASmallerCapFits_itIsNamed() {
    Plan.Block block = blocked(decide(ask(10), Policy.DEFAULT, ROW, run(49)));

    assertThat(block.verdict().fitsMaxOutputTokens()).isEqualTo(9L);
    assertThat(block.verdict().remedies()).isEqualTo(List.of(Remedy.REDUCE_OUTPUT));
    assertThat(
            blocked(decide(ask(10), Policy.DEFAULT, ROW, run(4))).verdict().fitsMaxOutputTokens())
        .isNull();
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
    assertThat(grant.verdict().kind()).isEqualTo(Verdict.Kind.DOWNGRADE);
    assertThat(quote(grant).model()).isEqualTo("cheap");
    assertThat(grant.holds().getFirst().hold()).isEqualTo(MicroUsd.of(5));
    assertThat(assertNonNull(grant.verdict().constrainedBy()).scope()).isEqualTo(Scope.RUN);
    assertThat(
            quote(
                    granted(
                        decide(
                            ask(10).requestClass("routine"), Policy.DEFAULT, ROW, listed, run(40))))
                .model())
        .isEqualTo("routine-only");
    Plan.Block never =
        blocked(decide(ask(10).neverDowngrade(), Policy.DEFAULT, ROW, listed, run(40)));
    assertThat(never.verdict().remedies())
        .isEqualTo(List.of(Remedy.DOWNGRADE, Remedy.REDUCE_OUTPUT));
    assertThat(never.verdict().alternatives().stream().map(Alternative::model).toList())
        .isEqualTo(List.of("routine-only", "cheap", "dear"));
  }

  @Test
  void whenARunReachesTheRulesShare_itsCallIsDowngraded() {
    Policy.DowngradeRule.Alternative cheap = listed("cheap");
    Policy from60 = new PolicyBuilder().downgrade(rule(TestAuthority.MODEL, 60, cheap)).build();
    List<Decider.Candidate> listed = candidates(cheap);

    Plan.Grant below =
        granted(decide(ask(1), from60, ROW, listed, run(1_000).committed(300).reserved(299)));
    assertThat(below.verdict().kind()).as("59.9 % is not yet 60").isEqualTo(Verdict.Kind.ALLOW);
    Plan.Grant at =
        granted(decide(ask(1), from60, ROW, listed, run(1_000).committed(300).reserved(300)));
    assertThat(at.verdict().kind()).isEqualTo(Verdict.Kind.DOWNGRADE);
    assertThat(quote(at).model()).isEqualTo("cheap");
    assertThat(at.verdict().code()).isNull();
    assertThat(assertNonNull(at.verdict().constrainedBy()).scope()).isEqualTo(Scope.RUN);
    assertThat(
            granted(decide(ask(1).neverDowngrade(), from60, ROW, listed, run(1_000).committed(900)))
                .verdict()
                .kind())
        .isEqualTo(Verdict.Kind.ALLOW);
    assertThat(
            granted(decide(ask(1), from60, ROW, listed, user(1_000).committed(900), run(1_000)))
                .verdict()
                .kind())
        .as("the share is of the run's limit")
        .isEqualTo(Verdict.Kind.ALLOW);
    assertThat(
            granted(decide(ask(1), from60, ROW, listed, user(1_000).committed(900)))
                .verdict()
                .kind())
        .isEqualTo(Verdict.Kind.ALLOW);
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

    assertThat(grant.verdict().kind()).isEqualTo(Verdict.Kind.ALLOW);
    assertThat(quote(grant).model()).isEqualTo(TestAuthority.MODEL);
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
    assertThat(shrunk.verdict().kind()).isEqualTo(Verdict.Kind.ALLOW);
    assertThat(quote(shrunk).capTokens()).isEqualTo(9);
    assertThat(shrunk.holds().getFirst().hold()).isEqualTo(MicroUsd.of(45));
    assertThat(quote(shrunk).clamped()).isTrue();
    assertThat(assertNonNull(shrunk.verdict().constrainedBy()).scope()).isEqualTo(Scope.RUN);
    assertThat(quote(granted(decide(ask(1).cap(null), clamping, ROW, run(49)))).clamped())
        .as("nobody's own cap was lowered")
        .isFalse();
    assertThat(quote(granted(decide(ask(10), clamping, ROW, run(25)))).capTokens()).isEqualTo(5);
    assertThat(blocked(decide(ask(10), clamping, ROW, run(24))).verdict().code())
        .as("four tokens are of no use")
        .isEqualTo(ProblemCode.RUN_CEILING_REACHED);
    blocked(decide(ask(10), clamping, ROW, run(4)));
    blocked(decide(ask(10), Policy.DEFAULT, ROW, run(49)));
  }

  @Test
  void whenAClampedCallFitsLater_waitIsARemedy() {
    Policy clamping = new PolicyBuilder().budgetClamping(5).build();

    assertThat(blocked(decide(ask(10), clamping, ROW, run(49).reserved(40))).verdict().remedies())
        .isEqualTo(List.of(Remedy.WAIT, Remedy.REDUCE_OUTPUT));
    assertThat(blocked(decide(ask(10), clamping, ROW, run(49).committed(40))).verdict().remedies())
        .isEqualTo(List.of(Remedy.REDUCE_OUTPUT));
  }

  @Test
  void whenAnAdvisoryCallIsClamped_itKeepsItsWarning() {
    Policy warnedAndClamping =
        new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).budgetClamping(1).build();
    Price window = new RowBuilder(TestAuthority.MODEL).window(100L).build();

    Plan.Grant grant = granted(decide(ask(10).input(101), warnedAndClamping, window, run(111)));

    assertThat(grant.verdict().kind()).isEqualTo(Verdict.Kind.ADVISORY_WARN);
    assertThat(grant.verdict().code()).isEqualTo(ProblemCode.CONTEXT_WINDOW_EXCEEDED);
    assertThat(quote(grant).capTokens()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Scope.class)
  void whenAScopeIsShort_theBlockIsNamedAfterIt(Scope scope) {
    Plan.Block block =
        blocked(decide(ask(10), Policy.DEFAULT, ROW, new EnforcedAccountBuilder(scope, 1)));

    assertThat(block.verdict().code().wireName()).isEqualTo(scope.wireName() + "_ceiling_reached");
  }
}
