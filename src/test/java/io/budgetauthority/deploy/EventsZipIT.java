package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.model.Message;

/// The event functions' zip, each function with its example.
class EventsZipIT {

  private static final Form FORM = Form.tested();
  private static final Path ZIP = FORM.zip("events");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final LocalCloud CLOUD = LocalCloudForTests.shared();

  @TempDir static Path code = Path.of("unset");

  @BeforeAll
  static void unpack() throws IOException {
    var unused = Function.unpack(ZIP, code);
  }

  private static Function start(String handler, Map<String, String> more) throws Exception {
    Map<String, String> environment = new HashMap<>(Deployed.environment(CLOUD));
    environment.put("QUARKUS_LAMBDA_HANDLER", handler);
    environment.putAll(more);
    return Function.start(code, Deployed.JVM_OPTIONS, environment);
  }

  private static String example(String name) throws IOException {
    return Files.readString(Path.of("events", name + ".json"));
  }

  /// What a function answers to an event that it does not fail at.
  private static JsonNode answer(Function function, String event) throws Exception {
    Function.Answer answer = function.invoke(JSON.readTree(event));
    assertThat(answer.failed()).as(answer.body() + "\n" + function.log()).isFalse();
    return answer.body();
  }

  @Test
  void whenTheOperatorFunctionIssuesAKey_itIsAnOperators() throws Exception {
    try (Function function = start("operator", Map.of());
        DynamoDbClient dynamoDb = LocalCloudForTests.dynamoDb().build()) {
      String secret = answer(function, example("operator-issue")).path("secret").asText();

      String table = CLOUD.definitions().ledgerTable().create().tableName();
      assertThat(
              new ApiKeys(new Database(dynamoDb), table, Clock.systemUTC())
                  .authenticate(secret)
                  .map(Caller::role))
          .isEqualTo(Optional.of(Role.OPERATOR));
      Function.Answer refused = function.invoke(JSON.readTree("{\"action\": \"dance\"}"));
      assertThat(refused.failed()).isTrue();
      assertThat(refused.body().path("errorMessage").asText()).startsWith("action is");
    }
  }

  @Test
  void whenTheSweepFunctionRuns_overdueReservationsExpire() throws Exception {
    TestAuthority service = new TestAuthority();
    service.clock.advance(
        Duration.between(service.clock.instant(), Instant.now().minus(Duration.ofHours(1))));
    var unused = service.ask("a", "run", 0, 100, null);
    try (Function function = start("sweep", Map.of())) {
      JsonNode swept = answer(function, example("sweep"));

      assertThat(swept.path("expired").asInt()).as(swept.toString()).isGreaterThanOrEqualTo(1);
      assertThat(swept.path("finished").asBoolean()).as(swept.toString()).isTrue();
      assertThat(function.counted("budget.sweep.runs")).as(function.log()).isEqualTo(1);
      assertThat(function.counted("budget.expired"))
          .as(function.log())
          .isEqualTo(swept.path("expired").asLong());
    }
    assertThat(
            service
                .ledger
                .find(service.tenantId, service.idOf("a"), Deadline.in(Duration.ofSeconds(5)))
                .orElseThrow()
                .state())
        .isEqualTo(ReservationState.EXPIRED);
  }

  @Test
  void whenAttributionRuns_sumsEventsAndDeadLettersAreWritten() throws Exception {
    String tenantId = "tenant-" + UUID.randomUUID();
    String event =
        example("attribution")
            .replace("demo", tenantId)
            .replace(
                "B8D2NTWVRZB4FCAJP0Q0KFXCE34YRJ9T",
                UUID.randomUUID().toString().replace("-", "").toUpperCase(Locale.ROOT))
            .replace("1795600800", Long.toString(Instant.now().getEpochSecond()));
    List<JsonNode> told = Collections.synchronizedList(new ArrayList<>());
    HttpServer bus = bus(told);
    try (Function function =
        start(
            "attribution",
            Map.of(
                "AWS_ENDPOINT_URL_EVENTBRIDGE",
                "http://127.0.0.1:" + bus.getAddress().getPort(),
                "BUDGET_EVENT_BUS",
                "a-bus"))) {
      JsonNode answer = answer(function, event);

      assertThat(answer).isEqualTo(JSON.readTree("{\"batchItemFailures\": []}"));
      assertThat(
              LocalCloudForTests.sqs()
                  .receiveMessage(it -> it.queueUrl(LocalCloudForTests.eventsDeadQueueUrl()))
                  .messages()
                  .stream()
                  .map(it -> it.body().replaceFirst(".*\"sequence_number\":\"(\\d+)\".*", "$1"))
                  .toList())
          .isEqualTo(List.of("100000000000000000003"));
    } finally {
      bus.stop(0);
    }
    assertThat(committed(tenantId)).as("micro-USD").isEqualTo(3_000);
    assertThat(told).hasSize(1);
    JsonNode entry = told.getFirst().path("Entries").path(0);
    assertThat(entry.path("EventBusName").asText()).isEqualTo("a-bus");
    assertThat(entry.path("DetailType").asText()).isEqualTo("budget.overrun");
    assertThat(JSON.readTree(entry.path("Detail").asText()).path("tenant_id").asText())
        .isEqualTo(tenantId);
  }

