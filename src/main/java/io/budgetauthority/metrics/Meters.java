package io.budgetauthority.metrics;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The service's metrics, named here and nowhere else (docs/reference/metrics.md). They go to every
/// registry that the build has. A tag has few values, and none that a tenant chose. Safe for use by
/// many threads.
public final class Meters {

  /// The value of a tag that does not apply.
  private static final String NONE = "none";

  /// The most that is recorded, in percent of the estimate. For a usage far below it, far too much
  /// was held.
  private static final long MAX_PERCENT = 10_000;

  private static final Duration MAX_HOLD = Duration.ofHours(2);

  /// The longest time that is recorded: a clock that is wrong by much must not overflow a sum.
  private static final Duration MAX_TIME = Duration.ofDays(400);

  private static final Logger LOG = Logger.getLogger("budget.metrics");

  private Meters() {}

  /// Counts what was just written. A failure to count is logged and never reaches the caller,
  /// because its write is done.
  public static void afterWrite(Runnable count) {
    try {
      count.run();
    } catch (RuntimeException e) {
      LOG.warn("a metric could not be counted", e);
    }
  }

  private static Duration bounded(Duration time) {
    if (time.isNegative()) {
      return Duration.ZERO;
    }
    return time.compareTo(MAX_TIME) > 0 ? MAX_TIME : time;
  }

  /// A decision was made and recorded.
  ///
  /// @param outcome `allow`, `downgrade`, `advisory_warn` or `block`
  /// @param mode the enforcement mode
  /// @param code the code of a block or a warning; null where there is none
  public static void decided(String outcome, String mode, @Nullable String code) {
    Metrics.counter(
            "budget.decisions",
            "outcome",
            outcome,
            "mode",
            mode,
            "code",
            code == null ? NONE : code)
        .increment();
  }

  /// An earlier decision was answered again.
  public static void replayed() {
    Metrics.counter("budget.replays").increment();
  }

  /// Usage was charged in place of an estimate.
  ///
  /// @param quality of the usage report: `exact`, `estimated`, `missing` or `presumed`
  /// @param estimateMicros what was estimated, in micro-USD
  /// @param actualMicros what is charged, in micro-USD
  /// @param held the time from the decision to the charge
  public static void charged(
      String quality, long estimateMicros, long actualMicros, Duration held) {
    Metrics.counter("budget.charges", "quality", quality).increment();
    Timer.builder("budget.hold.time")
        .maximumExpectedValue(MAX_HOLD)
        .register(Metrics.globalRegistry)
        .record(bounded(held));
    if (estimateMicros > 0) {
      DistributionSummary.builder("budget.actual.percent_of_estimate")
          .register(Metrics.globalRegistry)
          .record(Math.min(MAX_PERCENT, percent(actualMicros, estimateMicros)));
    }
    if (actualMicros > estimateMicros) {
      Metrics.counter("budget.overruns").increment();
    }
  }

  private static long percent(long part, long whole) {
    return part > Long.MAX_VALUE / 100 ? MAX_PERCENT : part * 100 / whole;
  }

  /// A hold was freed without a charge.
  public static void released() {
    Metrics.counter("budget.releases").increment();
  }

  /// Something used had no price: it is listed as unpriced.
  public static void unpriced() {
    Metrics.counter("budget.unpriced").increment();
  }

  /// Usage that had no decision was charged.
  public static void unreserved() {
    Metrics.counter("budget.unreserved").increment();
  }

  /// Usage or a late decision named another principal's run.
  public static void orphaned() {
    Metrics.counter("budget.orphans").increment();
  }

  /// A transaction conflicted with another one and was sent again.
  public static void contended() {
    Metrics.counter("budget.contention.retries").increment();
  }

  /// A call still conflicted at its deadline and failed.
  public static void gaveUp() {
    Metrics.counter("budget.contention").increment();
  }

  /// The sums of an account did not add up and were corrected.
  public static void accountRepaired() {
    Metrics.counter("budget.accounts.repaired").increment();
  }

  /// The ledger did not answer a call by its deadline.
  public static void ledgerWasAway() {
    Metrics.counter("budget.ledger.unavailable").increment();
  }

  /// A call of a tenant that fails open was let through during an outage.
  public static void failedOpen() {
    Metrics.counter("budget.fail_open").increment();
  }

  /// A call of an advisory tenant was let through, and neither the ledger nor the usage queue
  /// accepted its decision.
  public static void lost() {
    Metrics.counter("budget.fail_open.lost").increment();
  }

  /// A call of a tenant that fails closed was refused during an outage.
  public static void failedClosed() {
    Metrics.counter("budget.fail_closed").increment();
  }

  /// A sweep was completed, or its time was over.
  public static void swept(
      int expired, int presumed, int released, int runsEnded, int increasesEnded, int failed) {
    Metrics.counter("budget.sweep.runs").increment();
    Metrics.counter("budget.expired").increment(expired);
    Metrics.counter("budget.presumed").increment(presumed);
    Metrics.counter("budget.sweep.released").increment(released);
    Metrics.counter("budget.runs.expired").increment(runsEnded);
    Metrics.counter("budget.increases.ended").increment(increasesEnded);
    Metrics.counter("budget.sweep.failures").increment(failed);
  }

  /// A message of the usage queue was handled.
  ///
  /// @param outcome `done`, `later`, `put_back` or `dead`
  public static void message(String outcome) {
    Metrics.counter("budget.queue.messages", "outcome", outcome).increment();
    if (outcome.equals("dead")) {
      Metrics.counter("budget.queue.dead").increment();
    }
  }

  /// The age of a message when it was received.
  public static void messageAge(Duration age) {
    Metrics.timer("budget.queue.age").record(bounded(age));
  }

  /// The price table that applies could not be refreshed.
  public static void pricesNotRefreshed() {
    Metrics.counter("budget.price_table.refresh_failures").increment();
  }

  /// A change of a tenant's configuration could not be published.
  public static void notPublished() {
    Metrics.counter("budget.publication_failures").increment();
  }

  /// How long ago the price table that applies was published, computed whenever metrics are read.
  public static void priceTableAge(Supplier<Duration> age) {
    Gauge.builder("budget.price_table.age.seconds", () -> age.get().toSeconds())
        .register(Metrics.globalRegistry);
  }

  /// The process started, which on Lambda is a cold start.
  public static void started() {
    Metrics.counter("budget.cold_starts").increment();
  }
}
