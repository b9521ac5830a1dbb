package io.budgetauthority.deploy;

import io.budgetauthority.conformance.Runner;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The conformance kit through the deployed HTTP API. The sweep is invoked more often than its
/// schedule would, which `StackIT` waits for once.
class StackConformanceIT {

  private static final Stack STACK = Stack.deployed();

  /// An HTTP API decodes a path before a function sees it, so ids with a `/` are for bodies alone
  /// (docs/how-to/operate.md).
  private static final Set<String> NOT_THROUGH_AN_HTTP_API =
      Set.of("ask.ids-with-separators-do-not-meet", "ceilings.ids-are-percent-encoded");

  @TestFactory
  Stream<DynamicTest> everyCaseIsAnsweredAsItSays() throws IOException {
    return new Kit(new Runner(STACK.url(), STACK.key("operator"), Duration.ZERO))
        .tests(NOT_THROUGH_AN_HTTP_API, () -> STACK.invoke(STACK.output("SweepFunctionName")));
  }
}
