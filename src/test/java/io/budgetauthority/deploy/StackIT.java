package io.budgetauthority.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.api.Http;
import io.budgetauthority.conformance.Case;
import io.budgetauthority.conformance.Runner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The whole stack as CloudFormation made it, through its HTTP API, its queue, its schedule, its
/// stream and its bucket.
class StackIT {

  private static final Stack STACK = Stack.deployed();

  /// What an HTTP API and a function answer while no execution environment is free. A caller sends
  /// the same again, with the same key.
  private static final Set<Integer> BUSY = Set.of(429, 500, 502, 503, 504);

  private static final int PLACES = 10;
  private static final int ASKS = 100;

  @Test
  void aHundredParallelAsksForTenPlacesGetTen() throws Exception {
    String run = "run-" + UUID.randomUUID();
    List<Callable<Http.Answer>> asks = new ArrayList<>();
    for (int n = 0; n < ASKS; n++) {
      String key = run + "-" + n;
      asks.add(() -> askPatiently(key, run));
    }

    Map<Integer, Integer> statuses = new TreeMap<>();
    try (ExecutorService callers = Executors.newFixedThreadPool(ASKS)) {
      for (Future<Http.Answer> asked : callers.invokeAll(asks)) {
        statuses.merge(asked.get().status(), 1, Integer::sum);
      }
    }

    assertEquals(Map.of(200, PLACES, 402, ASKS - PLACES), statuses);
    Http.Answer found = STACK.as("gateway").get("/budget/runs/" + run);
    assertEquals("0.10", found.text("reserved_usd"), found.toString());
    assertEquals("0.00", found.text("remaining_usd"), found.toString());
  }

  /// An ask for one of ten places: 0.01 USD, of a run of 0.10 USD.
  private static Http.Answer askPatiently(String key, String run) throws InterruptedException {
    String body =
        """
        {"model": "claude-haiku-4-5", "input_tokens": 5000, "cache_write_tokens": 0,
         "max_output_tokens": 1000, "run_limit_usd": "0.10"}
        """;
    Http.Answer answer = STACK.as("gateway").ask(body, key, run);
    for (int again = 0; again < 120 && BUSY.contains(answer.status()); again++) {
      Thread.sleep(Duration.ofMillis(250 + ThreadLocalRandom.current().nextInt(500)));
      answer = STACK.as("gateway").ask(body, key, run);
    }
    return answer;
  }

  @Test
  void whoeverIsNotOneOfTheOperatorsIsToldSo() {
    Http.Answer answer =
        STACK.as("gateway").post("/budget/tenants", "{\"tenant_id\": \"another\"}");
    assertEquals(403, answer.status(), answer.toString());
    assertTrue(
        String.valueOf(answer.header("Content-Type")).startsWith("application/problem+json"));
  }

  @TestFactory
  Stream<DynamicTest> everyCaseOfTheConformanceKitIsAnsweredAsItSays() throws IOException {
    Runner runner = new Runner(STACK.url(), STACK.key("operator"), Duration.ZERO);
    return Case.readAll(Path.of("conformance", "cases")).stream()
        .map(
            played ->
                DynamicTest.dynamicTest(
                    played.id(),
                    () -> {
                      if (runner.play(played) instanceof Runner.Outcome.Broken broken) {
                        Assertions.fail(broken.reason());
                      }
                    }));
  }
}
