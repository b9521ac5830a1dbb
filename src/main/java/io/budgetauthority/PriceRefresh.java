package io.budgetauthority;

import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.PriceBook;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;

/// Keeps the price book fresh, off every request's path: at start, and then once a minute. Ready
/// means that there is a table to decide by; the ledger's state does not count, since the protocol
/// says what is answered then.
@Singleton
@Readiness
final class PriceRefresh implements HealthCheck, Resource {

  private static final Logger LOG = Logger.getLogger("budget.prices");

  /// After the local build has put its first table into the bucket.
  private static final int AFTER_FIRST_DATA = 3_000;

  private final PriceBook prices;

  private final Clock clock;

  PriceRefresh(PriceBook prices, Clock clock) {
    this.prices = prices;
    this.clock = clock;
  }

  void onStart(@Observes @Priority(AFTER_FIRST_DATA) StartupEvent event) {
    start();
    Core.getGlobalContext().register(this);
    Meters.priceTableAge(
        () ->
            prices
                .inForceSince()
                .map(since -> Duration.between(since, clock.instant()))
                .orElse(Duration.ZERO));
  }

  private void start() {
    refresh();
    Meters.started();
  }

  @Override
  public void beforeCheckpoint(Context<? extends Resource> context) {
    // What a snapshot has of prices is looked up again after it.
  }

  /// A function that goes on from a snapshot of Lambda's (SnapStart) starts: the snapshot may be
  /// weeks old, and its price table with it. Elsewhere nobody calls this.
  @Override
  public void afterRestore(Context<? extends Resource> context) {
    start();
  }

  @Scheduled(every = "60s", delayed = "60s")
  void refresh() {
    try {
      prices.refresh();
    } catch (RuntimeException e) {
      Meters.pricesNotRefreshed();
      LOG.errorf(e, "the price table could not be refreshed; the one in force stays");
    }
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("prices")
        .status(prices.current().isPresent())
        .withData("version", prices.current().map(table -> table.version()).orElse("none"))
        .withData("published_at", prices.inForceSince().map(Object::toString).orElse("never"))
        .build();
  }
}
