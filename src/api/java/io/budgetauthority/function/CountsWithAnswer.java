package io.budgetauthority.function;

import io.budgetauthority.metrics.EmbeddedMetrics;
import io.quarkus.vertx.http.runtime.filters.Filters;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/// Writes the metrics of a request just before its answer is written.
@Singleton
final class CountsWithAnswer {

  private static final int BEFORE_ALL_OTHERS = 10_000;

  private final EmbeddedMetrics metrics;

  CountsWithAnswer(EmbeddedMetrics metrics) {
    this.metrics = metrics;
  }

  void register(@Observes Filters filters) {
    filters.register(
        request -> {
          request.addHeadersEndHandler(_ -> metrics.flush());
          request.next();
        },
        BEFORE_ALL_OTHERS);
  }
}
