package io.budgetauthority;

import io.budgetauthority.storage.Breaker;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// A service that can be put out of reach and back, at the SDK's edge: as an open breaker has it,
/// so that nobody waits.
public final class InjectedOutage implements ExecutionInterceptor {

  private volatile boolean unavailable;

  public void set(boolean isUnavailable) {
    unavailable = isUnavailable;
  }

  @Override
  public void beforeTransmission(
      Context.BeforeTransmission context, ExecutionAttributes attributes) {
    if (unavailable) {
      throw new Breaker.Open();
    }
  }
}
