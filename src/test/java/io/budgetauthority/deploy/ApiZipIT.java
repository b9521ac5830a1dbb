package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.LocalSettings;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.table.PriceStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

/// The API function's zip beside the JVM's server: the same service, so the same answers, header by
/// header.
class ApiZipIT {

  private static final Form FORM = Form.tested();
  private static final Path ZIP = FORM.zip("api");

  /// What two runs cannot have in common: instants, and what is left until one.
  private static final Pattern TIME =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z|(?<=\"expires_in_seconds\":)\\d+");

  /// In the order in which they are run.
  private static final List<String> EVENTS =
      List.of(
          "api-ready",
          "api-ask",
          "api-ask-again",
          "api-ask-comma-key",
          "api-ask-blocked",
          "api-ask-base64",
          "api-ask-base64-allowed",
          "api-dry-run",
          "api-balances",
          "api-run",
          "api-ceiling",
          "api-policy",
          "api-unauthenticated",
          "api-forbidden",
          "api-method-not-allowed",
          "api-not-found",
          "api-override-percent-encoded",
          "api-run-percent-encoded",
          "api-openapi",
          "api-problem-page");

  /// What comes by the route that has no authorizer, whatever path it is that the server would make
  /// one of `/budget`. A server has no such routes, so it is not compared with one.
  private static final String BYPASS = "api-jwt-bypass";

  private static final List<String> BYPASSING_PATHS =
      List.of(
          "//budget/decisions",
          "/x/../budget/decisions",
          "/./budget/decisions",
          "/%2e/budget/decisions",
          "/budget/decisions",
          "/BUDGET/decisions");

  @TempDir Path folder = Path.of("unset");

  @Test
  void whenAnExampleIsPlayed_functionAndServerAnswerAlike() throws Exception {
    List<String> statuses = new ArrayList<>();
    try (LocalCloud functionsCloud = LocalCloud.start(LocalSettings.inMemory());
        LocalCloud serversCloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(functionsCloud);
      LocalCloudForTests.fill(serversCloud);
      try (Function function =
              Function.start(
                  Function.unpack(ZIP, folder),
                  Deployed.JVM_OPTIONS,
                  Deployed.environment(functionsCloud));
          Server server = Server.start(Deployed.environment(serversCloud))) {
        for (String name : EVENTS) {
          HttpEvent event = HttpEvent.read(Path.of("events", name + ".json"));
          HttpEvent.Answer expected = event.sendTo(server.base());
          HttpEvent.Answer actual = event.giveTo(function);
          assertThat(actual.status()).as(name + " " + actual).isEqualTo(expected.status());
          assertThat(actual.headers()).as(name).isEqualTo(expected.headers());
          assertThat(comparable(actual.body())).as(name).isEqualTo(comparable(expected.body()));
          statuses.add(name + " " + actual.status());
          if (name.equals("api-ask")) {
            assertThat(function.counted("budget.decisions", "outcome", "allow"))
                .as(function.log())
                .isEqualTo(1);
          }
        }
        for (String path : BYPASSING_PATHS) {
          HttpEvent event = HttpEvent.read(Path.of("events", BYPASS + ".json")).to(path);
          HttpEvent.Answer refused = event.giveTo(function);
          assertThat(refused.status()).as(path + " " + refused).isEqualTo(404);
          assertThat(refused.body()).as(refused.toString()).contains("\"code\":\"not_found\"");
        }
        assertThat(function.counted("budget.cold_starts")).as(function.log()).isEqualTo(1);
        assertThat(function.counted("budget.replays")).as(function.log()).isGreaterThan(0);
        assertThat(function.counted("budget.decisions", "outcome", "block"))
            .as(function.log())
            .isGreaterThan(0);
        assertThat(function.log()).doesNotContain("IllegalAccessError");
      }
    }
    assertThat(statuses)
        .containsAll(
            List.of(
                "api-ask 200",
                "api-ask-again 200",
                "api-ask-blocked 402",
                "api-ask-base64 400",
                "api-ask-base64-allowed 200",
                "api-ceiling 201",
                "api-not-found 404",
                "api-method-not-allowed 405"));
  }

  @Test
  void whenAPrimedFunctionIsRestored_itUsesTheTableInForce() throws Exception {
    assumeTrue(FORM == Form.JVM, "Lambda takes snapshots of managed runtimes alone");
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      try (Function function =
          Function.startForSnapshot(
              Function.unpack(ZIP, folder), Deployed.JVM_OPTIONS, Deployed.environment(cloud))) {
        assertThat(function.log()).contains("primed by a request that got 401 and a dry run");
        assertThat(function.counted("budget.cold_starts")).as(function.log()).isEqualTo(1);
        publishOnceMore(cloud, "published-meanwhile");
        function.restore();
        HttpEvent.Answer answer =
            HttpEvent.read(Path.of("events", "api-ask.json")).giveTo(function);
        assertThat(answer.status()).as(function.log()).isEqualTo(200);
        assertThat(answer.headers().toString())
            .as(answer.headers().toString())
            .contains("published-meanwhile");
        assertThat(function.counted("budget.decisions", "outcome", "allow"))
            .as(function.log())
            .isEqualTo(1);
        assertThat(function.counted("budget.decisions", "outcome", "block"))
            .as(function.log())
            .isEqualTo(0);
        assertThat(function.counted("budget.cold_starts")).as(function.log()).isEqualTo(2);
      }
    }
  }

  /// The table in force, as another version.
  private static void publishOnceMore(LocalCloud cloud, String version) {
    try (S3Client s3 = LocalCloudForTests.s3(cloud)) {
      PriceStore store = new PriceStore(s3, cloud.definitions().pricesBucket().name());
      PriceTable table = store.read(store.current().orElseThrow().version()).orElseThrow();
      store.publish(new PriceTable(version, Instant.now(), table.source(), table.rows()));
    }
  }

  @Test
  void whenAnApiExampleExists_itIsPlayed() throws Exception {
    try (var files = Files.list(Path.of("events"))) {
      assertThat(
              files
                  .map(file -> file.getFileName().toString().replace(".json", ""))
                  .filter(name -> name.startsWith("api-"))
                  .sorted()
                  .toList())
          .isEqualTo(Stream.concat(EVENTS.stream(), Stream.of(BYPASS)).sorted().toList());
    }
  }

  @Test
  void whenTheZipIsBuilt_itIsSmallAndOmitsTheLocalServers() throws Exception {
    Zips.requireDeployable(ZIP, FORM);
  }

  /// A body without what differs between two services that do the same: times, and the order of
  /// health checks, which is that of the beans in a build.
  private static String comparable(String body) throws JsonProcessingException {
    String timeless = TIME.matcher(body).replaceAll("<time>");
    if (!timeless.contains("\"checks\"")) {
      return timeless;
    }
    List<String> checks = new ArrayList<>();
    new ObjectMapper()
        .readTree(timeless)
        .path("checks")
        .forEach(check -> checks.add(check.toString()));
    return checks.stream().sorted().toList().toString();
  }
}
