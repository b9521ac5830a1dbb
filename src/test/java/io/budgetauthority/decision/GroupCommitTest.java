package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Many calls of one process at the same time, which the ledger writes in groups: exact as one by
/// one (ledger.md#group-commit).
class GroupCommitTest {

  private static final MicroUsd RUN_LIMIT = MicroUsd.of(900_000_000);
  private static final int CALLS = 120;

  private static Answer.Decided ask(TestAuthority process, String key, String run, int tokens) {
    return (Answer.Decided)
        TestAuthority.untilAnswered(() -> process.ask(key, run, 0, tokens, RUN_LIMIT));
  }

  private static void commit(TestAuthority process, String key, int tokens) {
    assertThat(TestAuthority.untilAnswered(() -> process.commit(process.idOf(key), 0, tokens)))
        .isInstanceOf(Settlement.Result.Done.class);
  }

  @Test
  void whenManyAskAtOnce_exactlyWhatFitsIsAllowed() throws Exception {
    exactly(new TestAuthority());
  }

  @Test
  void whenAnswersAreLost_exactlyWhatFitsIsAllowed() throws Exception {
    Faults faults = new Faults(27, 10, 10);
    exactly(new TestAuthority(faults));
    assertThat(faults.lost.get()).isPositive();
  }

  /// Some calls are of runs of their own, some share one; half are of another process.
  private static void exactly(TestAuthority one) throws Exception {
    one.policy(Policy.DEFAULT);
    TestAuthority other = one.anotherProcess();
    one.ceiling(Scope.TENANT, "-", Window.MONTH, MicroUsd.of(500));
    one.ceiling(Scope.USER, "ada", MicroUsd.of(5_000));

    List<Answer.Decided> answers =
        TestAuthority.all(
            CALLS,
            i ->
                () ->
                    ask(
                        i % 2 == 0 ? one : other,
                        "call-" + i,
                        i % 3 == 0 ? "own-" + i : "shared-" + i % 4,
                        1 + i % 2));

    long allowed =
        answers.stream()
            .filter(it -> !it.decision().isBlocked())
            .mapToLong(it -> it.reservation().estimate().micros())
            .sum();
    Account user = one.account(Scope.USER, "ada");
    assertThat(user.reserved()).isEqualTo(MicroUsd.of(allowed));
    // Calls of 5 and of 10 fit a limit of 500 whole, up to the last 5.
    assertThat(allowed).isBetween(495L, 500L);

    List<Integer> let = new ArrayList<>();
    for (int i = 0; i < CALLS; i++) {
      if (!answers.get(i).decision().isBlocked()) {
        let.add(i);
      }
    }
    var unused =
        TestAuthority.all(
            let.size(),
            i ->
                () -> {
                  commit(i % 2 == 0 ? one : other, "call-" + let.get(i), 1);
                  return i;
                });
    assertThat(one.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.ZERO);
    assertThat(one.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(5L * let.size()));
    for (int call : let) {
      Account account = one.run(call % 3 == 0 ? "own-" + call : "shared-" + call % 4).account();
      assertThat(account.reserved()).isEqualTo(MicroUsd.ZERO);
      assertThat(account.addsUp()).isTrue();
    }
  }

  @Test
  void whenOneKeyIsSentAtOnce_oneReservationIsMade() throws Exception {
    TestAuthority one = new TestAuthority();
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", MicroUsd.of(5_000));

    List<Answer.Decided> answers =
        TestAuthority.all(40, i -> () -> ask(one, "key-" + i % 4, "run-" + i % 4, 2));

    assertThat(answers).allSatisfy(it -> assertThat(it.decision().isBlocked()).isFalse());
    assertThat(one.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.of(40));
  }

  @Test
  void whenRunsAreLimited_groupsCountEachOne() throws Exception {
    TestAuthority one = new TestAuthority();
    one.policy(TestAuthority.policyWithMostNewRunsPerDay(17));

    List<Object> answers =
        Collections.synchronizedList(
            new ArrayList<>(
                TestAuthority.all(
                    40,
                    i ->
                        () ->
                            (Object)
                                TestAuthority.untilAnswered(
                                    () -> one.ask("call-" + i, "run-" + i, 0, 1, RUN_LIMIT)))));

    assertThat(answers.stream().filter(Answer.Decided.class::isInstance)).hasSize(17);
    assertThat(answers.stream().filter(Answer.TooManyRuns.class::isInstance)).hasSize(23);
  }

  /// Each call would bind the run, and count it as one of its user's.
  @Test
  void whenCallsOfOneRunBindIt_itIsCountedOnce() throws Exception {
    TestAuthority one = new TestAuthority();
    one.policy(Policy.DEFAULT);
    assertThat(
            new RunCreation(one.runs, one.configuration.policies, one.clock)
                .create(
                    new RunCreation.Wanted(one.tenantId, "run", Tuple.UNBOUND, RUN_LIMIT, null)))
        .isInstanceOf(RunCreation.Result.Created.class);

    List<Answer.Decided> answers =
        TestAuthority.all(30, i -> () -> ask(one, "call-" + i, "run", 1));

    assertThat(answers).allSatisfy(it -> assertThat(it.decision().isBlocked()).isFalse());
    assertThat(activeRunsOfAda(one)).isEqualTo(1);
    assertThat(one.close("run")).isTrue();
    assertThat(activeRunsOfAda(one)).isZero();
  }

  private static long activeRunsOfAda(TestAuthority one) {
    return one.database
        .get(
            LocalCloudForTests.shared().definitions().ledgerTable().create().tableName(),
            new Key(ScopeId.partitionKey(one.tenantId, Scope.USER, "ada"), "active-runs"),
            Deadline.ofRequest())
        .orElseThrow()
        .number("n");
  }

  @Test
  void whenAGroupIsWritten_eachRecordHasItsOwnHold() throws Exception {
    TestAuthority one = new TestAuthority();
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", MicroUsd.of(5_000));

    List<Answer.Decided> answers =
        TestAuthority.all(30, i -> () -> ask(one, "call-" + i, "run", 1 + i % 3));

    for (int i = 0; i < 30; i++) {
      MicroUsd expected = MicroUsd.of(5L * (1 + i % 3));
      assertThat(answers.get(i).decision().accounts())
          .extracting(AccountShare::hold)
          .containsOnly(expected);
    }
    assertThat(one.run("run").account().reserved()).isEqualTo(MicroUsd.of(5L * 60));
  }
}
