package io.budgetauthority.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Policy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportedUsageTest {

  private static final Invocation A_MINUTE = new Invocation(Duration.ofSeconds(60));
  private static final String NOT_YET = "00000000-0000-4000-8000-000000000003";

  private final TestAuthority service = new TestAuthority();
  private final ReportedUsage function = new ReportedUsage(service.usageQueue);
  private final Example example =
      Example.named("usage")
          .with("demo", service.tenantId)
          .with("2026-11-25T10:00:00Z", service.clock.instant().toString());

  private List<String> failures(Example event) {
    return function
        .handleRequest(event.asAwsEvent(SQSEvent.class), A_MINUTE)
        .getBatchItemFailures()
        .stream()
        .map(SQSBatchResponse.BatchItemFailure::getItemIdentifier)
        .toList();
  }

  @Test
  void whenABatchIsHandled_onlyMessagesForARetryFail() {
    service.policy(Policy.DEFAULT);
    assertThat(service.ask("event-usage", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);

    assertThat(failures(example))
        .as("what may succeed later comes again")
        .isEqualTo(List.of(NOT_YET));
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(200));
    List<String> reasons = service.queue.reasonsOfTheDead();
    assertThat(reasons).hasSize(1);

    assertThat(service.ask("event-not-yet", "run", 0, 100, null))
        .isInstanceOf(Answer.Decided.class);
    assertThat(failures(example)).as("and then does").isEmpty();
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(400));
  }

  @Test
  void whenTheReceiveCountIsAtItsMaximum_allAreDeadLetters() {
    service.policy(Policy.DEFAULT);
    Example last =
        example.with(
            "\"ApproximateReceiveCount\": \"1\"",
            "\"ApproximateReceiveCount\": \"" + TestAuthority.MAX_RECEIVES + "\"");

    assertThat(failures(last)).as("the last time it is given up").isEmpty();
    assertThat(service.queue.reasonsOfTheDead()).hasSize(3);
  }
}