  private static HttpServer bus(List<JsonNode> told) throws IOException {
    HttpServer bus =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    bus.createContext(
        "/",
        exchange -> {
          told.add(JSON.readTree(exchange.getRequestBody()));
          byte[] accepted =
              "{\"FailedEntryCount\": 0, \"Entries\": [{\"EventId\": \"1\"}]}"
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.1");
          exchange.sendResponseHeaders(200, accepted.length);
          exchange.getResponseBody().write(accepted);
          exchange.close();
        });
    bus.start();
    return bus;
  }

  private static long committed(String tenantId) {
    String table = CLOUD.definitions().attributionTable().create().tableName();
    try (DynamoDbClient dynamoDb = LocalCloudForTests.dynamoDb().build()) {
      return new Attribution(new AttributionTable(new Database(dynamoDb), table))
          .groups(
              new Attribution.Query(
                  tenantId,
                  LocalDate.parse("2026-11-20"),
                  LocalDate.parse("2026-11-30"),
                  Map.of(),
                  List.of(),
                  false))
          .getFirst()
          .amounts()
          .of(Measure.COMMITTED_USD);
    }
  }

  @Test
  void whenUsageIsQueued_itIsSettledRetriedOrADeadLetter() throws Exception {
    TestAuthority service = new TestAuthority();
    service.clock.advance(Duration.between(service.clock.instant(), Instant.now()));
    service.policy(Policy.DEFAULT);
    var unused = service.ask("event-usage", "run", 0, 100, null);
    String event =
        example("usage")
            .replace("demo", service.tenantId)
            .replace("2026-11-25T10:00:00Z", Instant.now().toString());
    try (Function function = start("usage", Map.of())) {
      assertThat(answer(function, event))
          .as(function.log())
          .isEqualTo(
              JSON.readTree(
                  """
              {"batchItemFailures": [{"itemIdentifier": "00000000-0000-4000-8000-000000000003"}]}
              """));
      assertThat(function.counted("budget.queue.messages", "outcome", "dead"))
          .as(function.log())
          .isEqualTo(1);
      assertThat(function.counted("budget.queue.dead")).as(function.log()).isEqualTo(1);
      assertThat(function.counted("budget.charges", "quality", "exact"))
          .as(function.log())
          .isEqualTo(1);
    }
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(200));
    String dead = CLOUD.config().get("budget.usage-dead-queue-url");
    List<Message> letters =
        LocalCloudForTests.sqs()
            .receiveMessage(it -> it.queueUrl(dead).messageAttributeNames("All"))
            .messages();
    assertThat(letters).hasSize(1);
    String reason = String.valueOf(letters.getFirst().messageAttributes().get("reason"));
    assertThat(reason).contains("type");
  }

  @Test
  void whenAPriceFileIsUploaded_thePricesFunctionTakesIt() throws Exception {
    try (Function function = start("prices", Map.of());
        S3Client s3 = LocalCloudForTests.s3(CLOUD)) {
      s3.putObject(
          put -> put.bucket(CLOUD.definitions().pricesBucket().name()).key("incoming/prices.json"),
          RequestBody.fromString(
              """
              {"a": {"litellm_provider": "p", "mode": "chat",
                     "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}}
              """));

      JsonNode taken = answer(function, example("prices"));

      assertThat(taken.path("outcome").asText()).as(taken.toString()).isEqualTo("waiting");
      assertThat(taken.path("key").asText()).isEqualTo("incoming/prices.json");
      assertThat(taken.path("version").isTextual()).as(taken.toString()).isTrue();
    }
  }

  @Test
  void whenTheZipIsBuilt_itIsSmallAndOmitsTheLocalServers() throws IOException {
    Zips.requireDeployable(ZIP, FORM);
  }
}
