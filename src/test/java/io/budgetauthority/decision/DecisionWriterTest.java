package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.DecisionWrite;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunChange;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.InputBasis;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What is stored and shown of a plan (protocol.md#record).
class DecisionWriterTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");
  private static final Price ROW = new RowBuilder(TestAuthority.MODEL).build();
  private static final Ask.Identity IDENTITY =
      new Ask.Identity(new ReservationId("0".repeat(32)), "t", "p", "key", "hash");
  private static final Tuple ADA = new Tuple("ada", "ci", null, null);

  private static EnforcedAccountBuilder own(long limit) {
    return new EnforcedAccountBuilder(Scope.RUN, limit).id("r");
  }

  private static EnforcedAccountBuilder user(long limit) {
    return new EnforcedAccountBuilder(Scope.USER, limit).id("ada");
  }

  private static Run run(String id, @Nullable String parent, Tuple tuple) {
    return new Run(
        "t",
        id,
        parent == null ? List.of() : List.of(parent),
        tuple,
        null,
        NOW,
        NOW.plusSeconds(60),
        MicroUsd.of(1_000),
        Run.Rules.USUAL,
        true,
        Run.CountedOn.HEADS,
        new EnforcedAccountBuilder(Scope.RUN, 1_000).id(id).build().account());
  }

  /// The runs of a call as they are stored.
  ///
  /// @param own null where the call starts its run
  private record Stored(@Nullable Run own, List<Run> ancestors) {}

  private record Written(DecisionWriter writer, Plan plan) {

    static Written of(
        AskBuilder ask,
        Policy policy,
        @Nullable Price row,
        Stored stored,
        EnforcedAccountBuilder... of) {
      List<EnforcedAccount> accounts = Stream.of(of).map(EnforcedAccountBuilder::build).toList();
      DecisionRequest request = ask.build();
      Plan plan = Decider.decide(Questions.of(request, policy, row, List.of(), accounts));
      BudgetView view =
          Views.of(policy, request.tuple(), NOW, stored.own(), stored.ancestors(), accounts);
      return new Written(
          new DecisionWriter(request, view, "table-1", List.of("a notice"), null), plan);
    }

    static Written usual(Stored stored, EnforcedAccountBuilder... of) {
      return of(new AskBuilder().input(100).cap(10L), Policy.DEFAULT, ROW, stored, of);
    }

    DecisionWrite write() {
      return Bookkeeping.write(
          reservation(), writer.view(), grant().holds(), List.of(), Bookkeeping.Use.DECISION);
    }

    Plan.Grant grant() {
      return (Plan.Grant) plan;
    }

    Plan.Block block() {
      return (Plan.Block) plan;
    }

    Decision decision() {
      return plan instanceof Plan.Grant grant ? writer.decision(grant) : writer.decision(block());
    }

    Reservation reservation() {
      return plan instanceof Plan.Grant grant
          ? writer.granted(decision(), IDENTITY, grant)
          : writer.blocked(decision(), IDENTITY, block());
    }
  }

  private static Stored first() {
    return new Stored(null, List.of());
  }

  @Test
  void whenACallIsAllowed_itsHoldsAndWhatIsLeftAreRecorded() {
    Written written =
        Written.usual(
            first(), own(1_000).warnAt(10), user(400).over(Window.DAY, "2026-11-24", MIDNIGHT));

    Decision decision = written.decision();

    assertThat(decision.verdict().wireName()).isEqualTo("allow");
    assertThat(decision.isBlocked()).isFalse();
    assertThat(decision.verdict().code()).isNull();
    assertThat(decision.verdict().constrainedBy()).isNull();
    assertThat(decision.subject().runId()).isEqualTo("r");
    assertThat(decision.subject().parentRunId()).isNull();
    assertThat(decision.model().provider()).isEqualTo("test");
    assertThat(decision.model().requested()).isEqualTo(TestAuthority.MODEL);
    assertThat(decision.model().selected()).isEqualTo(TestAuthority.MODEL);
    assertThat(decision.tokens().input()).isEqualTo(100L);
    assertThat(decision.tokens().basis()).isEqualTo(InputBasis.EXACT);
    assertThat(decision.tokens().requestedOutput()).isEqualTo(10L);
    assertThat(decision.tokens().effectiveOutput()).isEqualTo(10L);
    assertThat(decision.tokens().clamped()).isFalse();
    assertThat(decision.estimate()).isEqualTo(MicroUsd.of(150));
    assertThat(decision.remaining()).as("of the tightest account").isEqualTo(MicroUsd.of(250));
    assertThat(decision.priceTableVersion()).isEqualTo("table-1");
    assertThat(decision.warnings())
        .isEqualTo(List.of("10% of the total ceiling of run r is committed or held", "a notice"));
    AccountShare ofUser = decision.accounts().get(1);
    assertThat(ofUser.hold()).isEqualTo(MicroUsd.of(150));
    assertThat(ofUser.reserved()).isEqualTo(MicroUsd.of(150));
    assertThat(ofUser.remaining()).isEqualTo(MicroUsd.of(250));
    assertThat(ofUser.period()).isEqualTo("2026-11-24");
    assertThat(ofUser.resetsAt()).isEqualTo(MIDNIGHT);
    assertThat(decision.accounts().getFirst().period()).isNull();
  }

  @Test
  void whenACapIsLowered_itIsRecordedAsClamped() {
    Decision decision =
        Written.of(new AskBuilder().cap(70_000L), Policy.DEFAULT, ROW, first(), own(1_000_000))
            .decision();

    assertThat(decision.tokens().clamped()).isTrue();
    assertThat(decision.tokens().requestedOutput()).isEqualTo(70_000L);
    assertThat(decision.tokens().effectiveOutput()).isEqualTo(64_000L);
  }

  @Test
  void whenACallIsBlocked_theBalancesAndTheReasonAreRecorded() {
    Written written = Written.usual(first(), own(1_000), user(149));

    Decision decision = written.decision();

    assertThat(decision.isBlocked()).isTrue();
    assertThat(decision.verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(Objects.requireNonNull(decision.constrainedBy()).scope()).isEqualTo(Scope.USER);
    assertThat(decision.model().selected()).isNull();
    assertThat(decision.remaining()).isEqualTo(MicroUsd.of(149));
    assertThat(decision.accounts().get(1).hold()).isEqualTo(MicroUsd.ZERO);
    Verdict.Block block = assertInstanceOf(Verdict.Block.class, decision.verdict());
    assertThat(block).isNotNull();
    assertThat(block.remedies()).isEqualTo(List.of(Remedy.REDUCE_OUTPUT));
    assertThat(block.fitsMaxOutputTokens()).isEqualTo(9L);
    assertThat(decision.warnings()).isEmpty();
  }

  @Test
  void whenThereIsNoPrice_theCallersNamesAreRecorded() {
    Policy advisory = new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).build();
    AskBuilder ask = new AskBuilder().provider("theirs").model("nobody").input(7).cap(5L);
    Written written =
        Written.of(ask, advisory, null, first(), own(1_000).mode(Mode.ADVISORY_ESTIMATE));

    Decision decision = written.decision();

    assertThat(decision.verdict().wireName()).isEqualTo("advisory_warn");
    assertThat(decision.verdict().code()).isEqualTo(ProblemCode.PRICE_UNKNOWN);
    assertThat(decision.model().provider()).isEqualTo("theirs");
    assertThat(decision.model().selected()).isNull();
    assertThat(decision.tokens().input()).isEqualTo(7L);
    assertThat(decision.tokens().basis()).isNull();
    assertThat(decision.tokens().effectiveOutput()).isNull();
    assertThat(decision.tokens().clamped()).isFalse();
    assertThat(decision.estimate()).isNull();
    assertThat(written.reservation().estimate()).isEqualTo(MicroUsd.ZERO);
    assertThat(written.reservation().priceRow()).isNull();
    Decision blocked = Written.of(ask, Policy.DEFAULT, null, first(), own(1_000)).decision();
    assertThat(blocked.verdict()).isInstanceOf(Verdict.Block.class);
    assertThat(blocked.verdict().constrainedBy()).isNull();
  }

  @Test
  void whenADecisionIsWritten_itIsReadBackUnchanged() {
    for (Written written :
        List.of(
            Written.usual(first(), own(1_000), user(400).over(Window.DAY, "2026-11-24", MIDNIGHT)),
            Written.usual(first(), own(149)))) {
      assertThat(RecordJson.readDecision(RecordJson.write(written.decision())))
          .isEqualTo(written.decision());
    }
    Decision cancelled = Decision.cancelled(Mode.SOFT_GATE, "table-1", NOW);
    assertThat(RecordJson.readDecision(RecordJson.write(cancelled))).isEqualTo(cancelled);
    assertThat(cancelled.isCancelled()).isTrue();
    assertThat(cancelled.isBlocked()).isTrue();
    assertThat(Written.usual(first(), own(149)).decision().isCancelled()).isFalse();
  }

  @Test
  void whenAReservationIsMade_itHoldsThePlanForTheAskedTime() {
    Reservation reservation = Written.usual(first(), own(1_000), user(400)).reservation();

    assertThat(reservation.state()).isEqualTo(ReservationState.RESERVED);
    assertThat(reservation.decision().accounts().stream().map(it -> it.hold().micros()).toList())
        .isEqualTo(List.of(150L, 150L));
    assertThat(reservation.estimate()).isEqualTo(MicroUsd.of(150));
    assertThat(reservation.expiresAt()).as("the policy's").isEqualTo(NOW.plusSeconds(600));
    assertThat(reservation.endedAt()).isNull();
    assertThat(reservation.retention()).isEqualTo(Duration.ofDays(30));
    assertThat(reservation.priceRow()).isEqualTo(ROW);
    assertThat(Written.usual(first(), own(1_000), user(400)).reservation().nonce())
        .as("a writer knows its own item")
        .isNotEqualTo(reservation.nonce());
    assertThat(
            Written.of(new AskBuilder().cap(10L).ttl(7), Policy.DEFAULT, ROW, first(), own(1_000))
                .reservation()
                .expiresAt())
        .isEqualTo(NOW.plusSeconds(7));
  }

  @Test
  void whenACallIsBlocked_nothingIsHeldAndItHasEnded() {
    Reservation block = Written.usual(first(), own(149)).reservation();

    assertThat(block.state()).isEqualTo(ReservationState.NONE);
    assertThat(block.estimate()).isEqualTo(MicroUsd.ZERO);
    assertThat(block.endedAt()).isEqualTo(NOW);
  }

  @Test
  void whenARunsFirstDecisionIsMade_itMakesTheRunWithItsHold() {
    Run parent = run("parent", null, ADA);
    Written written =
        Written.usual(
            new Stored(null, List.of(parent)),
            own(1_000),
            new EnforcedAccountBuilder(Scope.RUN, 2_000).id("parent"),
            user(400));

    List<RunChange> changes = written.write().runs();

    assertThat(changes).hasSize(2);
    Run made = ((RunChange.Start) changes.getFirst()).run();
    assertThat(made.runId()).isEqualTo("r");
    assertThat(made.ancestors()).isEqualTo(List.of("parent"));
    assertThat(made.tuple()).isEqualTo(ADA);
    assertThat(made.account().reserved()).isEqualTo(MicroUsd.of(150));
    assertThat(made.account().available()).isEqualTo(MicroUsd.of(850));
    assertThat(made.madeLimit()).isEqualTo(MicroUsd.of(1_000));
    assertThat(made.expiresAt()).isEqualTo(NOW.plusSeconds(86_400));
    assertThat(changes.get(1))
        .as("a child's decision renews its ancestors")
        .isEqualTo(new RunChange.Renew(parent, ADA, NOW, NOW.plusSeconds(86_400), false));
    assertThat(
            written.write().holds().stream()
                .map(hold -> hold.enforced().account().key().id())
                .toList())
        .as("its own hold is in the item already")
        .isEqualTo(List.of("parent", "ada"));
    assertThat(written.decision().subject().parentRunId()).isEqualTo("parent");
  }

  @Test
  void whenALaterDecisionIsMade_itRenewsAndCompletesTheRun() {
    Run seen = run("r", null, new Tuple("ada", null, null, null));
    Written written = Written.usual(new Stored(seen, List.of()), own(1_000), user(400));

    List<ConditionalHold> holds = written.write().holds();

    assertThat(holds).isEqualTo(written.grant().holds());
    assertThat(written.write().runs())
        .isEqualTo(List.of(new RunChange.Renew(seen, ADA, NOW, NOW.plusSeconds(86_400), true)));
    assertThat(written.write().counters())
        .as("of the user it has its place")
        .isEqualTo(List.of(new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 1_000)));
  }

  @Test
  void whenARunIsNew_itCountsForItsKeyUserAndDay() {
    Written written = Written.usual(first(), own(1_000));

    assertThat(written.write().counters())
        .isEqualTo(
            List.of(
                new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 1_000),
                new RunCounter(RunCounter.Of.ACTIVE_OF_USER, "t", "ada", 1_000),
                new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 10_000)));
    Written nobody =
        Written.of(
            new AskBuilder().by(null, null, null).cap(1L),
            Policy.DEFAULT,
            ROW,
            first(),
            own(1_000));
    assertThat(nobody.write().counters())
        .isEqualTo(List.of(new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 10_000)));
    Written known = Written.usual(new Stored(run("r", null, ADA), List.of()), own(1_000));
    assertThat(known.write().counters()).isEmpty();
  }
}
