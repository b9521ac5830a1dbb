package io.budgetauthority.price;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// `If-Match` and `If-None-Match: *` of a put, as S3 honours them and the server on the local build
/// does not: whoever shares one of these writes one at a time, and only where the condition holds.
public final class ConditionalWrites implements ExecutionInterceptor {

  private static final ExecutionAttribute<Boolean> HOLDS =
      new ExecutionAttribute<>("holds the one permit");

  private final S3Client server;
  private final Semaphore permit = new Semaphore(1);

  public ConditionalWrites(S3Client server) {
    this.server = server;
  }

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    if (context.request() instanceof PutObjectRequest put) {
      permit.acquireUninterruptibly();
      attributes.putAttribute(HOLDS, true);
      String there = tag(put);
      boolean holds =
          (put.ifMatch() == null || put.ifMatch().equals(there))
              && (put.ifNoneMatch() == null || there == null);
      if (!holds) {
        release(attributes);
        throw S3Exception.builder().statusCode(412).message("injected: PreconditionFailed").build();
      }
    }
  }

  private @Nullable String tag(PutObjectRequest put) {
    try {
      return server.headObject(head -> head.bucket(put.bucket()).key(put.key())).eTag();
    } catch (NoSuchKeyException e) {
      return null;
    }
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    release(attributes);
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    release(attributes);
  }

  private void release(ExecutionAttributes attributes) {
    if (Boolean.TRUE.equals(attributes.getAttribute(HOLDS))) {
      attributes.putAttribute(HOLDS, false);
      permit.release();
    }
  }
}
