package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;
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

    assertThat(ours.size())
        .as("S3 and SQS listen in this process: " + ours)
        .isGreaterThanOrEqualTo(2);
    assertThat(dynoxides).as("DynamoDB listens in a process of its own").isNotEmpty();
    assertThat(minus(ours, LOOPBACK)).as("others can reach these, in hexadecimal").isEmpty();
    assertThat(minus(dynoxides, LOOPBACK)).as("others can reach these, in hexadecimal").isEmpty();
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

      assertThat(made.keySchema()).isEqualTo(wanted.keySchema());
      assertThat(Set.copyOf(made.attributeDefinitions()))
          .isEqualTo(Set.copyOf(wanted.attributeDefinitions()));
      assertThat(made.billingModeSummary().billingMode()).isEqualTo(wanted.billingMode());
      assertThat(
              made.globalSecondaryIndexes().stream()
                  .map(
                      index ->
                          GlobalSecondaryIndex.builder()
                              .indexName(index.indexName())
                              .keySchema(index.keySchema())
                              .projection(index.projection())
                              .build())
                  .collect(Collectors.toSet()))
          .isEqualTo(Set.copyOf(wanted.globalSecondaryIndexes()));
      assertThat(made.streamSpecification()).isEqualTo(wanted.streamSpecification());
      assertThat(made.deletionProtectionEnabled()).isEqualTo(wanted.deletionProtectionEnabled());
      assertThat(ttl.attributeName())
          .isEqualTo(
              defined
                  .timeToLive()
                  .map(it -> it.timeToLiveSpecification().attributeName())
                  .orElse(null));
      assertThat(ttl.timeToLiveStatus())
          .isEqualTo(
              defined.timeToLive().isPresent()
                  ? TimeToLiveStatus.ENABLED
                  : TimeToLiveStatus.DISABLED);
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
      assertThat(dueIn(bucket, table, client)).isEqualTo(1);

      client.putItem(
          it -> it.tableName(table).item(Map.of("pk", AttributeValue.fromS("due-or-not"))));
      assertThat(dueIn(bucket, table, client)).isEqualTo(0);
    }
  }

  @Test
  void whenALargeObjectIsStored_itIsReadByteForByte() {
    byte[] million = new byte[1_000_000];
    new Random(20261125).nextBytes(million);
    String bucket = cloud.definitions().pricesBucket().name();

    try (S3Client client = LocalCloudForTests.s3(cloud)) {
      client.putObject(it -> it.bucket(bucket).key("a-million"), RequestBody.fromBytes(million));

      assertThat(client.getObjectAsBytes(it -> it.bucket(bucket).key("a-million")).asByteArray())
          .isEqualTo(million);
    }
  }

  @Test
  void whenAnObjectIsReplaced_itsFirstVersionIsKept() {
    String bucket = cloud.definitions().pricesBucket().name();

    try (S3Client client = LocalCloudForTests.s3(cloud)) {
      assertThat(client.getBucketVersioning(it -> it.bucket(bucket)).status())
          .isEqualTo(BucketVersioningStatus.ENABLED);

      String first =
          client
              .putObject(it -> it.bucket(bucket).key("twice"), RequestBody.fromString("first"))
              .versionId();
      client.putObject(it -> it.bucket(bucket).key("twice"), RequestBody.fromString("second"));

      assertThat(
              client
                  .getObjectAsBytes(it -> it.bucket(bucket).key("twice").versionId(first))
                  .asUtf8String())
          .isEqualTo("first");
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
      assertThat(redrive.get("maxReceiveCount").asInt()).isEqualTo(5);
      assertThat(redrive.get("deadLetterTargetArn").asText())
          .endsWith(":budget-authority-usage-dead");

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
      assertThat(client.receiveMessage(it -> it.queueUrl(usage)).messages()).isEmpty();

      String dead =
          client.getQueueUrl(it -> it.queueName("budget-authority-usage-dead")).queueUrl();
      assertThat(
              client
                  .receiveMessage(it -> it.queueUrl(dead).waitTimeSeconds(5))
                  .messages()
                  .getFirst()
                  .body())
          .isEqualTo("cannot be settled");
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
                assertThat(made.get(QueueAttributeName.VISIBILITY_TIMEOUT))
                    .isEqualTo(
                        wanted
                            .attributes()
                            .getOrDefault(QueueAttributeName.VISIBILITY_TIMEOUT, "30"));
              });
    }
  }

  @Test
  void whenTheCloudIsMade_theConfigurationNamesItsParts() {
    assertThat(cloud.config().get("budget.ledger-table")).isEqualTo("budget-authority-ledger");
    assertThat(cloud.config().get("budget.decisions-table"))
        .isEqualTo("budget-authority-decisions");
    assertThat(cloud.config().get("budget.bucket"))
        .isEqualTo("budget-authority-prices-000000000000-us-east-1");
    assertThat(cloud.config().containsValue("")).isFalse();
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
