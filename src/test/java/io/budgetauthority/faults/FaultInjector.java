package io.budgetauthority.faults;

import io.budgetauthority.local.InjectedConflict;
import io.budgetauthority.storage.Breaker;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ProvisionedThroughputExceededException;

/// Faults at the SDK's edge, by a seed, counted by kind.
final class FaultInjector implements ExecutionInterceptor {

  /// What can go wrong with a call to DynamoDB.
  enum Kind {
    LOST_ANSWER(30),
    CONFLICT(30),
    THROTTLE(10),
    DELAY(20),
    KILL_BEFORE(4),
    KILL_AFTER(6),
    OUTAGE(0);

    /// How often, in a thousand calls.
    private final int permille;

    Kind(int permille) {
      this.permille = permille;
    }
  }

  /// The process that was running ends here and now: nothing of it catches this.
  static final class Killed extends Error {
    private static final long serialVersionUID = 1;

    Killed() {
      super("the process was killed", null, false, false);
    }
  }

  private static final int MAX_DELAY_MILLIS = 15;

  private final long seed;
  private final AtomicLong calls = new AtomicLong();
  private final Map<Kind, AtomicLong> counts = new EnumMap<>(Kind.class);
  private volatile boolean active = true;
  private volatile boolean unavailable;

  FaultInjector(long seed) {
    this.seed = seed;
    for (Kind kind : Kind.values()) {
      counts.put(kind, new AtomicLong());
    }
  }

  /// From now on nothing goes wrong any more.
  void stop() {
    active = false;
    unavailable = false;
  }

  void setUnavailable(boolean isUnavailable) {
    unavailable = isUnavailable;
  }

  Map<Kind, AtomicLong> counts() {
    return counts;
  }

  private RandomGenerator chance() {
    return RandomGeneratorFactory.of("SplittableRandom")
        .create(seed * 31 + calls.incrementAndGet());
  }

  private boolean strikes(Kind kind, RandomGenerator chance) {
    boolean strikes = active && chance.nextInt(1_000) < kind.permille;
    if (strikes) {
      count(kind);
    }
    return strikes;
  }

  private void count(Kind kind) {
    AtomicLong count = counts.get(kind);
    if (count != null) {
      count.incrementAndGet();
    }
  }

  @Override
  public void beforeTransmission(
      Context.BeforeTransmission context, ExecutionAttributes attributes) {
    if (unavailable) {
      count(Kind.OUTAGE);
      throw new Breaker.Open();
    }
    RandomGenerator chance = chance();
    if (strikes(Kind.DELAY, chance)) {
      delay(chance.nextInt(MAX_DELAY_MILLIS));
    }
    if (strikes(Kind.KILL_BEFORE, chance)) {
      throw new Killed();
    }
    if (strikes(Kind.THROTTLE, chance)) {
      throw ProvisionedThroughputExceededException.builder()
          .message("injected throttling")
          .statusCode(400)
          .awsErrorDetails(error("ProvisionedThroughputExceededException"))
          .build();
    }
    DynamoDbException conflict = InjectedConflict.of(context.request());
    if (conflict != null && strikes(Kind.CONFLICT, chance)) {
      throw conflict;
    }
  }

  @Override
  public void afterUnmarshalling(
      Context.AfterUnmarshalling context, ExecutionAttributes attributes) {
    RandomGenerator chance = chance();
    if (strikes(Kind.LOST_ANSWER, chance)) {
      throw SdkClientException.create("injected: the answer was lost");
    }
    if (strikes(Kind.KILL_AFTER, chance)) {
      throw new Killed();
    }
  }

  private static AwsErrorDetails error(String code) {
    return AwsErrorDetails.builder().errorCode(code).serviceName("DynamoDb").build();
  }

  private static void delay(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
