package io.budgetauthority;

import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.storage.Attributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GetRecordsResponse;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.ShardIteratorType;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;

/// The real stream of the shared cloud's decisions table from a moment on, one tenant's records of
/// it.
public final class DecisionsTail implements AutoCloseable {

  private final String tenantId;
  private final DynamoDbStreamsClient streams;
  private String iterator;

  public DecisionsTail(String tenantId) {
    this.tenantId = tenantId;
    LocalCloud cloud = LocalCloudForTests.shared();
    this.streams =
        DynamoDbStreamsClient.builder()
            .httpClientBuilder(ApacheHttpClient.builder())
            .endpointOverride(cloud.dynamoDbEndpoint())
            .region(LocalCloud.region())
            .credentialsProvider(LocalCloud.credentials())
            .build();
    String table = cloud.definitions().decisionsTable().create().tableName();
    try (DynamoDbClient dynamoDb = LocalCloudForTests.dynamoDb().build()) {
      String arn = dynamoDb.describeTable(it -> it.tableName(table)).table().latestStreamArn();
      String shard =
          streams
              .describeStream(it -> it.streamArn(arn))
              .streamDescription()
              .shards()
              .getLast()
              .shardId();
      this.iterator =
          streams
              .getShardIterator(
                  it ->
                      it.streamArn(arn).shardId(shard).shardIteratorType(ShardIteratorType.LATEST))
              .shardIterator();
    }
  }

  /// What came since the last call, in order.
  public List<StreamRecord> read() {
    List<StreamRecord> read = new ArrayList<>();
    while (true) {
      GetRecordsResponse answer = streams.getRecords(it -> it.shardIterator(iterator).limit(1_000));
      if (answer.records().isEmpty()) {
        return read;
      }
      for (Record record : answer.records()) {
        StreamRecord streamed =
            new StreamRecord(
                record.dynamodb().sequenceNumber(),
                record.dynamodb().approximateCreationDateTime(),
                imageOf(record.dynamodb().oldImage()),
                imageOf(record.dynamodb().newImage()));
        Attributes item = streamed.isRemoval() ? streamed.before() : streamed.after();
        if (tenantId.equals(item.textOrNull("tenant"))) {
          read.add(streamed);
        }
      }
      iterator = answer.nextShardIterator();
    }
  }

  private static Attributes imageOf(@Nullable Map<String, AttributeValue> image) {
    return image == null ? Attributes.NONE : Attributes.of(image);
  }

  @Override
  public void close() {
    streams.close();
  }
}
