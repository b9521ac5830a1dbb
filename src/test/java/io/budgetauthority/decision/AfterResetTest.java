package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// `after_reset` is followed by waiting until `resets_at`, not a millisecond less; then the call
/// passes (protocol.md#remedies). The other remedies: `RemediesHttpTest`.
class AfterResetTest {

  private static final MicroUsd LIMIT = MicroUsd.parse("0.10");
  private static final Instant MORNING = Instant.parse("2026-11-24T10:00:00Z");

  private final TestAuthority service = new TestAuthority();
  private int asked;

  AfterResetTest() {
    service.clock.set(MORNING);
    service.policy(Policy.DEFAULT.in(ZoneId.of("Europe/Berlin")));
  }

  static Stream<Arguments> calendarCeilings() {
    return Stream.of(Scope.USER, Scope.KEY, Scope.TEAM, Scope.FEATURE, Scope.TENANT)
        .flatMap(
            scope ->
                Stream.of(
                    Arguments.of(scope, Window.DAY, Instant.parse("2026-11-24T23:00:00Z")),
                    Arguments.of(scope, Window.MONTH, Instant.parse("2026-11-30T23:00:00Z"))));
  }

  private static String idOf(Scope scope) {
    return switch (scope) {
      case RUN -> throw new IllegalArgumentException("a run has no calendar");
      case USER -> "ada";
      case KEY -> "ci";
      case TEAM -> "red";
      case FEATURE -> "chat";
      case TENANT -> "-";
    };
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("calendarCeilings")
  void whenTheWindowHasEnded_theBlockedCallIsAllowed(Scope scope, Window window, Instant ends) {
    service.ceiling(scope, idOf(scope), window, LIMIT);
    spend("run-a", null, 18_000);

    Decision blocked = ask("run-b", null, 90_000, 1);

    assertBlocked(blocked, scope, ends);
    service.clock.set(ends.minusMillis(1));
    assertBlocked(ask("run-c", null, 90_000, 1), scope, ends);
    service.clock.set(ends);
    // Of a month, the run that was blocked may have ended by then: the call is made in another.
    assertThat(ask("run-d", null, 90_000, 1).verdict().wireName()).isEqualTo("allow");
  }

  @Test
  void whenTheWindowHasEnded_aChildRunsCallIsAllowed() {
    service.ceiling(Scope.USER, "ada", Window.DAY, LIMIT);
    Instant midnight = Instant.parse("2026-11-24T23:00:00Z");
    spend("parent", null, 1_000);
    spend("child", "parent", 17_000);

    assertBlocked(ask("child", "parent", 90_000, 1), Scope.USER, midnight);

    service.clock.set(midnight);
    Decision passed = ask("child", "parent", 90_000, 1);
    assertThat(passed.verdict().wireName()).isEqualTo("allow");
    assertThat(passed.subject().parentRunId()).isEqualTo("parent");
  }

  @Test
  void whenTwoWindowsBlock_theResetIsTheLaterEnd() {
    service.ceiling(Scope.USER, "ada", Window.DAY, LIMIT);
    service.ceiling(Scope.TEAM, "red", Window.MONTH, LIMIT);
    spend("run-a", null, 18_000);
    Instant day = Instant.parse("2026-11-24T23:00:00Z");
    Instant month = Instant.parse("2026-11-30T23:00:00Z");

    assertBlocked(ask("run-b", null, 90_000, 1), Scope.USER, month);

    service.clock.set(day);
    assertBlocked(ask("run-c", null, 90_000, 1), Scope.TEAM, month);
    service.clock.set(month);
    assertThat(ask("run-d", null, 90_000, 1).verdict().wireName()).isEqualTo("allow");
  }

  /// A run's limit does not come back, so the end of a window helps no call that both stop.
  @Test
  void whenTheRunLimitBlocksToo_afterResetIsNoRemedy() {
    service.ceiling(Scope.USER, "ada", Window.DAY, LIMIT);
    spend("run-a", null, 18_000);

    Decision blocked = ask("run-b", null, 90_000, 1, MicroUsd.parse("0.05"));

    Verdict.Block block = assertInstanceOf(Verdict.Block.class, blocked.verdict());
    assertThat(block).isNotNull();
    assertThat(block.remedies()).isEqualTo(List.of(Remedy.RAISE_LIMIT));
    service.clock.set(Instant.parse("2026-11-24T23:00:00Z"));
    assertThat(ask("run-b", null, 90_000, 1, MicroUsd.parse("0.05")).verdict().wireName())
        .isEqualTo("block");
  }

  /// The 429 of new runs is over with the day as well.
  @Test
  void whenANewDayBegins_newRunsAreAllowedAgain() {
    TestAuthority narrow = new TestAuthority();
    narrow.clock.set(MORNING);
    narrow.policy(
        new PolicyBuilder().newRunsPerDay(1).timeZone(ZoneId.of("Europe/Berlin")).build());
    assertThat(narrow.ask("1", "run-1", 1, 1, null)).isInstanceOf(Answer.Decided.class);
    assertThat(narrow.ask("2", "run-2", 1, 1, null)).isInstanceOf(Answer.TooManyRuns.class);

    narrow.clock.set(Instant.parse("2026-11-24T22:59:59.999Z"));
    assertThat(narrow.ask("3", "run-2", 1, 1, null)).isInstanceOf(Answer.TooManyRuns.class);
    narrow.clock.set(Instant.parse("2026-11-24T23:00:00Z"));
    assertThat(narrow.ask("4", "run-2", 1, 1, null)).isInstanceOf(Answer.Decided.class);
  }

  private static void assertBlocked(Decision decision, Scope scope, Instant resetsAt) {
    assertThat(decision.verdict().code()).isEqualTo(ProblemCode.ceilingReached(scope));
    Verdict.Block block = assertInstanceOf(Verdict.Block.class, decision.verdict());
    assertThat(block).isNotNull();
    assertThat(block.remedies()).isEqualTo(List.of(Remedy.AFTER_RESET));
    assertThat(block.resetsAt()).isEqualTo(resetsAt);
  }

  /// A call that cost 5 micro-USD for each token of output.
  private void spend(String run, @Nullable String parent, long outputTokens) {
    assertThat(ask(run, parent, 0, outputTokens).verdict().wireName()).isEqualTo("allow");
    service.commit(service.idOf("call-" + asked), 0, outputTokens);
  }

  private Decision ask(String run, @Nullable String parent, long input, long output) {
    return ask(run, parent, input, output, null);
  }

  private Decision ask(
      String run, @Nullable String parent, long input, long output, @Nullable MicroUsd limit) {
    asked++;
    DecisionRequest request =
        new AskBuilder()
            .input(input)
            .cap(output)
            .by("ada", "ci", "red")
            .feature("chat")
            .parent(parent)
            .runLimit(limit)
            .build();
    Answer answer =
        service.authority.decide(Ask.of(service.gateway, request, "call-" + asked, run));
    return assertInstanceOf(Answer.Decided.class, answer).decision();
  }
}
