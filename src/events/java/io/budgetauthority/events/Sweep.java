package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.tenant.SnapshotPublisher;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.Map;
import org.jboss.logging.Logger;

/// Looks for reservations and runs past their time, at every tick of the schedule, and publishes
/// what changed of tenants and could not be published by whoever changed it. A sweep ends before
/// the function's own time does; what it leaves, the next one finds first.
@Counted
@Named("sweep")
public class Sweep implements RequestHandler<Map<String, Object>, Sweeper.Swept> {

  private static final Logger LOG = Logger.getLogger("budget.sweep");

  /// One step that was begun at the last moment, and the answer.
  private static final Duration TO_END = Duration.ofSeconds(10);

  private final Sweeper sweeper;
  private final SnapshotPublisher snapshotPublisher;

  Sweep(Sweeper sweeper, SnapshotPublisher snapshotPublisher) {
    this.sweeper = sweeper;
    this.snapshotPublisher = snapshotPublisher;
  }

  /// Nothing of the tick matters but that it came. What a ledger that does not answer throws is the
  /// function's error, which wakes somebody.
  @Override
  public Sweeper.Swept handleRequest(Map<String, Object> tick, Context context) {
    Duration time = Duration.ofMillis(context.getRemainingTimeInMillis()).minus(TO_END);
    Sweeper.Swept swept = sweeper.sweep(time.isNegative() ? Duration.ZERO : time);
    snapshotPublisher.publishPending();
    LOG.infof(
        "%d expired, %d presumed, %d released, %d runs ended, %d failed%s",
        swept.expired(),
        swept.presumed(),
        swept.released(),
        swept.runsEnded(),
        swept.failed(),
        swept.finished() ? "" : "; the time was up before everything due was looked at");
    return swept;
  }
}
