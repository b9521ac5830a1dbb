package io.budgetauthority.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.Metrics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EmbeddedMetricsTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /// A metric's name in an alarm, and in the dashboard.
  private static final Pattern WATCHED = Pattern.compile("(?:MetricName: |\")(budget\\.[a-z_.]+)");

  private final Instant now = Instant.now();
  private final List<String> log = new ArrayList<>();
  private final EmbeddedMetrics metrics =
      new EmbeddedMetrics("team-a", Clock.fixed(now, ZoneOffset.UTC), log::add);

  @Test
  void whenCountersAreWritten_theyAreOneLineOfTheDeployment() throws JsonProcessingException {
    metrics.counter("budget.releases").increment();
    metrics.counter("budget.releases").increment();
    metrics.counter("budget.overruns").increment(3);
    metrics.flush();
    assertThat(only())
        .isEqualTo(
            JSON.readTree(
                """
            {"_aws": {
                "Timestamp": %d,
                "CloudWatchMetrics": [{
                  "Namespace": "BudgetAuthority",
                  "Dimensions": [["deployment"]],
                  "Metrics": [{"Name": "budget.releases", "Unit": "Count"},
                              {"Name": "budget.overruns", "Unit": "Count"}]}]},
              "deployment": "team-a",
              "budget.releases": 2.0,
              "budget.overruns": 3.0}
            """
                    .formatted(now.toEpochMilli())));
  }

  @Test
  void whenTagsDiffer_eachSetIsALineThatCountsForTheWhole() throws JsonProcessingException {
    metrics.counter("budget.charges", "quality", "exact").increment();
    metrics.counter("budget.charges", "quality", "presumed").increment();
    metrics.counter("budget.overruns").increment();
    metrics.flush();
    List<JsonNode> lines = lines();
    assertThat(lines).hasSize(3);
    assertThat(dimensions(lines.get(0)))
        .isEqualTo(Set.of(Set.of("deployment"), Set.of("deployment", "quality")));
    assertThat(lines.get(0).get("quality").textValue()).isEqualTo("exact");
    assertThat(lines.get(1).get("quality").textValue()).isEqualTo("presumed");
    assertThat(lines.get(1).get("budget.charges").intValue()).isEqualTo(1);
    assertThat(dimensions(lines.get(2))).isEqualTo(Set.of(Set.of("deployment")));
    assertThat(lines.get(2).has("budget.charges")).isFalse();
  }

  @Test
  void whenValuesAreMeasured_everyValueIsWritten() throws JsonProcessingException {
    metrics.timer("budget.hold.time").record(Duration.ofMillis(1_500));
    metrics.timer("budget.hold.time").record(Duration.ofMillis(20));
    metrics.summary("budget.actual.percent_of_estimate").record(40);
    metrics.flush();
    JsonNode line = only();
    assertThat(line.get("budget.hold.time")).isEqualTo(JSON.readTree("[1500.0, 20.0]"));
    assertThat(line.get("budget.actual.percent_of_estimate").intValue()).isEqualTo(40);
    assertThat(line.at("/_aws/CloudWatchMetrics/0/Metrics"))
        .isEqualTo(
            JSON.readTree(
                """
            [{"Name": "budget.hold.time", "Unit": "Milliseconds"},
             {"Name": "budget.actual.percent_of_estimate", "Unit": "None"}]
            """));
  }

  @Test
  void whenOnlyAGaugeIsSet_noLineIsWritten() throws JsonProcessingException {
    metrics.gauge("budget.price_table.age.seconds", 77);
    metrics.flush();
    assertThat(log).isEmpty();
    metrics.counter("budget.decisions", "outcome", "allow").increment();
    metrics.flush();
    assertThat(only().has("budget.price_table.age.seconds")).isFalse();
    log.clear();
    metrics.counter("budget.sweep.runs").increment();
    metrics.flush();
    assertThat(only().get("budget.price_table.age.seconds").intValue()).isEqualTo(77);
  }

  @Test
  void whenNothingNewIsCounted_nothingIsWritten() throws JsonProcessingException {
    metrics.counter("budget.releases").increment();
    metrics.flush();
    metrics.flush();
    metrics.counter("budget.releases").increment(0);
    metrics.flush();
    assertThat(only().get("budget.releases").intValue()).isEqualTo(1);
  }

  /// Alarms and the dashboard ask for a metric of a deployment, whatever its tags.
  @Test
  void whenAMetricIsWatched_itIsWrittenForTheDeployment() throws Exception {
    Set<String> watched = new TreeSet<>();
    Matcher names = WATCHED.matcher(Files.readString(Path.of("infra", "watch.yaml")));
    while (names.find()) {
      watched.add(names.group(1));
    }
    assertThat(watched.size()).isGreaterThan(10);
    Metrics.globalRegistry.add(metrics);
    try {
      EveryMeter.count();
    } finally {
      Metrics.globalRegistry.remove(metrics);
    }
    metrics.flush();
    Set<String> written = new TreeSet<>();
    for (JsonNode line : lines()) {
      assertThat(dimensions(line)).as(line.toString()).contains(Set.of("deployment"));
      line.at("/_aws/CloudWatchMetrics/0/Metrics")
          .valueStream()
          .forEach(metric -> written.add(metric.get("Name").textValue()));
    }
    watched.removeAll(written);
    assertThat(watched).isEmpty();
  }

  @Test
  void whenAMetricIsNotOurs_itIsLeftOut() {
    metrics.counter("http.server.requests", "uri", "/budget/runs").increment();
    metrics.flush();
    assertThat(log).isEmpty();
  }

  @Test
  void whenValuesExceedALine_severalLinesAreWritten() throws JsonProcessingException {
    for (int i = 0; i < 250; i++) {
      metrics.timer("budget.queue.age").record(Duration.ofMillis(i));
    }
    metrics.flush();
    assertThat(lines().stream().mapToInt(line -> line.get("budget.queue.age").size()).sum())
        .isEqualTo(250);
    assertThat(log).hasSize(3);
  }

  @Test
  void whenManyCountAtOnce_everyCountIsWritten() throws JsonProcessingException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 500; i++) {
        threads.submit(() -> metrics.counter("budget.releases").increment());
      }
    }
    metrics.flush();
    assertThat(only().get("budget.releases").intValue()).isEqualTo(500);
  }

  private JsonNode only() throws JsonProcessingException {
    assertThat(log).hasSize(1);
    return lines().getFirst();
  }

  private List<JsonNode> lines() throws JsonProcessingException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : log) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  private static Set<Set<String>> dimensions(JsonNode line) {
    return line.at("/_aws/CloudWatchMetrics/0/Dimensions")
        .valueStream()
        .map(names -> names.valueStream().map(JsonNode::textValue).collect(Collectors.toSet()))
        .collect(Collectors.toSet());
  }
}
