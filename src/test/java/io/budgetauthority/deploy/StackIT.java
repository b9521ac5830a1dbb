package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.api.Http;
import io.budgetauthority.settlement.UsageQueue;
import java.time.Duration;
import java.time.Instant;
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
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.eventbridge.model.Target;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The whole stack as CloudFormation made it, through its HTTP API, its queue, its schedule, its
/// stream, its bus and its bucket. The price file comes last: it puts another table in force.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StackIT {

  private static final Stack STACK = Stack.deployed();

  /// What an HTTP API and a function answer while no execution environment is free. A caller sends
  /// the same again, with the same key.
  private static final Set<Integer> BUSY = Set.of(429, 500, 502, 503, 504);

  private static final int PLACES = 10;
  private static final int ASKS = 100;

  /// The schedule ticks once a minute, and what stands in a queue or a stream is polled for.
  private static final Duration A_TICK = Duration.ofSeconds(100);

  private static final Duration A_MOMENT = Duration.ofSeconds(45);

  /// Made before the other tests take their time.
  private static final Http.Answer ABANDONED = reserve("abandoned-" + UUID.randomUUID(), 1);

  /// An ask for 0.01 USD of a run of 0.10 USD.
  private static String ask(int ttlSeconds) {
    return """
        {"model": "claude-haiku-4-5", "input_tokens": 5000, "cache_write_tokens": 0,
         "max_output_tokens": 1000, "run_limit_usd": "0.10", "ttl_seconds": %d}
        """
        .formatted(ttlSeconds);
  }

  private static Http.Answer reserve(String run, int ttlSeconds) {
    Http.Answer answer = STACK.as("gateway").ask(ask(ttlSeconds), run + "-1", run);
    assertThat(answer).hasStatus(200);
    return answer;
  }

  private static Http.Answer decision(Http.Answer reserved) {
    return STACK.as("gateway").get("/budget/decisions/" + reserved.text("decision_id"));
  }

  private interface Look {
    boolean isThere() throws Exception;
  }

  private static void await(Duration time, String what, Look look) throws Exception {
    long giveUpAt = System.nanoTime() + time.toNanos();
    while (!look.isThere()) {
      assertThat(System.nanoTime()).as("not within " + time + ": " + what).isLessThan(giveUpAt);
      Thread.sleep(Duration.ofMillis(300));
    }
  }

  @Test
  @Order(1)
  void whenAHundredAsksCompeteForTenHolds_tenAreAllowed() throws Exception {
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

    assertThat(statuses).isEqualTo(Map.of(200, PLACES, 402, ASKS - PLACES));
    Http.Answer found = STACK.as("gateway").get("/budget/runs/" + run);
    assertThat(found).hasText("reserved_usd", "0.10").hasText("remaining_usd", "0.00");
  }

  private static Http.Answer askPatiently(String key, String run) throws InterruptedException {
    Http.Answer answer = STACK.as("gateway").ask(ask(600), key, run);
    for (int again = 0; again < 240 && BUSY.contains(answer.status()); again++) {
      Thread.sleep(Duration.ofMillis(250 + ThreadLocalRandom.current().nextInt(500)));
      answer = STACK.as("gateway").ask(ask(600), key, run);
    }
    return answer;
  }

  @Test
  @Order(2)
  void whenTheCallerIsNoOperator_makingATenantIsForbidden() {
    Http.Answer answer =
        STACK.as("gateway").post("/budget/tenants", "{\"tenant_id\": \"another\"}");
    assertThat(answer).hasStatus(403);
    assertThat(String.valueOf(answer.header("Content-Type")))
        .startsWith("application/problem+json");
  }

  @Test
  @Order(3)
  void whenACommitIsQueued_itIsChargedAndAttributed() throws Exception {
    String run = "queued-" + UUID.randomUUID();
    Http.Answer reserved = reserve(run, 600);

    send(
        """
        {"type": "commit", "tenant_id": "%s", "reservation_id": "%s", "sent_at": "%s",
         "body": {"usage": {"input_tokens": 5000, "output_tokens": 200}}}
        """
            .formatted(STACK.tenant(), reserved.text("reservation_id"), Instant.now()));

    await(A_MOMENT, "the commit", () -> decision(reserved).text("state").equals("committed"));
    assertThat(decision(reserved).text("actual_usd")).isEqualTo("0.006");
    await(
        A_MOMENT,
        "the run's sum in attribution",
        () ->
            STACK
                .as("viewer")
                .get("/budget/attribution?group_by=run&run_id=" + run)
                .json()
                .at("/total/committed_usd")
                .asText()
                .equals("0.006"));
  }

  private static void send(String message) {
    try (SqsClient sqs = STACK.sqs()) {
      sqs.sendMessage(it -> it.queueUrl(STACK.output("UsageQueueUrl")).messageBody(message));
    }
  }

  @Test
  @Order(4)
  void whenAMessageCanNeverSucceed_itIsADeadLetterWithAReason() throws Exception {
    String poison = "no message at all, " + UUID.randomUUID();
    send(poison);

    List<Message> dead = new ArrayList<>();
    try (SqsClient sqs = STACK.sqs()) {
      await(
          A_MOMENT,
          poison,
          () ->
              sqs
                  .receiveMessage(
                      it ->
                          it.queueUrl(STACK.output("UsageDeadQueueUrl"))
                              .messageAttributeNames("All"))
                  .messages()
                  .stream()
                  .filter(it -> it.body().equals(poison))
                  .anyMatch(dead::add));
    }
    assertThat(dead.getFirst().messageAttributes())
        .as(dead.toString())
        .containsKey(UsageQueue.REASON);
  }

  @Test
  @Order(5)
  void whenACallIsBlocked_theBusGetsTheEvent() throws Exception {
    String run = "bus-" + UUID.randomUUID();
    try (EventBridgeClient bus = STACK.eventBridge();
        SqsClient sqs = STACK.sqs()) {
      String queue = sqs.createQueue(it -> it.queueName(run)).queueUrl();
      String queueArn =
          sqs.getQueueAttributes(
                  it -> it.queueUrl(queue).attributeNames(QueueAttributeName.QUEUE_ARN))
              .attributes()
              .get(QueueAttributeName.QUEUE_ARN);
      bus.putRule(it -> it.name(run).eventPattern("{\"source\": [\"budget-authority\"]}"));
      bus.putTargets(
          it -> it.rule(run).targets(Target.builder().id("queue").arn(queueArn).build()));

      Http.Answer blocked =
          STACK
              .as("gateway")
              .ask(
                  """
                  {"model": "claude-haiku-4-5", "input_tokens": 150000, "cache_write_tokens": 0,
                   "max_output_tokens": 1000, "run_limit_usd": "0.10"}
                  """,
                  run + "-1",
                  run);
      assertThat(blocked).hasStatus(402);

      await(
          A_MOMENT,
          "budget.blocked of " + run,
          () ->
              sqs
                  .receiveMessage(it -> it.queueUrl(queue).maxNumberOfMessages(10))
                  .messages()
                  .stream()
                  .anyMatch(it -> it.body().contains("budget.blocked") && it.body().contains(run)));
    }
  }

  @Test
  @Order(6)
  void whenNobodySettlesAReservation_theScheduleExpiresIt() throws Exception {
    await(
        A_TICK,
        "the expiry of what was abandoned",
        () -> Set.of("expired", "reconciled").contains(decision(ABANDONED).text("state")));
  }

  @Test
  @Order(7)
  void whenAPriceFileIsUploaded_itsTableIsInForce() throws Exception {
    String model = "model-" + UUID.randomUUID();
    Http operator = STACK.as("operator");
    Http.Answer draft = operator.post("/budget/price-tables", prices(model));
    assertThat(draft).hasStatus(201);
    Http.Answer published =
        operator.post(
            "/budget/price-tables/" + draft.text("version") + "/publish",
            "{\"accept_review\": true}");
    assertThat(published).hasStatus(200);

    String key = "incoming/" + model + ".json";
    try (S3Client s3 = STACK.s3()) {
      s3.putObject(
          it -> it.bucket(STACK.output("PricesBucketName")).key(key),
          RequestBody.fromString(prices(model, model + "-too")));
    }

    await(
        A_MOMENT,
        "the table of " + key,
        () -> {
          for (JsonNode table :
              operator.get("/budget/price-tables?limit=200").json().path("items")) {
            if (table.path("source").asText().equals(key) && table.path("in_force").asBoolean()) {
              return true;
            }
          }
          return false;
        });
  }

  private static String prices(String... models) {
    List<String> rows = new ArrayList<>();
    for (String model : models) {
      rows.add(
          """
          "%s": {"litellm_provider": "house", "mode": "chat",
                 "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}"""
              .formatted(model));
    }
    return "{" + String.join(", ", rows) + "}";
  }
}
