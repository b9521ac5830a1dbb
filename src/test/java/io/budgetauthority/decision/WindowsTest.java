package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Calendar windows roll at midnight of the tenant's zone, also on the days that have 23 or 25
/// hours, or no midnight at all, and what was held before is settled where it was held.
class WindowsTest {

  /// 5 micro-USD for each token of output: 1,000 tokens cost 0.005 USD.
  private static final MicroUsd ONE_CALL = MicroUsd.parse("0.005");

  private static final MicroUsd LIMIT = MicroUsd.parse("0.012");

  private final TestAuthority service = new TestAuthority();
  private int asked;

  private void tenantIn(String zone, String now, Window window) {
    service.clock.set(Instant.parse(now));
    service.policy(Policy.DEFAULT.in(ZoneId.of(zone)));
    service.ceiling(Scope.USER, "ada", window, LIMIT);
  }

  private Decision ask() {
    asked++;
    Answer answer = service.ask("call-" + asked, "run-" + asked, 0, 1_000, null);
    return assertInstanceOf(Answer.Decided.class, answer).decision();
  }

  private static AccountShare ofUser(Decision decision) {
    return decision.accounts().stream()
        .filter(it -> it.scope() == Scope.USER)
        .findFirst()
        .orElseThrow();
  }

  private Account account(Window window, String period) {
    AccountKey key = new AccountKey(service.tenantId, Scope.USER, "ada", window, period, 0);
    return Objects.requireNonNull(
        service
            .ledger
            .read(
                null, service.tenantId, List.of(key), List.of(), Deadline.in(Duration.ofSeconds(5)))
            .accounts()
            .get(key),
        key::toString);
  }

  /// Each row: the zone, the last instant of a period, and the end of the next one.
  @ParameterizedTest(name = "{0} {1} {2}")
  @CsvSource({
    // Clocks go forward on 29 March 2026: that day in Berlin has 23 hours.
    "Europe/Berlin, DAY, 2026-03-28, 2026-03-28T22:59:59.999Z, 2026-03-29, 2026-03-29T22:00:00Z",
    "Europe/Berlin, DAY, 2026-03-29, 2026-03-29T21:59:59.999Z, 2026-03-30, 2026-03-30T22:00:00Z",
    // Back on 25 October 2026: 25 hours.
    "Europe/Berlin, DAY, 2026-10-24, 2026-10-24T21:59:59.999Z, 2026-10-25, 2026-10-25T23:00:00Z",
    "Europe/Berlin, DAY, 2026-10-25, 2026-10-25T22:59:59.999Z, 2026-10-26, 2026-10-26T23:00:00Z",
    "America/New_York, DAY, 2026-03-07, 2026-03-08T04:59:59.999Z, 2026-03-08, 2026-03-09T04:00:00Z",
    "America/New_York, DAY, 2026-10-31, 2026-11-01T03:59:59.999Z, 2026-11-01, 2026-11-02T05:00:00Z",
    // In Beirut the clocks go forward at midnight: 29 March 2026 begins at 01:00.
    "Asia/Beirut, DAY, 2026-03-28, 2026-03-28T21:59:59.999Z, 2026-03-29, 2026-03-29T21:00:00Z",
    "Asia/Kathmandu, DAY, 2026-11-24, 2026-11-24T18:14:59.999Z, 2026-11-25, 2026-11-25T18:15:00Z",
    "UTC, DAY, 2026-02-28, 2026-02-28T23:59:59.999Z, 2026-03-01, 2026-03-02T00:00:00Z",
    // Months that hold a change of the clocks, and the turn of a year.
    "Europe/Berlin, MONTH, 2026-02, 2026-02-28T22:59:59.999Z, 2026-03, 2026-03-31T22:00:00Z",
    "Europe/Berlin, MONTH, 2026-03, 2026-03-31T21:59:59.999Z, 2026-04, 2026-04-30T22:00:00Z",
    "Europe/Berlin, MONTH, 2026-10, 2026-10-31T22:59:59.999Z, 2026-11, 2026-11-30T23:00:00Z",
    "America/New_York, MONTH, 2026-12, 2027-01-01T04:59:59.999Z, 2027-01, 2027-02-01T05:00:00Z",
    "Pacific/Kiritimati, MONTH, 2026-11, 2026-11-30T09:59:59.999Z, 2026-12, 2026-12-31T10:00:00Z",
  })
  void whenMidnightPassesInTheTenantsZone_aNewPeriodBegins(
      String zone, Window window, String period, String last, String next, String nextEnds) {
    tenantIn(zone, last, window);
    Instant ends = Instant.parse(last).plusMillis(1);

    AccountShare before = ofUser(ask());
    assertThat(before.period()).isEqualTo(period);
    assertThat(before.resetsAt()).isEqualTo(ends);
    ask();
    Decision blocked = ask();
    assertThat(blocked.verdict().wireName()).as("two calls fit into the limit").isEqualTo("block");
    Verdict.Block block = assertInstanceOf(Verdict.Block.class, blocked.verdict());
    assertThat(block).isNotNull();
    assertThat(
            block.remedies().stream()
                .filter(it -> it == Remedy.WAIT || it == Remedy.AFTER_RESET)
                .toList())
        .isEqualTo(List.of(Remedy.WAIT, Remedy.AFTER_RESET));
    assertThat(block.resetsAt()).isEqualTo(ends);

    service.clock.set(ends);
    AccountShare after = ofUser(ask());
    assertThat(after.period()).isEqualTo(next);
    assertThat(after.resetsAt()).isEqualTo(Instant.parse(nextEnds));
    assertThat(after.remaining())
        .as("a new period has its whole limit")
        .isEqualTo(LIMIT.minus(ONE_CALL));
    assertThat(account(window, period).reserved()).isEqualTo(ONE_CALL.plus(ONE_CALL));
    assertThat(account(window, next).reserved()).isEqualTo(ONE_CALL);
  }

