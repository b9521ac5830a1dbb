package io.budgetauthority;

import io.budgetauthority.local.InjectedConflict;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;

/// Faults at the SDK's edge, by a seed: answers that are lost after the server acted, and writes
/// that are refused for a conflict before it did.
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
    DynamoDbException conflict = InjectedConflict.of(context.request());
    if (conflict != null && strikes(conflictPercent)) {
      conflicts.incrementAndGet();
      throw conflict;
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
