package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.localstack.LocalStackContainer;
import org.testcontainers.utility.DockerImageName;

/// The suites of the ledger and of the usage queue on LocalStack, whose DynamoDB and SQS are
/// written by others than the local build's. They say that they are skipped where there is no
/// Docker.
@Testcontainers(disabledWithoutDocker = true)
class LocalStackIT {

  /// As in `localstack/compose.yaml`.
  private static final DockerImageName IMAGE =
      DockerImageName.parse("docker.io/localstack/localstack:4.9.2")
          .asCompatibleSubstituteFor("localstack/localstack");

  @Container
  private static final LocalStackContainer LOCALSTACK =
      new LocalStackContainer(IMAGE).withServices("dynamodb", "sqs");

  @Test
  void whenLocalStackIsUsed_ledgerAndUsageQueueTestsPass() {
    URI endpoint = LOCALSTACK.getEndpoint();
    System.setProperty("budget.local.dynamodb", endpoint.toString());
    System.setProperty("budget.local.sqs", endpoint.toString());
    assertThat(LocalCloudForTests.shared().dynamoDbEndpoint())
        .as("these suites need a JVM of their own")
        .isEqualTo(endpoint);

    TestExecutionSummary summary =
        run("ledger.LedgerPropertyTest", "ledger.ConcurrencyTest", "settlement.UsageQueueTest");

    StringWriter failures = new StringWriter();
    summary.printFailuresTo(new PrintWriter(failures), 20);
    assertThat(summary.getTotalFailureCount()).as(failures.toString()).isEqualTo(0);
    assertThat(summary.getTestsSucceededCount())
        .as("tests " + summary.getTestsSucceededCount())
        .isGreaterThan(15);
  }

  private static TestExecutionSummary run(String... suites) {
    LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
    for (String suite : suites) {
      request.selectors(selectClass("io.budgetauthority." + suite));
    }
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherDiscoveryRequest all = request.build();
    LauncherFactory.create().execute(all, listener);
    return listener.getSummary();
  }
}
