package io.budgetauthority.deploy;

import io.budgetauthority.conformance.Case;
import io.budgetauthority.conformance.Runner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The conformance kit through the deployed HTTP API. Cases are played one after the other, so that
/// one execution environment sees a case as a whole, and what is cached there is fresh. Those that
/// wait for time to pass come last and together; the sweep is then invoked more often than its
/// schedule would, which `StackIT` waits for once.
class StackConformanceIT {

  private static final Stack STACK = Stack.deployed();

  /// A case that may take so long waits for a sweep, or for what is cached for a minute.
  private static final int LONG_SECONDS = 60;

  /// An HTTP API decodes a path before a function sees it, so ids with a `/` are for bodies alone
  /// (docs/operations.md).
  private static final Set<String> NOT_THROUGH_AN_HTTP_API =
      Set.of("ask.ids-with-separators-do-not-meet", "ceilings.ids-are-percent-encoded");

  private final Runner runner = new Runner(STACK.url(), STACK.key("operator"), Duration.ZERO);

  @TestFactory
  Stream<DynamicTest> everyCaseIsAnsweredAsItSays() throws IOException {
    List<Case> quick = new ArrayList<>();
    List<Case> slow = new ArrayList<>();
    for (Case one : Case.readAll(Path.of("conformance", "cases"))) {
      if (!NOT_THROUGH_AN_HTTP_API.contains(one.id())) {
        (one.longestWaitSeconds() >= LONG_SECONDS ? slow : quick).add(one);
      }
    }
    Map<String, Future<Runner.Outcome>> started = new HashMap<>();
    return Stream.concat(
        quick.stream().map(one -> test(one, () -> runner.play(one))),
        Stream.concat(
            Stream.of(
                DynamicTest.dynamicTest(
                    "those that take time are played", () -> playTogether(slow, started))),
            slow.stream()
                .map(one -> test(one, () -> Objects.requireNonNull(started.get(one.id())).get()))));
  }

  private interface Play {
    Runner.Outcome outcome() throws Exception;
  }

  private static DynamicTest test(Case played, Play play) {
    return DynamicTest.dynamicTest(
        played.id(),
        () -> {
          if (play.outcome() instanceof Runner.Outcome.Broken broken) {
            Assertions.fail(broken.reason());
          }
        });
  }

  private void playTogether(List<Case> cases, Map<String, Future<Runner.Outcome>> started)
      throws Exception {
    try (ExecutorService players = Executors.newFixedThreadPool(cases.size())) {
      for (Case one : cases) {
        started.put(one.id(), players.submit(() -> runner.play(one)));
      }
      while (!started.values().stream().allMatch(Future::isDone)) {
        STACK.invoke(STACK.output("SweepFunctionName"));
        Thread.sleep(Duration.ofSeconds(1));
      }
    }
  }
}
