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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;

/// The conformance kit as tests of something deployed. Cases are run one after the other, so that
/// one process sees a case as a whole, and what is cached there is fresh. Those that wait for time
/// to pass come last and together.
final class Kit {

  /// A case that may take so long waits for a sweep, or for what is cached for a minute.
  private static final int LONG_SECONDS = 60;

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Runner runner;

  Kit(Runner runner) {
    this.runner = runner;
  }

  /// What has time pass while the slow cases are run, once a second.
  interface Sweep {
    void run() throws Exception;
  }

  /// @param leftOut the ids of the cases that are not run
  Stream<DynamicTest> tests(Set<String> leftOut, Sweep sweep) throws IOException {
    List<Case> quick = new ArrayList<>();
    List<Case> slow = new ArrayList<>();
    for (Case one : Case.readAll(Path.of("conformance", "cases"))) {
      if (!leftOut.contains(one.id())) {
        (one.longestWaitSeconds() >= LONG_SECONDS ? slow : quick).add(one);
      }
    }
    Map<String, Future<Runner.Outcome>> started = new HashMap<>();
    return Stream.concat(
        quick.stream().map(one -> test(one, () -> runner.run(one))),
        Stream.concat(
            Stream.of(
                DynamicTest.dynamicTest(
                    "those that take time are run", () -> runTogether(slow, started, sweep))),
            slow.stream()
                .map(one -> test(one, () -> Objects.requireNonNull(started.get(one.id())).get()))));
  }

  private static DynamicTest test(Case testCase, Callable<Runner.Outcome> run) {
    return DynamicTest.dynamicTest(
        testCase.id(),
        () -> {
          if (run.call() instanceof Runner.Outcome.Broken broken) {
            Assertions.fail(broken.reason());
          }
        });
  }

  private void runTogether(
      List<Case> cases, Map<String, Future<Runner.Outcome>> started, Sweep sweep) throws Exception {
    try (ExecutorService executor = Executors.newFixedThreadPool(cases.size())) {
      for (Case one : cases) {
        started.put(one.id(), executor.submit(() -> runner.run(one)));
      }
      while (!started.values().stream().allMatch(Future::isDone)) {
        sweep.run();
        Thread.sleep(PAUSE);
      }
    }
  }
}
