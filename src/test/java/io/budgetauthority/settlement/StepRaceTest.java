package io.budgetauthority.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// Two calls at the same time of which one stops half way, while the other is answered.
class StepRaceTest {

  private final TestAuthority one = new TestAuthority();
  private final Stop stop = new Stop(UpdateItemRequest.class, 1);

  /// Stops a process before its n-th call of a kind, until it is told to go on.
  private static final class Stop implements ExecutionInterceptor {

    private final Class<? extends SdkRequest> kind;
    private final int number;
    private final AtomicInteger calls = new AtomicInteger();
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);

    Stop(Class<? extends SdkRequest> kind, int number) {
      this.kind = kind;
      this.number = number;
    }

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      if (kind.isInstance(context.request()) && calls.incrementAndGet() == number) {
        reached.countDown();
        try {
          assertThat(go.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }

    void awaitReached() throws InterruptedException {
      assertThat(reached.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  private void reserve() {
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    assertThat(
            one.authority.decide(
                Ask.of(
                    one.gateway,
                    new AskBuilder()
                        .model(TestAuthority.MODEL)
                        .input(0)
                        .cap(100L)
                        .by("ada", "ci", null)
                        .explicitForward(true)
                        .build(),
                    "call",
                    "run")))
        .isInstanceOf(Answer.Decided.class);
  }

  private Reservation stored() {
    return one.ledger
        .find(one.tenantId, one.idOf("call"), Deadline.in(Duration.ofSeconds(5)))
        .orElseThrow();
  }

  /// The result of a forward that stops before its write, until another step is done.
  private Settlement.Result forwardWhile(TestAuthority slow, Supplier<Settlement.Result> otherStep)
      throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<Settlement.Result> forward =
          thread.submit(() -> slow.settlement.forward(slow.gateway, slow.idOf("call")));
      stop.awaitReached();
      assertThat(otherStep.get()).isInstanceOf(Settlement.Result.Done.class);
      stop.go.countDown();
      return forward.get();
    }
  }

  @Test
  void whenAForwardAndAnExtensionRace_neitherIsLost() throws Exception {
    reserve();
    Instant until = stored().expiresAt().plusSeconds(600);

    assertThat(
            forwardWhile(
                one.anotherProcess(stop),
                () -> one.settlement.extend(one.gateway, one.idOf("call"), until, null)))
        .isInstanceOf(Settlement.Result.Done.class);

    assertThat(stored().state()).isEqualTo(ReservationState.FORWARDED);
    assertThat(stored().expiresAt()).isEqualTo(until);
  }

  @Test
  void whenAForwardAndACommitRace_theCallIsSettledOnce() throws Exception {
    reserve();
    TestAuthority slow = one.anotherProcess(stop);

    assertThat(forwardWhile(slow, () -> one.commit(one.idOf("call"), 0, 40)))
        .isInstanceOf(Settlement.Result.Refused.class);
    assertThat(slow.commit(slow.idOf("call"), 0, 40)).isInstanceOf(Settlement.Result.Done.class);

    assertThat(stored().state()).isEqualTo(ReservationState.COMMITTED);
    assertThat(one.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(200));
    assertThat(one.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.ZERO);
  }

  /// The run is bound to a team, so the accounts of the team are read after the run.
  @Test
  void whenAnotherUserBindsTheRunMeanwhile_aCallIsRefused() throws Exception {
    one.policy(Policy.DEFAULT);
    assertThat(one.authority.decide(askBy(null, "team", "first")))
        .isInstanceOf(Answer.Decided.class);
    Stop betweenReads = new Stop(BatchGetItemRequest.class, 2);
    TestAuthority slow = one.anotherProcess(betweenReads);
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<Answer> ada = thread.submit(() -> slow.authority.decide(askBy("ada", null, "second")));
      betweenReads.awaitReached();
      assertThat(one.authority.decide(askBy("bob", null, "third")))
          .isInstanceOf(Answer.Decided.class);
      betweenReads.go.countDown();
      assertThat(ada.get()).isInstanceOf(Answer.RunMismatch.class);
    }

    assertThat(one.run("run").tuple().userId()).isEqualTo("bob");
  }

  private Ask askBy(@Nullable String user, @Nullable String team, String key) {
    return Ask.of(
        one.gateway,
        new AskBuilder().model(TestAuthority.MODEL).input(0).cap(1L).by(user, "ci", team).build(),
        key,
        "run");
  }
}
