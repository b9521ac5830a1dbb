package io.budgetauthority.settlement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

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
    assertThat(run.account().committed()).isEqualTo(FIVE_HUNDRED);
    assertThat(run.account().reserved()).isEqualTo(MicroUsd.ZERO);
    assertThat(run.tuple()).isEqualTo(new Tuple("ada", "ci", null, null));
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
  }

  @Test
  void whenUsageExceedsACeiling_itIsChargedAndTheNextAskBlocked() {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(100));
    charged(charge("u", "run", null));
    assertThat(service.account(Scope.USER, "ada").available()).isEqualTo(MicroUsd.of(-400));
    Answer.Decided next =
        assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 1, null));
    assertThat(next.decision().isBlocked()).isTrue();
  }

  @Test
  void whenAUsageReportIsRetried_itIsChargedOnce() {
    UsageCharges.Result.Charged first = charged(charge("u", "run", null));
    UsageCharges.Result.Charged second = charged(charge("u", "run", null));
    assertThat(first.replayed()).isFalse();
    assertThat(second.replayed()).isTrue();
    assertThat(second.reservation().nonce()).isEqualTo(first.reservation().nonce());
    assertThat(service.run("run").account().committed()).isEqualTo(FIVE_HUNDRED);
    assertThat(charge("u", "run", service.clock.instant().minusSeconds(1)))
        .isInstanceOf(UsageCharges.Result.KeyReused.class);
    assertThat(service.run("run").account().committed()).isEqualTo(FIVE_HUNDRED);
  }

  @Test
  void whenTheRunIsClosed_itIsChargedAndStaysClosed() {
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    assertThat(service.close("run")).isTrue();
    charged(charge("u", "run", null));
    assertThat(service.run("run").account().committed()).isEqualTo(FIVE_HUNDRED);
    assertThat(service.run("run").ended()).isEqualTo(Run.State.CLOSED);
  }

  @Test
  void whenTheRunIsActive_itIsChargedAndNotRenewed() {
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    Instant expiresAt = service.run("run").expiresAt();
    service.clock.advance(Duration.ofHours(1));
    charged(charge("u", "run", null));
    assertThat(service.run("run").expiresAt()).isEqualTo(expiresAt);
  }

  @Test
  void whenTheRunIsAnotherUsers_theStatedUserIsCharged() {
    service.ceiling(Scope.USER, "bob", MicroUsd.of(10_000));
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    Decision decision =
        charged(charge("u", "run", "bob", TestAuthority.MODEL, UsageQuality.EXACT, null))
            .reservation()
            .decision();
    assertThat(decision.subject().runId()).isNull();
    assertThat(decision.subject().orphanOf()).isEqualTo("run");
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.ZERO);
    assertThat(service.account(Scope.USER, "bob").committed()).isEqualTo(FIVE_HUNDRED);
  }

  @Test
  void whenTheRunHasAncestors_eachIsCharged() {
    assertThat(service.ask("a", "parent", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    assertThat(service.askAsChild("b", "child", "parent", 0, 100))
        .isInstanceOf(Answer.Decided.class);
    charged(charge("u", "child", null));
    assertThat(service.run("child").account().committed()).isEqualTo(FIVE_HUNDRED);
    assertThat(service.run("parent").account().committed()).isEqualTo(FIVE_HUNDRED);
  }

  @Test
  void whenUsageIsOfAnEarlierDay_thatDayIsCharged() {
    service.ceiling(Scope.USER, "ada", Window.DAY, MicroUsd.of(10_000));
    Instant yesterday = service.clock.instant().minus(Duration.ofDays(1));
    charged(charge("u", null, yesterday));
    assertThat(day("2026-11-23").committed()).isEqualTo(FIVE_HUNDRED);
    charged(charge("v", null, null));
    assertThat(day("2026-11-24").committed()).isEqualTo(FIVE_HUNDRED);
    assertThat(day("2026-11-23").committed()).isEqualTo(FIVE_HUNDRED);
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
    assertThat(charge.usage().unpriced()).isEqualTo(List.of("model"));
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.ZERO);
  }

  @Test
  void whenABetterUsageReportComes_theChargeIsCorrected() {
    UsageCharges.Result.Charged charged =
        charged(charge("u", "run", "ada", TestAuthority.MODEL, UsageQuality.ESTIMATED, null));
    assertThat(service.commit(charged.reservation().id(), 0, 10))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(50));
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
    assertThat(stored.revision()).isEqualTo(charged.reservation().revision());
    assertThat(stored.charge()).isEqualTo(charged.reservation().charge());
    assertThat(service.run("run").ended()).isEqualTo(Run.State.EXPIRED);
  }

  @Test
  void whenTheMostNewRunsAreMade_usageIsChargedAndCounted() {
    service.policy(TestAuthority.policyWithMostNewRunsPerDay(1));
    charged(charge("u", "run-1", null));
    charged(charge("v", "run-2", null));
    assertThat(service.ask("a", "run-3", 0, 100, null)).isInstanceOf(Answer.TooManyRuns.class);
  }
}
