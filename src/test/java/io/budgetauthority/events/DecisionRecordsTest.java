package io.budgetauthority.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.TestClock;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.attribution.Amounts;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.notification.BudgetEvent;
import io.budgetauthority.notification.DecisionsStream;
import io.budgetauthority.notification.EventBus;
import io.budgetauthority.notification.Notifications;
import io.budgetauthority.notification.Thresholds;
import io.budgetauthority.storage.Database;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.model.Message;

class DecisionRecordsTest {

  private static final Invocation A_MINUTE = new Invocation(Duration.ofSeconds(60));
  private static final LocalCloud CLOUD = LocalCloudForTests.shared();
  private static final DynamoDbClient DYNAMO_DB = LocalCloudForTests.dynamoDb().build();
  private static final String TABLE = CLOUD.definitions().attributionTable().create().tableName();

  private static final String DEAD_QUEUE = LocalCloudForTests.eventsDeadQueueUrl();

  /// When the example's records were made.
  private final TestClock clock = new TestClock(Instant.parse("2026-11-25T10:00:05Z"));

  private final String tenantId = "tenant-" + UUID.randomUUID();
  private final AttributionTable table = new AttributionTable(new Database(DYNAMO_DB), TABLE);

  /// The example, of a tenant and a decision that no other test has.
  private final DynamodbEvent event =
      Example.named("attribution")
          .with("demo", tenantId)
          .with(
              "B8D2NTWVRZB4FCAJP0Q0KFXCE34YRJ9T",
              UUID.randomUUID().toString().replace("-", "").toUpperCase(Locale.ROOT))
          .asAwsEvent(DynamodbEvent.class);

  private final List<BudgetEvent> sent = new ArrayList<>();

  private DecisionRecords records(EventBus bus) {
    return records(bus, Optional.of(DEAD_QUEUE));
  }

  private DecisionRecords records(EventBus bus, Optional<String> deadQueue) {
    return new DecisionRecords(
        new DecisionsStream(
            new AttributionStream(table, TestConfiguration.shared(clock).policies),
            new Notifications(new Thresholds(new Database(DYNAMO_DB), TABLE, clock), bus),
            clock),
        new UnreadableRecords(LocalCloudForTests.sqs(), deadQueue));
  }

  /// What the dead-letter queue has of this test, taken out of it.
  private List<JsonNode> letters() throws JsonProcessingException {
    List<JsonNode> letters = new ArrayList<>();
    for (Message message :
        LocalCloudForTests.sqs()
            .receiveMessage(
                it -> it.queueUrl(DEAD_QUEUE).maxNumberOfMessages(10).messageAttributeNames("All"))
            .messages()) {
      assertThat(message.messageAttributes()).containsKey(UnreadableRecords.REASON);
      letters.add(new ObjectMapper().readTree(message.body()));
      LocalCloudForTests.sqs()
          .deleteMessage(it -> it.queueUrl(DEAD_QUEUE).receiptHandle(message.receiptHandle()));
    }
    return letters;
  }

  private static List<String> failures(StreamsEventResponse response) {
    return response.getBatchItemFailures().stream()
        .map(StreamsEventResponse.BatchItemFailure::getItemIdentifier)
        .toList();
  }

  private Amounts spent() {
    List<Attribution.Group> groups =
        new Attribution(table)
            .groups(
                new Attribution.Query(
                    tenantId,
                    LocalDate.parse("2026-11-20"),
                    LocalDate.parse("2026-11-30"),
                    Map.of(),
                    List.of(),
                    false));
    return groups.isEmpty() ? Amounts.NONE : groups.getFirst().amounts();
  }

  @Test
  void whenABatchHasAnUnreadableRecord_theOthersAreAddedOnce() throws Exception {
    DecisionRecords records = records(sent::addAll);

    StreamsEventResponse first = records.handleRequest(event, A_MINUTE);
    List<JsonNode> letters = letters();
    StreamsEventResponse again = records.handleRequest(event, A_MINUTE);

    assertThat(failures(first)).isEmpty();
    assertThat(failures(again)).isEmpty();
    assertThat(letters).hasSize(1);
    assertThat(letters.getFirst().path("sequence_number").asText())
        .isEqualTo("100000000000000000003");
    assertThat(letters.getFirst().at("/key/pk").asText()).isEqualTo("NOT A DECISION");
    assertThat(letters()).as("the repetition gives it up again").hasSize(1);
    assertThat(spent().of(Measure.COMMITTED_USD)).as("micro-USD").isEqualTo(3_000);
    assertThat(sent.stream().map(BudgetEvent::type).toList())
        .isEqualTo(List.of(BudgetEvent.Type.OVERRUN, BudgetEvent.Type.OVERRUN));
    assertThat(sent.getLast()).as("the same event, with the same id").isEqualTo(sent.getFirst());
  }

  @Test
  void whenRecordsAreTooOld_allBecomeDeadLetters() throws Exception {
    clock.advance(Duration.ofDays(31));

    StreamsEventResponse answer = records(sent::addAll).handleRequest(event, A_MINUTE);

    assertThat(failures(answer)).isEmpty();
    assertThat(letters()).hasSize(3);
    assertThat(spent().of(Measure.COMMITTED_USD)).isEqualTo(0);
  }

  @Test
  void whenNoDeadLetterQueueTakesARecord_itAloneFails() {
    String none = DEAD_QUEUE + "-that-is-not-there";

    for (Optional<String> queue : List.of(Optional.<String>empty(), Optional.of(none))) {
      StreamsEventResponse answer = records(sent::addAll, queue).handleRequest(event, A_MINUTE);

      assertThat(failures(answer)).isEqualTo(List.of("100000000000000000003"));
    }
    assertThat(spent().of(Measure.COMMITTED_USD)).as("micro-USD").isEqualTo(3_000);
  }

  @Test
  void whenTheBusRefuses_theBatchFailsAndIsNotAddedTwice() throws Exception {
    DecisionRecords refused =
        records(
            events -> {
              throw new IllegalStateException("the bus refuses");
            });

    assertThrows(IllegalStateException.class, () -> refused.handleRequest(event, A_MINUTE));
    assertThat(failures(records(sent::addAll).handleRequest(event, A_MINUTE))).isEmpty();
    assertThat(letters()).hasSize(1);

    assertThat(spent().of(Measure.COMMITTED_USD)).as("micro-USD").isEqualTo(3_000);
    assertThat(sent).hasSize(1);
  }
}
