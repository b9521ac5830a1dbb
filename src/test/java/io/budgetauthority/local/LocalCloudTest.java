package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.TableDescription;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveDescription;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveStatus;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

class LocalCloudTest {

  private static final Set<String> LOOPBACK =
      Set.of("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F");

  private final LocalCloud cloud = LocalCloudForTests.shared();

  @Test
  void whenTheLocalCloudRuns_itListensOnLoopbackOnly() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/net/tcp")), "needs /proc/net/tcp, which is not here");
    ProcessHandle self = ProcessHandle.current();

    List<String> ours = Processes.listeningAddresses(self.pid());
    List<String> dynoxides = new ArrayList<>();
    for (ProcessHandle dynoxide : Processes.dynoxides(self).toList()) {
      dynoxides.addAll(Processes.listeningAddresses(dynoxide.pid()));
    }

    assertTrue(ours.size() >= 2, "S3 and SQS listen in this process: " + ours);
    assertFalse(dynoxides.isEmpty(), "DynamoDB listens in a process of its own");
    assertEquals(Set.of(), minus(ours, LOOPBACK), "others can reach these, in hexadecimal");
    assertEquals(Set.of(), minus(dynoxides, LOOPBACK), "others can reach these, in hexadecimal");
  }

  @ParameterizedTest
  @ValueSource(strings = {"LedgerTable", "DecisionsTable"})
  void whenATableIsMade_itIsAsDefined(String logicalId) {
    CloudDefinitions.Table defined =
        Objects.requireNonNull(CloudDefinitions.read().tables().get(logicalId));
    CreateTableRequest wanted = defined.create();

    try (DynamoDbClient client = LocalCloudForTests.dynamoDb().build()) {
      TableDescription made = client.describeTable(it -> it.tableName(wanted.tableName())).table();
      TimeToLiveDescription ttl =
          client.describeTimeToLive(it -> it.tableName(wanted.tableName())).timeToLiveDescription();

      assertEquals(wanted.keySchema(), made.keySchema());
      assertEquals(
          Set.copyOf(wanted.attributeDefinitions()), Set.copyOf(made.attributeDefinitions()));
      assertEquals(wanted.billingMode(), made.billingModeSummary().billingMode());
      assertEquals(
          Set.copyOf(wanted.globalSecondaryIndexes()),
          made.globalSecondaryIndexes().stream()
              .map(
                  index ->
                      GlobalSecondaryIndex.builder()
                          .indexName(index.indexName())
                          .keySchema(index.keySchema())
                          .projection(index.projection())
                          .build())
              .collect(Collectors.toSet()));
      assertEquals(wanted.streamSpecification(), made.streamSpecification());
      assertEquals(wanted.deletionProtectionEnabled(), made.deletionProtectionEnabled());
      assertEquals(
          defined.timeToLive().map(it -> it.timeToLiveSpecification().attributeName()).orElse(null),
          ttl.attributeName());
      assertEquals(
          defined.timeToLive().isPresent() ? TimeToLiveStatus.ENABLED : TimeToLiveStatus.DISABLED,
          ttl.timeToLiveStatus());
    }
  }

  @Test
  void whenAnItemLosesAnIndexsKeys_itIsNotInTheIndex() {
    String table = cloud.definitions().decisionsTable().create().tableName();
    try (DynamoDbClient client = LocalCloudForTests.dynamoDb().build()) {
      AttributeValue bucket = AttributeValue.fromN("4711");
      Map<String, AttributeValue> due =
          Map.of(
              "pk", AttributeValue.fromS("due-or-not"),
              "due_bucket", bucket,
              "due_at", AttributeValue.fromN("1"));

      client.putItem(it -> it.tableName(table).item(due));
      assertEquals(1, dueIn(bucket, table, client));

      client.putItem(
          it -> it.tableName(table).item(Map.of("pk", AttributeValue.fromS("due-or-not"))));
      assertEquals(0, dueIn(bucket, table, client));
    }
  }

  @Test
  void whenALargeObjectIsStored_itIsReadByteForByte() {
    byte[] million = new byte[1_000_000];
    new Random(20261125).nextBytes(million);
    String bucket = cloud.definitions().pricesBucket().name();

    try (S3Client client = LocalCloudForTests.s3(cloud)) {
      client.putObject(it -> it.bucket(bucket).key("a-million"), RequestBody.fromBytes(million));

      assertArrayEquals(
          million, client.getObjectAsBytes(it -> it.bucket(bucket).key("a-million")).asByteArray());
    }
  }

  @Test
  void whenAnObjectIsReplaced_itsFirstVersionIsKept() {
    String bucket = cloud.definitions().pricesBucket().name();

    try (S3Client client = LocalCloudForTests.s3(cloud)) {
      assertEquals(
          BucketVersioningStatus.ENABLED,
          client.getBucketVersioning(it -> it.bucket(bucket)).status());

      String first =
          client
              .putObject(it -> it.bucket(bucket).key("twice"), RequestBody.fromString("first"))
              .versionId();
      client.putObject(it -> it.bucket(bucket).key("twice"), RequestBody.fromString("second"));

      assertEquals(
          "first",
          client
              .getObjectAsBytes(it -> it.bucket(bucket).key("twice").versionId(first))
              .asUtf8String());
    }
  }

  @Test
  void whenAMessageFailsFiveTimes_itIsADeadLetter() throws IOException {
    String usage = cloud.config().get("budget.usage-queue-url");
    try (SqsClient client = LocalCloudForTests.sqs(cloud)) {
      String policy =
          client
              .getQueueAttributes(
                  it -> it.queueUrl(usage).attributeNames(QueueAttributeName.REDRIVE_POLICY))
              .attributes()
              .get(QueueAttributeName.REDRIVE_POLICY);
      JsonNode redrive = new ObjectMapper().readTree(policy);
      assertEquals(5, redrive.get("maxReceiveCount").asInt());
      assertTrue(
          redrive.get("deadLetterTargetArn").asText().endsWith(":budget-authority-usage-dead"));

      client.sendMessage(it -> it.queueUrl(usage).messageBody("cannot be settled"));
      for (int received = 0; received < 5; received++) {
        Message message =
            client
                .receiveMessage(it -> it.queueUrl(usage).waitTimeSeconds(5))
                .messages()
                .getFirst();
        client.changeMessageVisibility(
            it -> it.queueUrl(usage).receiptHandle(message.receiptHandle()).visibilityTimeout(0));
      }
      assertTrue(client.receiveMessage(it -> it.queueUrl(usage)).messages().isEmpty());

      String dead =
          client.getQueueUrl(it -> it.queueName("budget-authority-usage-dead")).queueUrl();
      assertEquals(
          "cannot be settled",
          client
              .receiveMessage(it -> it.queueUrl(dead).waitTimeSeconds(5))
              .messages()
              .getFirst()
              .body());
    }
  }

  @Test
  void whenAQueueIsMade_itsVisibilityTimeoutIsAsDefined() {
    try (SqsClient client = LocalCloudForTests.sqs(cloud)) {
      cloud
          .definitions()
          .queues()
          .values()
          .forEach(
              wanted -> {
                String url = client.getQueueUrl(it -> it.queueName(wanted.queueName())).queueUrl();
                Map<QueueAttributeName, String> made =
                    client
                        .getQueueAttributes(
                            it -> it.queueUrl(url).attributeNames(QueueAttributeName.ALL))
                        .attributes();
                assertEquals(
                    wanted.attributes().getOrDefault(QueueAttributeName.VISIBILITY_TIMEOUT, "30"),
                    made.get(QueueAttributeName.VISIBILITY_TIMEOUT));
              });
    }
  }

  @Test
  void whenTheCloudIsMade_theConfigurationNamesItsParts() {
    assertEquals("budget-authority-ledger", cloud.config().get("budget.ledger-table"));
    assertEquals("budget-authority-decisions", cloud.config().get("budget.decisions-table"));
    assertEquals(
        "budget-authority-prices-000000000000-us-east-1", cloud.config().get("budget.bucket"));
    assertFalse(cloud.config().containsValue(""));
  }

  private static int dueIn(AttributeValue bucket, String table, DynamoDbClient client) {
    return client
        .query(
            it ->
                it.tableName(table)
                    .indexName("due")
                    .keyConditionExpression("due_bucket = :bucket")
                    .expressionAttributeValues(Map.of(":bucket", bucket)))
        .count();
  }

  private static Set<String> minus(List<String> all, Set<String> some) {
    Set<String> rest = new HashSet<>(all);
    rest.removeAll(some);
    return rest;
  }
}
