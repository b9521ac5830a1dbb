package io.budgetauthority.local;

import io.budgetauthority.configuration.write.SnapshotPublisher;
import io.budgetauthority.settlement.Sweeper;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.jboss.logging.Logger;

/// Runs in the local build what a schedule starts on AWS.
@Singleton
final class LocalErrands {

  private static final Logger LOG = Logger.getLogger("budget.local");
  private static final Duration A_SWEEP = Duration.ofSeconds(50);

  private final Sweeper sweeper;

  private final SnapshotPublisher snapshotPublisher;

  LocalErrands(Sweeper sweeper, SnapshotPublisher snapshotPublisher) {
    this.sweeper = sweeper;
    this.snapshotPublisher = snapshotPublisher;
  }

  @Scheduled(
      every = "${budget.local.sweep-every}",
      delayed = "${budget.local.sweep-every}",
      concurrentExecution = ConcurrentExecution.SKIP)
  void sweep() {
    try {
      var unused = sweeper.sweep(A_SWEEP);
      snapshotPublisher.publishPending();
    } catch (Throwable e) {
      LOG.warnf("the sweep ended early: %s", e.getMessage());
    }
  }
}
