package io.budgetauthority;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// Faults at the SDK's edge, by a seed: answers that are lost after the server acted, and
/// transactions that are refused for a conflict before it did.
public final class Faults implements ExecutionInterceptor {

  private final int lostPercent;
  private final int conflictPercent;
  private final long seed;
  private final AtomicLong calls = new AtomicLong();
  public final AtomicInteger lost = new AtomicInteger();
  public final AtomicInteger conflicts = new AtomicInteger();

  public Faults(long seed, int lostPercent, int conflictPercent) {
    this.seed = seed;
    this.lostPercent = lostPercent;
    this.conflictPercent = conflictPercent;
  }

  private boolean strikes(int percent) {
    RandomGenerator random =
        RandomGeneratorFactory.of("SplittableRandom").create(seed * 31 + calls.incrementAndGet());
    return random.nextInt(100) < percent;
  }

  @Override
  public void beforeTransmission(
      Context.BeforeTransmission context, ExecutionAttributes attributes) {
    if (context.request() instanceof TransactWriteItemsRequest request
        && strikes(conflictPercent)) {
      conflicts.incrementAndGet();
      throw TransactionCanceledException.builder()
          .message("injected conflict")
          .statusCode(400)
          .awsErrorDetails(
              AwsErrorDetails.builder()
                  .errorCode("TransactionCanceledException")
                  .serviceName("DynamoDb")
                  .build())
          .cancellationReasons(
              request.transactItems().stream()
                  .map(item -> CancellationReason.builder().code("TransactionConflict").build())
                  .toList())
          .build();
    }
  }

  @Override
  public void afterUnmarshalling(
      Context.AfterUnmarshalling context, ExecutionAttributes attributes) {
    if (strikes(lostPercent)) {
      lost.incrementAndGet();
      throw SdkClientException.create("injected: the answer was lost");
    }
  }
}