  @Test
  void whenAHoldIsSettledAfterMidnight_itsOwnDayIsCharged() {
    tenantIn("Europe/Berlin", "2026-10-24T21:59:59.999Z", Window.DAY);
    ask();
    ask();
    service.clock.set(Instant.parse("2026-10-24T22:00:00Z"));
    ask();

    service.commit(service.idOf("call-1"), 0, 400);
    service.clock.set(Instant.parse("2026-10-27T12:00:00Z"));
    service.settlement.release(service.gateway, service.idOf("call-2"), null);
    service.commit(service.idOf("call-3"), 0, 3_000);

    Account saturday = account(Window.DAY, "2026-10-24");
    assertThat(saturday.committed()).isEqualTo(MicroUsd.parse("0.002"));
    assertThat(saturday.reserved()).isEqualTo(MicroUsd.ZERO);
    assertThat(saturday.available()).isEqualTo(MicroUsd.parse("0.01"));
    Account sunday = account(Window.DAY, "2026-10-25");
    assertThat(sunday.committed())
        .as("more than it held, and it is owed")
        .isEqualTo(MicroUsd.parse("0.015"));
    assertThat(sunday.available()).isEqualTo(MicroUsd.parse("-0.003"));
    assertThat(ask().verdict().wireName().equals("allow"))
        .as("the debt of a day ends with it")
        .isTrue();
  }

  @Test
  void whenAnHourComesTwice_bothAreOneDay() {
    tenantIn("Europe/Berlin", "2026-10-25T00:30:00Z", Window.DAY);
    ZonedDateTime summer = service.clock.instant().atZone(ZoneId.of("Europe/Berlin"));
    ask();
    service.clock.advance(Duration.ofHours(1));
    ZonedDateTime winter = service.clock.instant().atZone(ZoneId.of("Europe/Berlin"));
    assertThat(winter.toLocalTime()).as("half past two, twice").isEqualTo(summer.toLocalTime());

    AccountShare second = ofUser(ask());
    assertThat(second.period()).isEqualTo("2026-10-25");
    assertThat(second.remaining()).isEqualTo(LIMIT.minus(ONE_CALL).minus(ONE_CALL));
    assertThat(ask().verdict().wireName()).isEqualTo("block");
  }

  @Test
  void whenAUserHasADayAndAMonth_eachResetsOnItsOwn() {
    tenantIn("America/New_York", "2026-11-01T03:30:00Z", Window.DAY);
    service.ceiling(Scope.USER, "ada", Window.MONTH, MicroUsd.parse("0.018"));
    ask();
    ask();
    assertThat(account(Window.MONTH, "2026-10").key().period()).isEqualTo("2026-10");
    assertThat(account(Window.MONTH, "2026-10").reserved()).isEqualTo(MicroUsd.parse("0.01"));

    service.clock.set(Instant.parse("2026-11-01T04:00:00Z"));
    ask();
    ask();
    service.clock.set(Instant.parse("2026-11-02T05:00:00Z"));
    ask();
    Decision blocked = ask();
    assertThat(blocked.verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(ofBlocking(blocked).window()).isEqualTo(Window.MONTH);
    assertThat(ofBlocking(blocked).resetsAt()).isEqualTo(Instant.parse("2026-12-01T05:00:00Z"));
  }

  private static AccountShare ofBlocking(Decision decision) {
    return assertInstanceOf(AccountShare.class, decision.constrainedBy());
  }
}
