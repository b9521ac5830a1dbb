package io.budgetauthority.local;

import io.budgetauthority.price.table.IncomingPrices;
import io.budgetauthority.price.table.IncomingPrices.Found;
import io.budgetauthority.price.table.IncomingPrices.Taken;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.HashSet;
import java.util.Set;
import org.jboss.logging.Logger;

/// Looks for price files that somebody put into the local build's bucket under `incoming/`. On AWS
/// an event of the bucket starts this.
@Singleton
final class IncomingPoller {

  private static final Logger LOG = Logger.getLogger("budget.local");

  private final IncomingPrices incoming;
  private final Set<String> taken = new HashSet<>();
  private volatile boolean stopping;

  IncomingPoller(IncomingPrices incoming) {
    this.incoming = incoming;
  }

  @Scheduled(every = "5s", delayed = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void poll() {
    try {
      for (Found found : incoming.found()) {
        if (!taken.contains(found.identity())) {
          report(found.key(), incoming.take(found.key()));
          taken.add(found.identity());
        }
      }
    } catch (Throwable e) {
      // The local cloud may stop before this poller does.
      if (!stopping) {
        LOG.errorf(e, "a price file that was dropped could not be taken; it is tried again");
      }
    }
  }

  void onStop(@Observes ShutdownEvent event) {
    stopping = true;
  }

  private static void report(String key, Taken outcome) {
    switch (outcome) {
      case Taken.Published it ->
          LOG.infof("%s is price table %s, published", key, it.table().version());
      case Taken.Waiting it ->
          LOG.infof(
              "%s is price table %s; publish it once its review is read",
              key, it.table().version());
      case Taken.Refused it ->
          LOG.errorf("%s makes no price table: %s", key, it.review().problems());
      case Taken.Gone it -> LOG.infof("%s is gone", key);
    }
  }
}
