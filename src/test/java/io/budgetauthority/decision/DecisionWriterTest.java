package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunCounter;
import io.budgetauthority.ledger.account.ConditionalHold;
import io.budgetauthority.ledger.account.EnforcedAccount;
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

    Ledger.DecisionWrite write() {
      return Bookkeeping.write(
          reservation(), writer.view(), grant().holds(), Bookkeeping.Use.DECISION);
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

    assertEquals("allow", decision.verdict().wireName());
    assertFalse(decision.isBlocked());
    assertNull(decision.verdict().code());
    assertNull(decision.verdict().constrainedBy());
    assertEquals("r", decision.subject().runId());
    assertNull(decision.subject().parentRunId());
    assertEquals("test", decision.model().provider());
    assertEquals(TestAuthority.MODEL, decision.model().requested());
    assertEquals(TestAuthority.MODEL, decision.model().selected());
    assertEquals(100L, decision.tokens().input());
    assertEquals(InputBasis.EXACT, decision.tokens().basis());
    assertEquals(10L, decision.tokens().requestedOutput());
    assertEquals(10L, decision.tokens().effectiveOutput());
    assertFalse(decision.tokens().clamped());
    assertEquals(MicroUsd.of(150), decision.estimate());
    assertEquals(MicroUsd.of(250), decision.remaining(), "of the tightest account");
    assertEquals("table-1", decision.priceTableVersion());
    assertEquals(
        List.of("10% of the total ceiling of run r is committed or held", "a notice"),
        decision.warnings());
    AccountShare ofUser = decision.accounts().get(1);
    assertEquals(MicroUsd.of(150), ofUser.hold());
    assertEquals(MicroUsd.of(150), ofUser.reserved());
    assertEquals(MicroUsd.of(250), ofUser.remaining());
    assertEquals("2026-11-24", ofUser.period());
    assertEquals(MIDNIGHT, ofUser.resetsAt());
    assertNull(decision.accounts().getFirst().period());
  }

  @Test
  void whenACapIsLowered_itIsRecordedAsClamped() {
    Decision decision =
        Written.of(new AskBuilder().cap(70_000L), Policy.DEFAULT, ROW, first(), own(1_000_000))
            .decision();

    assertTrue(decision.tokens().clamped());
    assertEquals(70_000L, decision.tokens().requestedOutput());
    assertEquals(64_000L, decision.tokens().effectiveOutput());
  }

  @Test
  void whenACallIsBlocked_theBalancesAndTheReasonAreRecorded() {
    Written written = Written.usual(first(), own(1_000), user(149));

    Decision decision = written.decision();

    assertTrue(decision.isBlocked());
    assertEquals(ProblemCode.USER_CEILING_REACHED, decision.verdict().code());
    assertEquals(Scope.USER, Objects.requireNonNull(decision.constrainedBy()).scope());
    assertNull(decision.model().selected());
    assertEquals(MicroUsd.of(149), decision.remaining());
    assertEquals(MicroUsd.ZERO, decision.accounts().get(1).hold());
    Verdict.Block block = assertInstanceOf(Verdict.Block.class, decision.verdict());
    assertNotNull(block);
    assertEquals(List.of(Remedy.REDUCE_OUTPUT), block.remedies());
    assertEquals(9L, block.fitsMaxOutputTokens());
    assertEquals(List.of(), decision.warnings());
  }

  @Test
  void whenThereIsNoPrice_theCallersNamesAreRecorded() {
    Policy advisory = new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).build();
    AskBuilder ask = new AskBuilder().provider("theirs").model("nobody").input(7).cap(5L);
    Written written =
        Written.of(ask, advisory, null, first(), own(1_000).mode(Mode.ADVISORY_ESTIMATE));

    Decision decision = written.decision();

    assertEquals("advisory_warn", decision.verdict().wireName());
    assertEquals(ProblemCode.PRICE_UNKNOWN, decision.verdict().code());
    assertEquals("theirs", decision.model().provider());
    assertNull(decision.model().selected());
    assertEquals(7L, decision.tokens().input());
    assertNull(decision.tokens().basis());
    assertNull(decision.tokens().effectiveOutput());
    assertFalse(decision.tokens().clamped());
    assertNull(decision.estimate());
    assertEquals(MicroUsd.ZERO, written.reservation().estimate());
    assertNull(written.reservation().priceRow());
    Decision blocked = Written.of(ask, Policy.DEFAULT, null, first(), own(1_000)).decision();
    assertInstanceOf(Verdict.Block.class, blocked.verdict());
    assertNull(blocked.verdict().constrainedBy());
  }

  @Test
  void whenADecisionIsWritten_itIsReadBackUnchanged() {
    for (Written written :
        List.of(
            Written.usual(first(), own(1_000), user(400).over(Window.DAY, "2026-11-24", MIDNIGHT)),
            Written.usual(first(), own(149)))) {
      assertEquals(
          written.decision(), RecordJson.readDecision(RecordJson.write(written.decision())));
    }
    Decision cancelled = Decision.cancelled(Mode.SOFT_GATE, "table-1", NOW);
    assertEquals(cancelled, RecordJson.readDecision(RecordJson.write(cancelled)));
    assertTrue(cancelled.isCancelled());
    assertTrue(cancelled.isBlocked());
    assertFalse(Written.usual(first(), own(149)).decision().isCancelled());
  }

  @Test
  void whenAReservationIsMade_itHoldsThePlanForTheAskedTime() {
    Reservation reservation = Written.usual(first(), own(1_000), user(400)).reservation();

    assertEquals(ReservationState.RESERVED, reservation.state());
    assertEquals(
        List.of(150L, 150L),
        reservation.decision().accounts().stream().map(it -> it.hold().micros()).toList());
    assertEquals(MicroUsd.of(150), reservation.estimate());
    assertEquals(NOW.plusSeconds(600), reservation.expiresAt(), "the policy's");
    assertNull(reservation.endedAt());
    assertEquals(Duration.ofDays(30), reservation.retention());
    assertEquals(ROW, reservation.priceRow());
    assertNotEquals(
        reservation.nonce(),
        Written.usual(first(), own(1_000), user(400)).reservation().nonce(),
        "a writer knows its own item");
    assertEquals(
        NOW.plusSeconds(7),
        Written.of(new AskBuilder().cap(10L).ttl(7), Policy.DEFAULT, ROW, first(), own(1_000))
            .reservation()
            .expiresAt());
  }

  @Test
  void whenACallIsBlocked_nothingIsHeldAndItHasEnded() {
    Reservation block = Written.usual(first(), own(149)).reservation();

    assertEquals(ReservationState.NONE, block.state());
    assertEquals(MicroUsd.ZERO, block.estimate());
    assertEquals(NOW, block.endedAt());
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

    List<Ledger.RunChange> changes = written.write().runs();

    assertEquals(2, changes.size());
    Run made = ((Ledger.Start) changes.getFirst()).run();
    assertEquals("r", made.runId());
    assertEquals(List.of("parent"), made.ancestors());
    assertEquals(ADA, made.tuple());
    assertEquals(MicroUsd.of(150), made.account().reserved());
    assertEquals(MicroUsd.of(850), made.account().available());
    assertEquals(MicroUsd.of(1_000), made.madeLimit());
    assertEquals(NOW.plusSeconds(86_400), made.expiresAt());
    assertEquals(
        new Ledger.Renew(parent, ADA, NOW, NOW.plusSeconds(86_400), false),
        changes.get(1),
        "a child's decision renews its ancestors");
    assertEquals(
        List.of("parent", "ada"),
        written.write().holds().stream().map(hold -> hold.enforced().account().key().id()).toList(),
        "its own hold is in the item already");
    assertEquals("parent", written.decision().subject().parentRunId());
  }

  @Test
  void whenALaterDecisionIsMade_itRenewsAndCompletesTheRun() {
    Run seen = run("r", null, new Tuple("ada", null, null, null));
    Written written = Written.usual(new Stored(seen, List.of()), own(1_000), user(400));

    List<ConditionalHold> holds = written.write().holds();

    assertEquals(written.grant().holds(), holds);
    assertEquals(
        List.of(new Ledger.Renew(seen, ADA, NOW, NOW.plusSeconds(86_400), true)),
        written.write().runs());
    assertEquals(
        List.of(new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 1_000)),
        written.write().counters(),
        "of the user it has its place");
  }

  @Test
  void whenARunIsNew_itCountsForItsKeyUserAndDay() {
    Written written = Written.usual(first(), own(1_000));

    assertEquals(
        List.of(
            new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 1_000),
            new RunCounter(RunCounter.Of.ACTIVE_OF_USER, "t", "ada", 1_000),
            new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 10_000)),
        written.write().counters());
    Written nobody =
        Written.of(
            new AskBuilder().by(null, null, null).cap(1L),
            Policy.DEFAULT,
            ROW,
            first(),
            own(1_000));
    assertEquals(
        List.of(new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 10_000)),
        nobody.write().counters());
    Written known = Written.usual(new Stored(run("r", null, ADA), List.of()), own(1_000));
    assertEquals(List.of(), known.write().counters());
  }
}
