package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.Desk;
import io.budgetauthority.money.MicroUsd;
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
/// again by the balances that are there then (protocol section 2).
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
  private final Desk desk = new Desk(rival);
  private int rivals;

  /// The rival holds so much of the user's ceiling, in a run of its own, each time that it is let
  /// in.
  private void letIn(int times, long outputTokens) {
    rival.times = times;
    rival.acts = () -> take(outputTokens);
  }

  private void take(long outputTokens) {
    rivals++;
    Answer taken = desk.ask("rival-" + rivals, "rival-" + rivals, 0, outputTokens, null);
    assertEquals("allow", assertInstanceOf(Answer.Decided.class, taken).facts().decision());
  }

  private DecisionFacts ask() {
    return assertInstanceOf(Answer.Decided.class, desk.ask("call", "run", 0, 10_000, null)).facts();
  }

  @Test
  void moneyThatIsTakenInBetweenIsNotHeldTwice() {
    desk.policy(Policy.DEFAULT);
    desk.ceiling(Scope.USER, "ada", MicroUsd.parse("0.06"));
    letIn(1, 4_000);

    DecisionFacts facts = ask();

    assertEquals("user_ceiling_reached", facts.code());
    assertEquals(MicroUsd.parse("0.04"), facts.remaining(), "as it is now, not as it was read");
    assertEquals(MicroUsd.parse("0.02"), desk.account(Scope.USER, "ada").reserved());
  }

  @Test
  void anAlternativeThatFitsWhatIsLeftTakesItsPlace() {
    desk.policy(
        Desk.policyWithDowngrade(
            Policy.DEFAULT,
            new Policy.DowngradeRule(
                List.of(Desk.MODEL),
                List.of(
                    new Policy.DowngradeRule.Alternative(
                        null, Desk.CHEAP_MODEL, null, null, List.of())),
                null)));
    desk.ceiling(Scope.USER, "ada", MicroUsd.parse("0.06"));
    letIn(1, 4_000);

    DecisionFacts facts = ask();

    assertEquals("downgrade", facts.decision());
    assertEquals(Desk.CHEAP_MODEL, facts.selectedModel());
    assertEquals(MicroUsd.parse("0.025"), desk.account(Scope.USER, "ada").reserved());
  }

  /// What the rival takes it has given back by the time that the balance is read again.
  @Test
  void aCallThatIsOutrunFourTimesIsHeldInTheFifthRound() {
    desk.policy(Policy.DEFAULT);
    desk.ceiling(Scope.USER, "ada", MicroUsd.parse("0.06"));
    letIn(4, 4_000);
    rival.gives = () -> desk.settlement.release(desk.gateway, desk.idOf("rival-" + rivals), null);

    assertEquals("allow", ask().decision());

    assertEquals(4, rivals);
    assertEquals(MicroUsd.parse("0.05"), desk.account(Scope.USER, "ada").reserved());
  }
}
