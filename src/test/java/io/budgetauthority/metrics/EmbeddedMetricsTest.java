package io.budgetauthority.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertEquals(
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
                .formatted(now.toEpochMilli())),
        only());
  }

  @Test
  void whenTagsDiffer_eachSetIsALineThatCountsForTheWhole() throws JsonProcessingException {
    metrics.counter("budget.charges", "quality", "exact").increment();
    metrics.counter("budget.charges", "quality", "presumed").increment();
    metrics.counter("budget.overruns").increment();
    metrics.flush();
    List<JsonNode> lines = lines();
    assertEquals(3, lines.size());
    assertEquals(
        Set.of(Set.of("deployment"), Set.of("deployment", "quality")), dimensions(lines.get(0)));
    assertEquals("exact", lines.get(0).get("quality").textValue());
    assertEquals("presumed", lines.get(1).get("quality").textValue());
    assertEquals(1, lines.get(1).get("budget.charges").intValue());
    assertEquals(Set.of(Set.of("deployment")), dimensions(lines.get(2)));
    assertFalse(lines.get(2).has("budget.charges"));
  }

  @Test
  void whenValuesAreMeasured_everyValueIsWritten() throws JsonProcessingException {
    metrics.timer("budget.hold.time").record(Duration.ofMillis(1_500));
    metrics.timer("budget.hold.time").record(Duration.ofMillis(20));
    metrics.summary("budget.actual.percent_of_estimate").record(40);
    metrics.flush();
    JsonNode line = only();
    assertEquals(JSON.readTree("[1500.0, 20.0]"), line.get("budget.hold.time"));
    assertEquals(40, line.get("budget.actual.percent_of_estimate").intValue());
    assertEquals(
        JSON.readTree(
            """
            [{"Name": "budget.hold.time", "Unit": "Milliseconds"},
             {"Name": "budget.actual.percent_of_estimate", "Unit": "None"}]
            """),
        line.at("/_aws/CloudWatchMetrics/0/Metrics"));
  }

  @Test
  void whenOnlyAGaugeIsSet_noLineIsWritten() throws JsonProcessingException {
    metrics.gauge("budget.price_table.age.seconds", 77);
    metrics.flush();
    assertEquals(List.of(), log);
    metrics.counter("budget.decisions", "outcome", "allow").increment();
    metrics.flush();
    assertFalse(only().has("budget.price_table.age.seconds"));
    log.clear();
    metrics.counter("budget.sweep.runs").increment();
    metrics.flush();
    assertEquals(77, only().get("budget.price_table.age.seconds").intValue());
  }

  @Test
  void whenNothingNewIsCounted_nothingIsWritten() throws JsonProcessingException {
    metrics.counter("budget.releases").increment();
    metrics.flush();
    metrics.flush();
    metrics.counter("budget.releases").increment(0);
    metrics.flush();
    assertEquals(1, only().get("budget.releases").intValue());
  }

  /// Alarms and the dashboard ask for a metric of a deployment, whatever its tags.
  @Test
  void whenAMetricIsWatched_itIsWrittenForTheDeployment() throws Exception {
    Set<String> watched = new TreeSet<>();
    Matcher names = WATCHED.matcher(Files.readString(Path.of("infra", "watch.yaml")));
    while (names.find()) {
      watched.add(names.group(1));
    }
    assertTrue(watched.size() > 10, watched.toString());
    Metrics.globalRegistry.add(metrics);
    try {
      EveryMeter.count();
    } finally {
      Metrics.globalRegistry.remove(metrics);
    }
    metrics.flush();
    Set<String> written = new TreeSet<>();
    for (JsonNode line : lines()) {
      assertTrue(dimensions(line).contains(Set.of("deployment")), line.toString());
      line.at("/_aws/CloudWatchMetrics/0/Metrics")
          .valueStream()
          .forEach(metric -> written.add(metric.get("Name").textValue()));
    }
    watched.removeAll(written);
    assertEquals(Set.of(), watched);
  }

  @Test
  void whenAMetricIsNotOurs_itIsLeftOut() {
    metrics.counter("http.server.requests", "uri", "/budget/runs").increment();
    metrics.flush();
    assertEquals(List.of(), log);
  }

  @Test
  void whenValuesExceedALine_severalLinesAreWritten() throws JsonProcessingException {
    for (int i = 0; i < 250; i++) {
      metrics.timer("budget.queue.age").record(Duration.ofMillis(i));
    }
    metrics.flush();
    assertEquals(250, lines().stream().mapToInt(line -> line.get("budget.queue.age").size()).sum());
    assertEquals(3, log.size());
  }

  @Test
  void whenManyCountAtOnce_everyCountIsWritten() throws JsonProcessingException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 500; i++) {
        threads.submit(() -> metrics.counter("budget.releases").increment());
      }
    }
    metrics.flush();
    assertEquals(500, only().get("budget.releases").intValue());
  }

  private JsonNode only() throws JsonProcessingException {
    assertEquals(1, log.size(), log.toString());
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
