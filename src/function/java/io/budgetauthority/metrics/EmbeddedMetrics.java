package io.budgetauthority.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.cumulative.CumulativeCounter;
import io.micrometer.core.instrument.cumulative.CumulativeDistributionSummary;
import io.micrometer.core.instrument.cumulative.CumulativeTimer;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.pause.PauseDetector;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import software.amazon.cloudwatchlogs.emf.model.DimensionSet;
import software.amazon.cloudwatchlogs.emf.model.MetricsContext;
import software.amazon.cloudwatchlogs.emf.model.Unit;

/// Writes the metrics of a function to its log, as lines in CloudWatch's [embedded metric
/// format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html),
/// from which CloudWatch makes metrics. This needs no call, and nothing waits for it. Lambda
/// freezes a function between invocations, so each invocation writes its metrics before it answers.
/// An invocation that is aborted loses them.
///
/// Every metric has the dimension `deployment`. A metric with tags is written a second time, with a
/// dimension for each tag. Counters are summed up. Each measured value is written. A gauge is
/// written together with other metrics of the same tags.
@Singleton
@RegisterForReflection(
    classNames = {
      "software.amazon.cloudwatchlogs.emf.model.Metadata",
      "software.amazon.cloudwatchlogs.emf.model.MetricDefinition",
      "software.amazon.cloudwatchlogs.emf.model.MetricDirective",
      "software.amazon.cloudwatchlogs.emf.model.RootNode",
      "software.amazon.cloudwatchlogs.emf.model.EmptyMetricsFilter",
      "software.amazon.cloudwatchlogs.emf.serializers.InstantDeserializer",
      "software.amazon.cloudwatchlogs.emf.serializers.InstantSerializer",
      "software.amazon.cloudwatchlogs.emf.serializers.StorageResolutionFilter",
      "software.amazon.cloudwatchlogs.emf.serializers.StorageResolutionSerializer",
      "software.amazon.cloudwatchlogs.emf.serializers.UnitDeserializer",
      "software.amazon.cloudwatchlogs.emf.serializers.UnitSerializer"
    })
public final class EmbeddedMetrics extends SimpleMeterRegistry {

  /// The namespace that `infra/watch.yaml` reads.
  private static final String NAMESPACE = "BudgetAuthority";

  private static final String DEPLOYMENT = "deployment";
  private static final String OURS = "budget.";

  private final String deployment;
  private final Clock time;
  private final Consumer<String> log;
  private final Queue<Recorded> recorded = new ConcurrentLinkedQueue<>();

  @Inject
  EmbeddedMetrics(
      @ConfigProperty(name = "budget.metrics-deployment", defaultValue = "budget-authority")
          String deployment,
      Clock time) {
    this(deployment, time, System.out::println);
  }

  EmbeddedMetrics(String deployment, Clock time, Consumer<String> log) {
    this.deployment = deployment;
    this.time = time;
    this.log = log;
    config().meterFilter(MeterFilter.denyUnless(id -> id.getName().startsWith(OURS)));
  }

  /// Writes what was counted and measured since the last flush. It writes nothing if there is
  /// nothing.
  public void flush() {
    Map<List<Tag>, MetricsContext> lines = new LinkedHashMap<>();
    Map<Meter.Id, Double> sums = new LinkedHashMap<>();
    for (Recorded next = recorded.poll(); next != null; next = recorded.poll()) {
      if (next.unit() == Unit.COUNT) {
        sums.merge(next.id(), next.value(), Double::sum);
      } else {
        line(lines, next.id()).putMetric(next.id().getName(), next.value(), next.unit());
      }
    }
    sums.forEach((id, sum) -> line(lines, id).putMetric(id.getName(), sum, Unit.COUNT));
    for (Meter meter : getMeters()) {
      MetricsContext line = lines.get(meter.getId().getTags());
      if (meter instanceof Gauge gauge && line != null) {
        line.putMetric(gauge.getId().getName(), gauge.value(), Unit.NONE);
      }
    }
    lines.values().forEach(this::write);
  }

  /// The line for a set of tags, which are its dimensions.
  private MetricsContext line(Map<List<Tag>, MetricsContext> lines, Meter.Id id) {
    return lines.computeIfAbsent(
        id.getTags(),
        tags -> {
          MetricsContext line = new MetricsContext();
          line.setNamespace(NAMESPACE);
          line.setDimensions(DimensionSet.of(DEPLOYMENT, deployment));
          if (!tags.isEmpty()) {
            DimensionSet apart = DimensionSet.of(DEPLOYMENT, deployment);
            tags.forEach(tag -> apart.addDimension(tag.getKey(), tag.getValue()));
            line.putDimension(apart);
          }
          line.setTimestamp(time.instant());
          return line;
        });
  }

  private void write(MetricsContext line) {
    try {
      line.serialize().forEach(log);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A line of metrics cannot be written", e);
    }
  }

  private record Recorded(Meter.Id id, double value, Unit unit) {}

  @Override
  protected Counter newCounter(Meter.Id id) {
    return new CumulativeCounter(id) {
      @Override
      public void increment(double amount) {
        super.increment(amount);
        if (amount > 0) {
          recorded.add(new Recorded(id, amount, Unit.COUNT));
        }
      }
    };
  }

  @Override
  protected Timer newTimer(
      Meter.Id id, DistributionStatisticConfig config, PauseDetector pauseDetector) {
    return new CumulativeTimer(id, clock, config, pauseDetector, getBaseTimeUnit(), false) {
      @Override
      protected void recordNonNegative(long amount, TimeUnit unit) {
        super.recordNonNegative(amount, unit);
        recorded.add(new Recorded(id, unit.toMillis(amount), Unit.MILLISECONDS));
      }
    };
  }

  @Override
  protected DistributionSummary newDistributionSummary(
      Meter.Id id, DistributionStatisticConfig config, double scale) {
    return new CumulativeDistributionSummary(id, clock, config, scale, false) {
      @Override
      protected void recordNonNegative(double amount) {
        super.recordNonNegative(amount);
        recorded.add(new Recorded(id, amount, Unit.NONE));
      }
    };
  }
}
