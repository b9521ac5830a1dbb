package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

/// Somebody else takes the money between the reading of a balance and the hold: the call is decided
/// again by the balances that are there then (protocol.md#downgrade).
class RaceTest {

  /// A rival that is let in between a decision and its transaction, so many times.
  private static final class Rival implements ExecutionInterceptor {
    private Runnable acts = () -> {};
    private @Nullable Runnable gives;
    private int times;
    private boolean owes;

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      if (times > 0 && context.request() instanceof TransactWriteItemsRequest) {
        int left = times - 1;
        // What it sends itself is let through.
        times = 0;
        acts.run();
        times = left;
        owes = gives != null;
      } else if (owes && gives != null && context.request() instanceof BatchGetItemRequest) {
        owes = false;
        int left = times;
        times = 0;
        gives.run();
        times = left;
      }
    }
  }

  private final Rival rival = new Rival();
  private final TestAuthority service = new TestAuthority(rival);

  /// The rival is another process: one process never writes an account twice at one time.
  private final TestAuthority other = service.anotherProcess();

  private int rivals;

  /// The rival holds so much of the user's ceiling, in a run of its own, each time that it is let
  /// in.
  private void letIn(int times, long outputTokens) {
    rival.times = times;
    rival.acts = () -> take(outputTokens);
  }

  private void take(long outputTokens) {
    rivals++;
    Answer taken = other.ask("rival-" + rivals, "rival-" + rivals, 0, outputTokens, null);
    assertThat(assertInstanceOf(Answer.Decided.class, taken).decision().verdict().wireName())
        .isEqualTo("allow");
  }

  private Decision ask() {
    return assertInstanceOf(Answer.Decided.class, service.ask("call", "run", 0, 10_000, null))
        .decision();
  }

  @Test
  void whenAnotherCallTakesTheMoneyFirst_theCallIsBlocked() {
    service.policy(Policy.DEFAULT);
    service.ceiling(Scope.USER, "ada", MicroUsd.parse("0.06"));
    letIn(1, 4_000);

    Decision decision = ask();

    assertThat(decision.verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(decision.remaining())
        .as("as it is now, not as it was read")
        .isEqualTo(MicroUsd.parse("0.04"));
    assertThat(service.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.parse("0.02"));
  }

  @Test
  void whenAnotherCallTakesTheMoneyFirst_anAlternativeIsUsed() {
    service.policy(
        TestAuthority.policyWithDowngrade(
            Policy.DEFAULT,
            new Policy.DowngradeRule(
                List.of(TestAuthority.MODEL),
                List.of(
                    new Policy.DowngradeRule.Alternative(
                        null, TestAuthority.CHEAP_MODEL, null, null, List.of())),
                null)));
    service.ceiling(Scope.USER, "ada", MicroUsd.parse("0.06"));
    letIn(1, 4_000);

    Decision decision = ask();

    assertThat(decision.verdict().wireName()).isEqualTo("downgrade");
    assertThat(decision.model().selected()).isEqualTo(TestAuthority.CHEAP_MODEL);
    assertThat(service.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.parse("0.025"));
  }

  /// What the rival takes it has given back by the time that the balance is read again.
  @Test
  void whenACallLosesFourRounds_itIsHeldInTheFifth() {
    service.policy(Policy.DEFAULT);
    service.ceiling(Scope.USER, "ada", MicroUsd.parse("0.06"));
    letIn(4, 4_000);
    rival.gives =
        () -> other.settlement.release(other.gateway, other.idOf("rival-" + rivals), null);

    assertThat(ask().verdict().wireName()).isEqualTo("allow");

    assertThat(rivals).isEqualTo(4);
    assertThat(service.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.parse("0.05"));
  }
}
