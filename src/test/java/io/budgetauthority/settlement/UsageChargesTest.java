package io.budgetauthority.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Usage that never had a decision (protocol.md#usage-without-a-decision, `POST /budget/usage`).
class UsageChargesTest {

  private static final MicroUsd FIVE_HUNDRED = MicroUsd.of(500);

  private final TestAuthority service = new TestAuthority();

  /// 100 output tokens of the local build's model, which are 500 micro-USD, by user `ada` with key
  /// `ci`.
  private UsageCharges.Result charge(String key, @Nullable String runId, @Nullable Instant at) {
    return charge(key, runId, "ada", TestAuthority.MODEL, UsageQuality.EXACT, at);
  }

  private UsageCharges.Result charge(
      String key,
      @Nullable String runId,
      String userId,
      String model,
      UsageQuality quality,
      @Nullable Instant at) {
    return service.charges.charge(
        new UsageCharges.Order(
            service.tenantId,
            "gateway",
            key,
            new UsageCharge(
                runId,
                userId,
                "ci",
                null,
                null,
                null,
                model,
                Usage.ofTokens(0, 100),
                quality,
                at)));
  }

  private static UsageCharges.Result.Charged charged(UsageCharges.Result result) {
    return assertInstanceOf(UsageCharges.Result.Charged.class, result);
  }

  @Test
  void whenTheRunIsAbsent_itIsMadeAndCharged() {
    charged(charge("u", "run", null));
    Run run = service.run("run");
    assertEquals(FIVE_HUNDRED, run.account().committed());
    assertEquals(MicroUsd.ZERO, run.account().reserved());
    assertEquals(new Tuple("ada", "ci", null, null), run.tuple());
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
  }

  @Test
  void whenUsageExceedsACeiling_itIsChargedAndTheNextAskBlocked() {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(100));
    charged(charge("u", "run", null));
    assertEquals(MicroUsd.of(-400), service.account(Scope.USER, "ada").available());
    Answer.Decided next =
        assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 1, null));
    assertTrue(next.decision().isBlocked());
  }

  @Test
  void whenAUsageReportIsRetried_itIsChargedOnce() {
    UsageCharges.Result.Charged first = charged(charge("u", "run", null));
    UsageCharges.Result.Charged second = charged(charge("u", "run", null));
    assertFalse(first.replayed());
    assertTrue(second.replayed());
    assertEquals(first.reservation().nonce(), second.reservation().nonce());
    assertEquals(FIVE_HUNDRED, service.run("run").account().committed());
    assertInstanceOf(
        UsageCharges.Result.KeyReused.class,
        charge("u", "run", service.clock.instant().minusSeconds(1)));
    assertEquals(FIVE_HUNDRED, service.run("run").account().committed());
  }

  @Test
  void whenTheRunIsClosed_itIsChargedAndStaysClosed() {
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    assertTrue(service.close("run"));
    charged(charge("u", "run", null));
    assertEquals(FIVE_HUNDRED, service.run("run").account().committed());
    assertEquals(Run.State.CLOSED, service.run("run").ended());
  }

  @Test
  void whenTheRunIsActive_itIsChargedAndNotRenewed() {
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    Instant expiresAt = service.run("run").expiresAt();
    service.clock.advance(Duration.ofHours(1));
    charged(charge("u", "run", null));
    assertEquals(expiresAt, service.run("run").expiresAt());
  }

  @Test
  void whenTheRunIsAnotherUsers_theStatedUserIsCharged() {
    service.ceiling(Scope.USER, "bob", MicroUsd.of(10_000));
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    Decision decision =
        charged(charge("u", "run", "bob", TestAuthority.MODEL, UsageQuality.EXACT, null))
            .reservation()
            .decision();
    assertNull(decision.subject().runId());
    assertEquals("run", decision.subject().orphanOf());
    assertEquals(MicroUsd.ZERO, service.run("run").account().committed());
    assertEquals(FIVE_HUNDRED, service.account(Scope.USER, "bob").committed());
  }

  @Test
  void whenTheRunHasAncestors_eachIsCharged() {
    assertInstanceOf(Answer.Decided.class, service.ask("a", "parent", 0, 100, null));
    assertInstanceOf(Answer.Decided.class, service.askAsChild("b", "child", "parent", 0, 100));
    charged(charge("u", "child", null));
    assertEquals(FIVE_HUNDRED, service.run("child").account().committed());
    assertEquals(FIVE_HUNDRED, service.run("parent").account().committed());
  }

  @Test
  void whenUsageIsOfAnEarlierDay_thatDayIsCharged() {
    service.ceiling(Scope.USER, "ada", Window.DAY, MicroUsd.of(10_000));
    Instant yesterday = service.clock.instant().minus(Duration.ofDays(1));
    charged(charge("u", null, yesterday));
    assertEquals(FIVE_HUNDRED, day("2026-11-23").committed());
    charged(charge("v", null, null));
    assertEquals(FIVE_HUNDRED, day("2026-11-24").committed());
    assertEquals(FIVE_HUNDRED, day("2026-11-23").committed());
  }

  private Account day(String day) {
    AccountKey key = new AccountKey(service.tenantId, Scope.USER, "ada", Window.DAY, day, 0);
    Account account =
        service
            .ledger
            .read(
                null, service.tenantId, List.of(key), List.of(), Deadline.in(Duration.ofSeconds(5)))
            .accounts()
            .get(key);
    if (account == null) {
      throw new AssertionError("no account of " + day);
    }
    return account;
  }

  @Test
  void whenTheModelHasNoPrice_itIsUnpricedAndChargesNothing() {
    UsageCharges.Result.Charged charged =
        charged(charge("u", "run", "ada", "nobody-knows-it", UsageQuality.EXACT, null));
    Charge charge = Objects.requireNonNull(charged.reservation().charge());
    assertEquals(List.of("model"), charge.usage().unpriced());
    assertEquals(MicroUsd.ZERO, service.run("run").account().committed());
  }

  @Test
  void whenABetterUsageReportComes_theChargeIsCorrected() {
    UsageCharges.Result.Charged charged =
        charged(charge("u", "run", "ada", TestAuthority.MODEL, UsageQuality.ESTIMATED, null));
    assertInstanceOf(
        Settlement.Result.Done.class, service.commit(charged.reservation().id(), 0, 10));
    assertEquals(MicroUsd.of(50), service.run("run").account().committed());
  }

  @Test
  void whenUsageWasCharged_aSweepPresumesNothing() {
    UsageCharges.Result.Charged charged = charged(charge("u", "run", null));
    service.clock.advance(Duration.ofDays(2));
    Sweeper sweeper =
        new Sweeper(service.ledger, service.runs, service.configuration.policies, service.clock);
    var unused = sweeper.sweep(Duration.ofSeconds(30));
    Reservation stored =
        service
            .ledger
            .find(service.tenantId, charged.reservation().id(), Deadline.in(Duration.ofSeconds(5)))
            .orElseThrow();
    assertEquals(charged.reservation().revision(), stored.revision());
    assertEquals(charged.reservation().charge(), stored.charge());
    assertEquals(Run.State.EXPIRED, service.run("run").ended());
  }

  @Test
  void whenTheMostNewRunsAreMade_usageIsChargedAndCounted() {
    service.policy(TestAuthority.policyWithMostNewRunsPerDay(1));
    charged(charge("u", "run-1", null));
    charged(charge("v", "run-2", null));
    assertInstanceOf(Answer.TooManyRuns.class, service.ask("a", "run-3", 0, 100, null));
  }
}
