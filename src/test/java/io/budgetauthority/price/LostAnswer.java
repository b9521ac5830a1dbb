package io.budgetauthority.price;

import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/// Loses the answer of every put of one object after the server acted.
public final class LostAnswer implements ExecutionInterceptor {

  private final String key;

  public LostAnswer(String key) {
    this.key = key;
  }

  @Override
  public void afterUnmarshalling(
      Context.AfterUnmarshalling context, ExecutionAttributes attributes) {
    if (context.request() instanceof PutObjectRequest put && put.key().equals(key)) {
      throw SdkClientException.create("injected: the answer was lost");
    }
  }
}
