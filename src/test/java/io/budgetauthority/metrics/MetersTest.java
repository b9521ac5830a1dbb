package io.budgetauthority.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.settlement.Settlement;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetersTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @BeforeEach
  void isHeard() {
    Metrics.globalRegistry.add(registry);
  }

  @AfterEach
  void isHeardNoMore() {
    Metrics.globalRegistry.remove(registry);
  }

  /// How often something was counted, under tags in pairs of name and value.
  private long count(String name, String... tags) {
    return registry.find(name).tags(tags).counters().stream()
        .mapToLong(counter -> Math.round(counter.count()))
        .sum();
  }

  @Test
  void whenACallIsRepeated_itsDecisionAndChargeCountOnce() {
    TestAuthority service = new TestAuthority();
    long allowed = count("budget.decisions", "outcome", "allow", "mode", "hard_gate");
    long replayed = count("budget.replays");
    long charged = count("budget.charges", "quality", "exact");
    long overruns = count("budget.overruns");
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    assertThat(service.ask("a", "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    ReservationId id = service.idOf("a");
    assertThat(service.commit(id, 0, 300)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.commit(id, 0, 300)).isInstanceOf(Settlement.Result.Done.class);
    assertThat(count("budget.decisions", "outcome", "allow", "mode", "hard_gate"))
        .isEqualTo(allowed + 1);
    assertThat(count("budget.replays")).isEqualTo(replayed + 1);
    assertThat(count("budget.charges", "quality", "exact")).isEqualTo(charged + 1);
    assertThat(count("budget.overruns")).isEqualTo(overruns + 1);
  }

  @Test
  void whenACallIsBlocked_itIsCountedByItsCode() {
    TestAuthority service = new TestAuthority();
    long before = count("budget.decisions", "code", "run_ceiling_reached");
    assertThat(service.ask("a", "run", 0, 100, MicroUsd.of(1))).isInstanceOf(Answer.Decided.class);
    assertThat(count("budget.decisions", "code", "run_ceiling_reached")).isEqualTo(before + 1);
  }

  /// The page names every metric that there is, and no other.
  @Test
  void whenThePageListsMetrics_theyAreThoseThatAreCounted() throws Exception {
    EveryMeter.count();
    Set<String> counted =
        registry.getMeters().stream()
            .map(meter -> meter.getId().getName())
            .filter(name -> name.startsWith("budget."))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(counted.size()).isGreaterThan(20);
    assertThat(counted).isEqualTo(namedOnPage());
  }

  private static Set<String> namedOnPage() throws IOException {
    String page = Files.readString(Path.of("docs/reference/metrics.md"));
    return page.lines()
        .filter(line -> line.startsWith("| `budget."))
        .map(line -> line.substring(0, line.indexOf('|', 1)))
        .flatMap(cell -> Pattern.compile("`([^`]+)`").matcher(cell).results())
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
