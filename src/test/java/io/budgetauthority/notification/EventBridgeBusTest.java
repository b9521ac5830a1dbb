package io.budgetauthority.notification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.money.MicroUsd;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;

/// What goes over the wire to EventBridge, heard by a server of the JDK that takes its calls.
class EventBridgeBusTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /// Takes PutEvents, and refuses the first entries of them.
  private static final class Bridge implements AutoCloseable {
    final List<JsonNode> accepted = Collections.synchronizedList(new ArrayList<>());
    final List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
    final HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    final EventBridgeClient client;
    int refusals;

    Bridge(int refusals) throws IOException {
      this.refusals = refusals;
      server.createContext(
          "/",
          exchange -> {
            byte[] answer =
                take(JSON.readTree(exchange.getRequestBody())).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.1");
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
          });
      server.start();
      client =
          EventBridgeClient.builder()
              .httpClientBuilder(ApacheHttpClient.builder())
              .endpointOverride(URI.create("http://127.0.0.1:" + server.getAddress().getPort()))
              .region(LocalCloud.region())
              .credentialsProvider(LocalCloud.credentials())
              .build();
    }

    private synchronized String take(JsonNode request) {
      List<String> answers = new ArrayList<>();
      int failed = 0;
      sizes.add(request.path("Entries").size());
      for (JsonNode entry : request.path("Entries")) {
        if (refusals > 0) {
          refusals--;
          failed++;
          answers.add("{\"ErrorCode\":\"ThrottlingException\",\"ErrorMessage\":\"slower\"}");
        } else {
          accepted.add(entry);
          answers.add("{\"EventId\":\"x\"}");
        }
      }
      return "{\"FailedEntryCount\":%d,\"Entries\":[%s]}"
          .formatted(failed, String.join(",", answers));
    }

    @Override
    public void close() {
      client.close();
      server.stop(0);
    }
  }

  private static List<BudgetEvent> events(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                BudgetEvent.about(
                    BudgetEvent.Type.PRESUMED,
                    "acme",
                    Instant.parse("2026-11-24T10:00:00Z"),
                    Map.of("presumed_usd", MicroUsd.of(1_500_000), "n", i),
                    "decision-" + i))
        .toList();
  }

  private static JsonNode detail(JsonNode entry) {
    try {
      return JSON.readTree(entry.path("Detail").asText());
    } catch (JsonProcessingException e) {
      throw new AssertionError(entry.toString(), e);
    }
  }

  @Test
  void whenEventsAreSent_eachCallHasTenAtMost() throws IOException {
    try (Bridge bridge = new Bridge(0)) {
      new EventBridgeBus(bridge.client, "budgets").send(events(23));

      assertThat(bridge.sizes).isEqualTo(List.of(10, 10, 3));
      JsonNode entry = bridge.accepted.getFirst();
      assertThat(entry.path("Source").asText()).isEqualTo("budget-authority");
      assertThat(entry.path("DetailType").asText()).isEqualTo("budget.presumed");
      assertThat(entry.path("EventBusName").asText()).isEqualTo("budgets");
      JsonNode detail = detail(entry);
      assertThat(detail.path("type").asText()).isEqualTo("budget.presumed");
      assertThat(detail.path("tenant_id").asText()).isEqualTo("acme");
      assertThat(detail.path("time").asText()).isEqualTo("2026-11-24T10:00:00Z");
      assertThat(detail.path("presumed_usd").asText()).isEqualTo("1.50");
      assertThat(detail.path("id").asText().matches("evt_[0-9a-f]{40}"))
          .as(detail.toString())
          .isTrue();
    }
  }

  @Test
  void whenEntriesAreRefused_onlyTheyAreSentAgain() throws IOException {
    try (Bridge bridge = new Bridge(3)) {
      new EventBridgeBus(bridge.client, "budgets").send(events(5));

      assertThat(bridge.sizes).isEqualTo(List.of(5, 3));
      assertThat(
              bridge.accepted.stream()
                  .map(entry -> detail(entry).path("n").asInt())
                  .sorted()
                  .toList())
          .isEqualTo(List.of(0, 1, 2, 3, 4));
    }
  }

  @Test
  void whenEventsAreRefusedEveryTime_sendingThrows() throws IOException {
    try (Bridge bridge = new Bridge(Integer.MAX_VALUE)) {
      EventBridgeBus.EventsRefused refused =
          assertThrows(
              EventBridgeBus.EventsRefused.class,
              () -> new EventBridgeBus(bridge.client, "budgets").send(events(2)));

      assertThat(String.valueOf(refused.getMessage())).as(refused.toString()).contains("slower");
      assertThat(bridge.sizes).hasSize(5);
    }
  }
}
