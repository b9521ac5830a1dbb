package io.budgetauthority;

import io.budgetauthority.metrics.Meters;
import io.budgetauthority.price.table.PriceBook;
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

/// Refreshes the price book at start and then once a minute, so that no request waits for it. The
/// service is ready once it has a price table. The state of the ledger does not count, because the
/// protocol says how to answer without it.
@Singleton
@Readiness
final class PriceRefresh implements HealthCheck, Resource {

  private static final Logger LOG = Logger.getLogger("budget.prices");

  /// Runs this after the local build has put its first table into the bucket.
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
    // A snapshot's prices need no preparation, because they are read again after it.
  }

  /// Starts again when a function is restored from a snapshot of Lambda's (SnapStart). The
  /// snapshot, and its price table, may be weeks old. Outside Lambda nobody calls this.
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
