package io.budgetauthority.conformance;

import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The conformance kit, case by case.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ConformanceTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  @TestFactory
  Stream<DynamicTest> everyCaseIsAnsweredAsItSaysOrIsPendingAndIsNot() throws IOException {
    Runner runner = new Runner(base, "bak_demo_operator", Duration.ZERO);
    return Case.readAll(Path.of("conformance", "cases")).stream()
        .map(
            testCase ->
                DynamicTest.dynamicTest(testCase.id(), () -> require(runner.run(testCase))));
  }

  private static void require(Runner.Outcome outcome) {
    if (outcome instanceof Runner.Outcome.Broken broken) {
      Assertions.fail(broken.reason());
    }
  }
}
