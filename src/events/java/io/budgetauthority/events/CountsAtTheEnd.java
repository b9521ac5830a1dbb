package io.budgetauthority.events;

import io.budgetauthority.metrics.EmbeddedMetrics;
import jakarta.annotation.Priority;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;

/// Writes the metrics of an invocation at its end, whether it succeeds or fails.
@Counted
@Interceptor
@Priority(Interceptor.Priority.APPLICATION)
final class CountsAtTheEnd {

  private final EmbeddedMetrics metrics;

  CountsAtTheEnd(EmbeddedMetrics metrics) {
    this.metrics = metrics;
  }

  @AroundInvoke
  Object invoke(InvocationContext invocation) throws Exception {
    try {
      return invocation.proceed();
    } finally {
      metrics.flush();
    }
  }
}
