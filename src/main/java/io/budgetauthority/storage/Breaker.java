package io.budgetauthority.storage;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// Keeps requests from waiting one after another for a database that does not answer. Once no call
/// was answered for about as long as a request waits, calls fail at once, except for one at a time
/// that tries again. It is an interceptor of the client, so that configuration and balances share
/// it. It uses the monotonic clock, because it measures durations. Safe for use by many threads.
public final class Breaker implements ExecutionInterceptor {

  private static final long OPENS_AFTER_NANOS = Duration.ofMillis(2_000).toNanos();
  private static final long STAYS_OPEN_NANOS = Duration.ofMillis(500).toNanos();

  /// After this time a probe that was not answered is given up, and another call may probe.
  private static final long PROBE_NANOS = Duration.ofMillis(3_000).toNanos();

  /// Failures that are further apart than this are not one outage.
  private static final long ONE_OUTAGE_NANOS = Duration.ofSeconds(5).toNanos();

  private static final long NEVER = 0;

  private final LongSupplier nanos;

  /// When this thread's call began. An execution attribute of the client does not work here,
  /// because its name is unique in the whole process, and a service that is reloaded has another
  /// class of this name.
  private final ThreadLocal<Long> began = new ThreadLocal<>();

  private final AtomicLong failingSince = new AtomicLong(NEVER);
  private final AtomicLong lastFailure = new AtomicLong(NEVER);
  private final AtomicLong openUntil = new AtomicLong(NEVER);

  public Breaker() {
    this(System::nanoTime);
  }

  /// @param nanos a monotonic clock
  Breaker(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /// The failure of a call that was not sent.
  public static final class Open extends SdkClientException {
    private static final long serialVersionUID = 1;

    public Open() {
      super(SdkClientException.builder().message("DynamoDB is unavailable; the call was not sent"));
    }

    @Override
    public boolean retryable() {
      return false;
    }
  }

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    long now = now();
    began.set(now);
    long until = openUntil.get();
    if (until == NEVER) {
      return;
    }
    boolean isProbe = now - until >= 0 && openUntil.compareAndSet(until, now + PROBE_NANOS);
    if (!isProbe) {
      throw new Open();
    }
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    answered();
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    Throwable thrown = context.exception();
    if (thrown instanceof Open) {
      return;
    }
    if (thrown instanceof AwsServiceException answer
        && (answer.statusCode() < 500 || answer.isThrottlingException())) {
      answered();
      return;
    }
    Long since = began.get();
    failed(since == null ? now() : since);
  }

  private void answered() {
    failingSince.set(NEVER);
    openUntil.set(NEVER);
  }

  private void failed(long callBegan) {
    long now = now();
    long last = lastFailure.getAndSet(now);
    long since = failingSince.get();
    if (since == NEVER || now - last > ONE_OUTAGE_NANOS) {
      since = callBegan;
      failingSince.set(since);
    }
    if (now - since >= OPENS_AFTER_NANOS) {
      openUntil.set(now + STAYS_OPEN_NANOS);
    }
  }

  /// The time of the clock, but never `NEVER`, which means that something did not happen.
  private long now() {
    long now = nanos.getAsLong();
    return now == NEVER ? 1 : now;
  }
}
