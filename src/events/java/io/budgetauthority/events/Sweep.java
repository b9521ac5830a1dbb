package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import io.budgetauthority.configuration.write.SnapshotPublisher;
import io.budgetauthority.settlement.Sweeper;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.Map;
import org.jboss.logging.Logger;

/// Runs the sweeper at every tick of the schedule: it settles reservations and ends runs that are
/// past their time. It also publishes the snapshots of tenants that the process which changed them
/// could not publish. A sweep ends before the function's own time does. The next sweep begins with
/// what is left.
@Counted
@Named("sweep")
public class Sweep implements RequestHandler<Map<String, Object>, Sweeper.Swept> {

  private static final Logger LOG = Logger.getLogger("budget.sweep");

  /// The time for one step that began at the last moment, and for the answer.
  private static final Duration TO_END = Duration.ofSeconds(10);

  private final Sweeper sweeper;
  private final SnapshotPublisher snapshotPublisher;

  Sweep(Sweeper sweeper, SnapshotPublisher snapshotPublisher) {
    this.sweeper = sweeper;
    this.snapshotPublisher = snapshotPublisher;
  }

  /// Runs one sweep. The content of the tick is not used. If the ledger does not answer, the
  /// exception is the function's error, which raises an alarm.
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
