package io.budgetauthority.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

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
    assertInstanceOf(Answer.Decided.class, service.ask("event-usage", "run", 0, 100, null));

    assertEquals(List.of(NOT_YET), failures(example), "what may succeed later comes again");
    assertEquals(MicroUsd.of(200), service.run("run").account().committed());
    List<String> reasons = service.queue.reasonsOfTheDead();
    assertEquals(1, reasons.size(), reasons.toString());

    assertInstanceOf(Answer.Decided.class, service.ask("event-not-yet", "run", 0, 100, null));
    assertEquals(List.of(), failures(example), "and then does");
    assertEquals(MicroUsd.of(400), service.run("run").account().committed());
  }

  @Test
  void whenTheReceiveCountIsAtItsMaximum_allAreDeadLetters() {
    service.policy(Policy.DEFAULT);
    Example last =
        example.with(
            "\"ApproximateReceiveCount\": \"1\"",
            "\"ApproximateReceiveCount\": \"" + TestAuthority.MAX_RECEIVES + "\"");

    assertEquals(List.of(), failures(last), "the last time it is given up");
    assertEquals(3, service.queue.reasonsOfTheDead().size());
  }
}
