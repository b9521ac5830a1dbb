package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// Many callers at once for a budget that fits few of them.
class ConcurrencyTest {

  private static final int CALLERS = 64;
  private static final int PLACES = 10;
  private static final int MAX_ATTEMPTS = 10;
  private static final long OUTPUT_TOKENS = 1_000;
  private static final MicroUsd CALL = MicroUsd.of(5 * OUTPUT_TOKENS);
  private static final MicroUsd LIMIT = MicroUsd.of(CALL.micros() * PLACES);

  @Test
  void whenSixtyFourCallersAsk_onlyTheTenThatFitAreAllowed() throws Exception {
    TestAuthority service = new TestAuthority();
    assertTenPlacesAreGivenOnce(service, 1);
  }

  @Test
  void whenEachAskIsSentThreeTimes_eachKeyHasOneReservation() throws Exception {
    TestAuthority service = new TestAuthority();
    assertTenPlacesAreGivenOnce(service, 3);
  }

  @Test
  void whenAnswersAreLostAfterTheWrite_eachHoldIsMadeOnce() throws Exception {
    Faults faults = new Faults(20_261_124, 15, 0);
    TestAuthority service = new TestAuthority(faults);
    assertTenPlacesAreGivenOnce(service, 1);
    assertThat(faults.lost.get()).as("no answer was lost").isGreaterThan(0);
  }

  @Test
  void whenTransactionsConflict_noCallIsBlockedForIt() throws Exception {
    Faults faults = new Faults(7, 0, 20);
    TestAuthority service = new TestAuthority(faults);
    assertTenPlacesAreGivenOnce(service, 1);
    assertThat(faults.conflicts.get()).as("no conflict was injected").isGreaterThan(0);
  }

  private static void assertTenPlacesAreGivenOnce(TestAuthority service, int timesEach)
      throws Exception {
    service.ceiling(Scope.USER, "ada", MicroUsd.of(LIMIT.micros() * 2));
    service.ceiling(Scope.KEY, "ci", MicroUsd.of(LIMIT.micros() * 3));

    List<Answer> answers = askAtOnce(service, timesEach);

    Set<ReservationId> allowed = new HashSet<>();
    Set<ReservationId> blocked = new HashSet<>();
    for (Answer answer : answers) {
      Answer.Decided decided = (Answer.Decided) answer;
      (decided.decision().isBlocked() ? blocked : allowed)
          .add(Objects.requireNonNull(decided.reservation()).id());
    }
    assertThat(allowed.size()).isEqualTo(PLACES);
    assertThat(blocked.size()).isEqualTo(CALLERS - PLACES);
    for (Account account :
        List.of(
            service.run("run").account(),
            service.account(Scope.USER, "ada"),
            service.account(Scope.KEY, "ci"))) {
      assertThat(account.reserved()).as(account.key().toString()).isEqualTo(LIMIT);
      assertThat(account.committed()).isEqualTo(MicroUsd.ZERO);
    }

    for (ReservationId id : allowed) {
      service.commit(id, 0, 600);
      service.commit(id, 0, 600);
    }
    for (Account account :
        List.of(
            service.run("run").account(),
            service.account(Scope.USER, "ada"),
            service.account(Scope.KEY, "ci"))) {
      assertThat(account.reserved()).as(account.key().toString()).isEqualTo(MicroUsd.ZERO);
      assertThat(account.committed()).isEqualTo(MicroUsd.of(5 * 600 * PLACES));
    }
  }

  /// A caller without an answer sends the same ask again. A slow database makes that needed when 64
  /// callers share one account.
  private static Answer untilAnswered(TestAuthority service, String key) {
    for (int attempt = 1; ; attempt++) {
      try {
        return service.ask(key, "run", 0, OUTPUT_TOKENS, LIMIT);
      } catch (StorageUnavailable | StorageContended e) {
        if (attempt == MAX_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private static List<Answer> askAtOnce(TestAuthority service, int timesEach) throws Exception {
    CyclicBarrier start = new CyclicBarrier(CALLERS);
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Callable<List<Answer>>> asks = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        String key = "key-" + caller;
        asks.add(
            () -> {
              start.await();
              List<Answer> answers = new ArrayList<>();
              for (int time = 0; time < timesEach; time++) {
                answers.add(untilAnswered(service, key));
              }
              return answers;
            });
      }
      List<Answer> answers = new ArrayList<>();
      for (Future<List<Answer>> future : callers.invokeAll(asks)) {
        answers.addAll(future.get());
      }
      return answers;
    }
  }
}
