package io.budgetauthority.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, null));
    ReservationId id = service.idOf("a");
    assertInstanceOf(Settlement.Result.Done.class, service.commit(id, 0, 300));
    assertInstanceOf(Settlement.Result.Done.class, service.commit(id, 0, 300));
    assertEquals(allowed + 1, count("budget.decisions", "outcome", "allow", "mode", "hard_gate"));
    assertEquals(replayed + 1, count("budget.replays"));
    assertEquals(charged + 1, count("budget.charges", "quality", "exact"));
    assertEquals(overruns + 1, count("budget.overruns"));
  }

  @Test
  void whenACallIsBlocked_itIsCountedByItsCode() {
    TestAuthority service = new TestAuthority();
    long before = count("budget.decisions", "code", "run_ceiling_reached");
    assertInstanceOf(Answer.Decided.class, service.ask("a", "run", 0, 100, MicroUsd.of(1)));
    assertEquals(before + 1, count("budget.decisions", "code", "run_ceiling_reached"));
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
    assertTrue(counted.size() > 20, counted.toString());
    assertEquals(namedOnPage(), counted);
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
