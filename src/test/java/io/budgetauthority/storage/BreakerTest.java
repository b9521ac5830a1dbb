package io.budgetauthority.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.local.LocalCloudForTests;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// When calls to a database that does not answer are not sent any more.
class BreakerTest {

  /// Whether the database answers, and how many calls were really sent.
  private static final class Line implements ExecutionInterceptor {
    private boolean unavailable;
    private int sent;

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      sent++;
      if (unavailable) {
        throw SdkClientException.create("injected: nobody answers");
      }
    }
  }

  private final AtomicLong nanos = new AtomicLong(1);
  private final Line line = new Line();
  private final DynamoDbClient client =
      LocalCloudForTests.dynamoDb()
          .overrideConfiguration(
              it ->
                  it.addExecutionInterceptor(new Breaker(nanos::get))
                      .addExecutionInterceptor(line)
                      .retryStrategy(retry -> retry.maxAttempts(1)))
          .build();

  @AfterEach
  void close() {
    client.close();
  }

  /// Whether a call was sent, whatever came of it.
  private boolean isSent() {
    int before = line.sent;
    try {
      var unused = client.listTables();
    } catch (SdkException e) {
      // InjectedOutage.
    }
    return line.sent > before;
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private void fallAway() {
    line.unavailable = true;
    assertThat(isSent()).isTrue();
    pass(Duration.ofMillis(2_000));
    assertThat(isSent()).isTrue();
  }

  @Test
  void whenTwoSecondsAreNotOver_callsAreStillSent() {
    line.unavailable = true;
    assertThat(isSent()).isTrue();
    pass(Duration.ofMillis(1_999));
    assertThat(isSent()).isTrue();
    assertThat(isSent()).as("two seconds are not over").isTrue();
  }

  @Test
  void whenNothingAnswersForTwoSeconds_onlyTrialCallsAreSent() {
    fallAway();
    assertThat(isSent()).isFalse();
    pass(Duration.ofMillis(500));
    assertThat(isSent()).as("the one that tries").isTrue();
    assertThat(isSent()).as("it failed").isFalse();
    line.unavailable = false;
    pass(Duration.ofMillis(500));
    assertThat(isSent()).isTrue();
    assertThat(isSent()).as("it closed again").isTrue();
  }

  @Test
  void whenAnAnswerComesBetweenFailures_callsAreStillSent() {
    line.unavailable = true;
    assertThat(isSent()).isTrue();
    line.unavailable = false;
    pass(Duration.ofMillis(1_500));
    assertThat(isSent()).isTrue();
    line.unavailable = true;
    pass(Duration.ofMillis(1_500));
    assertThat(isSent()).isTrue();
    assertThat(isSent()).isTrue();
  }

  @Test
  void whenACallIsRefused_itCountsAsAnAnswer() {
    fallAway();
    pass(Duration.ofMillis(500));
    line.unavailable = false;
    try {
      var unused = client.describeTable(it -> it.tableName("no-such-table"));
    } catch (SdkException e) {
      // Refused, by somebody who is there.
    }
    assertThat(isSent()).isTrue();
    assertThat(isSent()).isTrue();
  }

  @Test
  void whenFailuresAreFarApart_theyAreNotOneOutage() {
    line.unavailable = true;
    assertThat(isSent()).isTrue();
    pass(Duration.ofSeconds(6));
    assertThat(isSent()).isTrue();
    assertThat(isSent()).isTrue();
  }
}
