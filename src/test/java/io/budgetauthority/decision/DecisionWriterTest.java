package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.ConditionalHold;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.ledger.Hold;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunCounter;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What is stored and shown of a plan (protocol.md#record).
class DecisionWriterTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");
  private static final Price ROW = new RowBuilder(TestAuthority.MODEL).build();
  private static final DecisionWriter.Identity IDENTITY =
      new DecisionWriter.Identity(new ReservationId("0".repeat(32)), "t", "p", "hash");
  private static final Run.Tuple ADA = new Run.Tuple("ada", "ci", null, null);

  private static EnforcedAccountBuilder own(long limit) {
    return new EnforcedAccountBuilder(Scope.RUN, limit).id("r");
  }

  private static EnforcedAccountBuilder user(long limit) {
    return new EnforcedAccountBuilder(Scope.USER, limit).id("ada");
  }

  private static Run run(String id, @Nullable String parent, Run.Tuple tuple) {
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

  private record Written(DecisionWriter writer, Plan plan, List<EnforcedAccount> enforcedAccounts) {

    static Written of(
        AskBuilder ask,
        Policy policy,
        @Nullable Price row,
        Lineage lineage,
        EnforcedAccountBuilder... of) {
      List<EnforcedAccount> enforcedAccounts =
          Stream.of(of).map(EnforcedAccountBuilder::build).toList();
      DecisionRequest request = ask.build();
      Plan plan = Decider.decide(Questions.of(request, policy, row, List.of(), enforcedAccounts));
      return new Written(
          new DecisionWriter(
              request,
              new Tenants.Versioned(policy, Calendar.in(policy.timeZone()), 1),
              "table-1",
              "r",
              false,
              lineage,
              request.tuple(),
              List.of("a notice"),
              null,
              NOW),
          plan,
          enforcedAccounts);
    }

    static Written usual(Lineage lineage, EnforcedAccountBuilder... of) {
      return of(new AskBuilder().input(100).cap(10L), Policy.DEFAULT, ROW, lineage, of);
    }

    Plan.Grant grant() {
      return (Plan.Grant) plan;
    }

    Plan.Block block() {
      return (Plan.Block) plan;
    }

    DecisionFacts facts() {
      return plan instanceof Plan.Grant grant
          ? writer.facts(grant, enforcedAccounts)
          : writer.facts(block(), enforcedAccounts);
    }

    Reservation reservation() {
      Reservation reservation =
          plan instanceof Plan.Grant grant
              ? writer.granted(facts(), IDENTITY, grant)
              : writer.blocked(facts(), IDENTITY, block());
      assertNotNull(reservation);
      return reservation;
    }
  }

  private static Lineage first() {
    return new Lineage(null, List.of());
  }

  @Test
  void whenACallIsAllowed_itsHoldsAndWhatIsLeftAreRecorded() {
    Written written =
        Written.usual(
            first(), own(1_000).warnAt(10), user(400).over(Window.DAY, "2026-11-24", MIDNIGHT));

    DecisionFacts facts = written.facts();

    assertEquals("allow", facts.decision());
    assertFalse(facts.blocked());
    assertNull(facts.code());
    assertNull(facts.blockingScope());
    assertNull(facts.block());
    assertEquals("r", facts.runId());
    assertNull(facts.parentRunId());
    assertEquals("test", facts.provider());
    assertEquals(TestAuthority.MODEL, facts.requestedModel());
    assertEquals(TestAuthority.MODEL, facts.selectedModel());
    assertEquals(100L, facts.inputTokens());
    assertEquals("exact", facts.inputBasis());
    assertEquals(10L, facts.clientRequestedMaxOutputTokens());
    assertEquals(10L, facts.effectiveMaxOutputTokens());
    assertFalse(facts.outputClamped());
    assertEquals(MicroUsd.of(150), facts.estimate());
    assertEquals(MicroUsd.of(250), facts.remaining(), "of the tightest account");
    assertEquals("table-1", facts.priceTableVersion());
    assertEquals(
        List.of("10% of the total ceiling of run r is committed or held", "a notice"),
        facts.warnings());
    DecisionFacts.Touched ofUser = facts.accounts().get(1);
    assertEquals(MicroUsd.of(150), ofUser.hold());
    assertEquals(MicroUsd.of(150), ofUser.reserved());
    assertEquals(MicroUsd.of(250), ofUser.remaining());
    assertEquals("2026-11-24", ofUser.period());
    assertEquals(MIDNIGHT, ofUser.resetsAt());
    assertNull(facts.accounts().getFirst().period());
  }

  @Test
  void whenACapIsLowered_itIsRecordedAsClamped() {
    DecisionFacts facts =
        Written.of(new AskBuilder().cap(70_000L), Policy.DEFAULT, ROW, first(), own(1_000_000))
            .facts();

    assertTrue(facts.outputClamped());
    assertEquals(70_000L, facts.clientRequestedMaxOutputTokens());
    assertEquals(64_000L, facts.effectiveMaxOutputTokens());
  }

  @Test
  void whenACallIsBlocked_theBalancesAndTheReasonAreRecorded() {
    Written written = Written.usual(first(), own(1_000), user(149));

    DecisionFacts facts = written.facts();

    assertTrue(facts.blocked());
    assertEquals("user_ceiling_reached", facts.code());
    assertEquals(Scope.USER, facts.blockingScope());
    assertNull(facts.selectedModel());
    assertEquals(MicroUsd.of(149), facts.remaining());
    assertEquals(MicroUsd.ZERO, facts.accounts().get(1).hold());
    DecisionFacts.BlockFacts block = facts.block();
    assertNotNull(block);
    assertEquals(1, block.blocking());
    assertEquals(List.of("reduce_output"), block.remedies());
    assertEquals(9L, block.fitsMaxOutputTokens());
    assertEquals(List.of(), facts.warnings());
  }

  @Test
  void whenThereIsNoPrice_theCallersNamesAreRecorded() {
    Policy advisory = new PolicyBuilder().mode(Mode.ADVISORY_ESTIMATE).build();
    AskBuilder ask = new AskBuilder().provider("theirs").model("nobody").input(7).cap(5L);
    Written written =
        Written.of(ask, advisory, null, first(), own(1_000).mode(Mode.ADVISORY_ESTIMATE));

    DecisionFacts facts = written.facts();

    assertEquals("advisory_warn", facts.decision());
    assertEquals("price_unknown", facts.code());
    assertEquals("theirs", facts.provider());
    assertNull(facts.selectedModel());
    assertEquals(7L, facts.inputTokens());
    assertNull(facts.inputBasis());
    assertNull(facts.effectiveMaxOutputTokens());
    assertFalse(facts.outputClamped());
    assertNull(facts.estimate());
    assertEquals(MicroUsd.ZERO, written.reservation().estimate());
    assertEquals("", written.reservation().priceRow());
    DecisionFacts blocked = Written.of(ask, Policy.DEFAULT, null, first(), own(1_000)).facts();
    assertNull(blocked.blockingScope());
    assertNotNull(blocked.block());
    assertNull(blocked.block().blocking());
  }

  @Test
  void whenFactsAreWritten_theyAreReadBackUnchanged() {
    for (Written written :
        List.of(
            Written.usual(first(), own(1_000), user(400).over(Window.DAY, "2026-11-24", MIDNIGHT)),
            Written.usual(first(), own(149)))) {
      assertEquals(written.facts(), DecisionJson.readFacts(DecisionJson.write(written.facts())));
    }
    DecisionFacts cancelled = DecisionFacts.cancelled(Mode.SOFT_GATE, "table-1", NOW);
    assertEquals(cancelled, DecisionJson.readFacts(DecisionJson.write(cancelled)));
    assertTrue(cancelled.wasCancelled());
    assertTrue(cancelled.blocked());
    assertFalse(Written.usual(first(), own(149)).facts().wasCancelled());
  }

  @Test
  void whenAReservationIsMade_itHoldsThePlanForTheAskedTime() {
    Reservation reservation = Written.usual(first(), own(1_000), user(400)).reservation();

    assertEquals(ReservationState.RESERVED, reservation.state());
    assertEquals(
        List.of(150L, 150L),
        reservation.holds().stream().map(Hold::amount).map(MicroUsd::micros).toList());
    assertEquals(MicroUsd.of(150), reservation.estimate());
    assertEquals(NOW.plusSeconds(600), reservation.expiresAt(), "the policy's");
    assertNull(reservation.endedAt());
    assertEquals(Duration.ofDays(30), reservation.retention());
    assertEquals(ROW.cards(), DecisionJson.readPrice(reservation.priceRow()).cards());
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
    assertEquals(List.of(), block.holds());
    assertEquals(NOW, block.endedAt());
  }

  @Test
  void whenThereIsNoKey_nothingIsStored() {
    Written allowed = Written.usual(first(), own(1_000));
    Written blocked = Written.usual(first(), own(149));

    assertNull(allowed.writer().granted(allowed.facts(), null, allowed.grant()));
    assertNull(blocked.writer().blocked(blocked.facts(), null, blocked.block()));
  }

  @Test
  void whenARunsFirstDecisionIsMade_itMakesTheRunWithItsHold() {
    Run parent = run("parent", null, ADA);
    Written written =
        Written.usual(
            new Lineage(null, List.of(parent)),
            own(1_000),
            new EnforcedAccountBuilder(Scope.RUN, 2_000).id("parent"),
            user(400));

    List<Ledger.RunChange> changes = written.writer().runChanges(written.grant(), "t");

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
        written.writer().takes(written.grant()).stream()
            .map(take -> take.enforced().account().key().id())
            .toList(),
        "its own hold is in the item already");
    assertEquals("parent", written.facts().parentRunId());
  }

  @Test
  void whenALaterDecisionIsMade_itRenewsAndCompletesTheRun() {
    Run seen = run("r", null, new Run.Tuple("ada", null, null, null));
    Written written = Written.usual(new Lineage(seen, List.of()), own(1_000), user(400));

    List<ConditionalHold> takes = written.writer().takes(written.grant());

    assertEquals(written.grant().takes(), takes);
    assertEquals(
        List.of(new Ledger.Renew(seen, ADA, NOW, NOW.plusSeconds(86_400), true)),
        written.writer().runChanges(written.grant(), "t"));
    assertEquals(
        List.of(new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, "t", "ci", 1_000)),
        written.writer().counters("t"),
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
        written.writer().counters("t"));
    Written nobody =
        Written.of(
            new AskBuilder().by(null, null, null).cap(1L),
            Policy.DEFAULT,
            ROW,
            first(),
            own(1_000));
    assertEquals(
        List.of(new RunCounter(RunCounter.Of.NEW_ON_DAY, "t", "2026-11-24", 10_000)),
        nobody.writer().counters("t"));
    Written known = Written.usual(new Lineage(run("r", null, ADA), List.of()), own(1_000));
    assertEquals(List.of(), known.writer().counters("t"));
  }
}
