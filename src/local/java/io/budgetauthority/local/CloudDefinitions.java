package io.budgetauthority.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.Projection;
import software.amazon.awssdk.services.dynamodb.model.SSESpecification;
import software.amazon.awssdk.services.dynamodb.model.StreamSpecification;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveSpecification;
import software.amazon.awssdk.services.dynamodb.model.UpdateTimeToLiveRequest;
import software.amazon.awssdk.services.sqs.model.CreateQueueRequest;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The tables, the bucket and the queues that `infra/` defines, as the requests that create them.
/// The templates are the only place that defines them; Java repeats nothing of it.
///
/// @param tables by logical id
/// @param buckets by logical id
/// @param queues by logical id; a dead-letter queue comes before the queues that feed it
public record CloudDefinitions(
    Map<String, Table> tables,
    Map<String, Bucket> buckets,
    Map<String, CreateQueueRequest> queues) {

  /// A table, and its time-to-live attribute if it has one.
  public record Table(CreateTableRequest create, Optional<UpdateTimeToLiveRequest> timeToLive) {}

  /// A bucket and whether it stores the versions of its objects.
  public record Bucket(String name, boolean versioned) {}

  public CloudDefinitions {
    tables = Collections.unmodifiableMap(new LinkedHashMap<>(tables));
    buckets = Collections.unmodifiableMap(new LinkedHashMap<>(buckets));
    queues = Collections.unmodifiableMap(new LinkedHashMap<>(queues));
  }

  /// Reads `infra/` from the class path, with the usual names.
  public static CloudDefinitions read() {
    return read(LocalSettings.USUAL_PREFIX);
  }

  /// Reads `infra/` from the class path.
  ///
  /// @param prefix the text that every name begins with
  public static CloudDefinitions read(String prefix) {
    Map<String, Table> tables = new LinkedHashMap<>();
    Template.read("tables.yaml", prefix)
        .resources("AWS::DynamoDB::Table")
        .forEach((id, table) -> tables.put(id, table(new Properties(table))));

    Map<String, Bucket> buckets = new LinkedHashMap<>();
    Template.read("storage.yaml", prefix)
        .resources("AWS::S3::Bucket")
        .forEach((id, bucket) -> buckets.put(id, bucket(new Properties(bucket))));

    Map<String, CreateQueueRequest> unordered = new LinkedHashMap<>();
    Template.read("queues.yaml", prefix)
        .resources("AWS::SQS::Queue")
        .forEach((id, queue) -> unordered.put(id, queue(queue)));
    List<Map.Entry<String, CreateQueueRequest>> ordered = new ArrayList<>(unordered.entrySet());
    ordered.sort(Comparator.comparing(entry -> hasRedrive(entry.getValue())));
    Map<String, CreateQueueRequest> queues = new LinkedHashMap<>();
    ordered.forEach(entry -> queues.put(entry.getKey(), entry.getValue()));

    return new CloudDefinitions(tables, buckets, queues);
  }

  /// The table of the ledger.
  public Table ledgerTable() {
    return named(tables, "LedgerTable");
  }

  /// The table of decisions.
  public Table decisionsTable() {
    return named(tables, "DecisionsTable");
  }

  /// The table of attribution.
  public Table attributionTable() {
    return named(tables, "AttributionTable");
  }

  /// The bucket of price tables.
  public Bucket pricesBucket() {
    return named(buckets, "PricesBucket");
  }

  /// The usage queue.
  public CreateQueueRequest usageQueue() {
    return named(queues, "UsageQueue");
  }

  /// The dead-letter queue of the usage queue.
  public CreateQueueRequest usageDeadQueue() {
    return named(queues, "UsageDeadQueue");
  }

  /// The dead-letter queue of events: stream records that cannot be read, and events that no
  /// function could process.
  public CreateQueueRequest eventsDeadQueue() {
    return named(queues, "EventsDeadQueue");
  }

  private static <T> T named(Map<String, T> resources, String logicalId) {
    T resource = resources.get(logicalId);
    if (resource == null) {
      throw new IllegalStateException("infra/ defines no " + logicalId);
    }
    return resource;
  }

  private static Table table(Properties table) {
    String name = table.text("TableName");
    CreateTableRequest.Builder create =
        CreateTableRequest.builder()
            .tableName(name)
            .billingMode(table.text("BillingMode"))
            .attributeDefinitions(
                table.list("AttributeDefinitions").stream()
                    .map(CloudDefinitions::attribute)
                    .toList())
            .keySchema(keySchema(table))
            .deletionProtectionEnabled(table.flag("DeletionProtectionEnabled"));
    Collection<GlobalSecondaryIndex> indexes =
        table.list("GlobalSecondaryIndexes").stream().map(CloudDefinitions::index).toList();
    if (!indexes.isEmpty()) {
      create.globalSecondaryIndexes(indexes);
    }
    table
        .part("StreamSpecification")
        .ifPresent(
            stream ->
                create.streamSpecification(
                    StreamSpecification.builder()
                        .streamEnabled(true)
                        .streamViewType(stream.text("StreamViewType"))
                        .build()));
    table
        .part("SSESpecification")
        .ifPresent(
            encryption ->
                create.sseSpecification(
                    SSESpecification.builder().enabled(encryption.flag("SSEEnabled")).build()));
    return new Table(
        create.build(), table.part("TimeToLiveSpecification").map(ttl -> ttl(name, ttl)));
  }

  private static AttributeDefinition attribute(Properties attribute) {
    return AttributeDefinition.builder()
        .attributeName(attribute.text("AttributeName"))
        .attributeType(attribute.text("AttributeType"))
        .build();
  }

  private static List<KeySchemaElement> keySchema(Properties owner) {
    return owner.list("KeySchema").stream()
        .map(
            key ->
                KeySchemaElement.builder()
                    .attributeName(key.text("AttributeName"))
                    .keyType(key.text("KeyType"))
                    .build())
        .toList();
  }

  private static GlobalSecondaryIndex index(Properties index) {
    Properties projection = index.part("Projection").orElseThrow();
    Projection.Builder projected =
        Projection.builder().projectionType(projection.text("ProjectionType"));
    List<String> others = projection.texts("NonKeyAttributes");
    if (!others.isEmpty()) {
      projected.nonKeyAttributes(others);
    }
    return GlobalSecondaryIndex.builder()
        .indexName(index.text("IndexName"))
        .keySchema(keySchema(index))
        .projection(projected.build())
        .build();
  }

  private static UpdateTimeToLiveRequest ttl(String table, Properties ttl) {
    return UpdateTimeToLiveRequest.builder()
        .tableName(table)
        .timeToLiveSpecification(
            TimeToLiveSpecification.builder()
                .attributeName(ttl.text("AttributeName"))
                .enabled(ttl.flag("Enabled"))
                .build())
        .build();
  }

  private static Bucket bucket(Properties bucket) {
    boolean versioned =
        bucket
            .part("VersioningConfiguration")
            .map(versioning -> versioning.text("Status").equals("Enabled"))
            .orElse(false);
    return new Bucket(bucket.text("BucketName"), versioned);
  }

  /// Makes the request from a queue's properties, which have the names of SQS's attributes. A
  /// property with parts is JSON there.
  private static CreateQueueRequest queue(Map<?, ?> queue) {
    Map<String, String> attributes = new LinkedHashMap<>();
    queue.forEach(
        (name, value) -> {
          if (QueueAttributeName.knownValues()
              .contains(QueueAttributeName.fromValue(String.valueOf(name)))) {
            attributes.put(
                String.valueOf(name),
                value instanceof Map<?, ?> parts ? json(parts) : String.valueOf(value));
          }
        });
    return CreateQueueRequest.builder()
        .queueName(new Properties(queue).text("QueueName"))
        .attributesWithStrings(attributes)
        .build();
  }

  private static boolean hasRedrive(CreateQueueRequest queue) {
    return queue.attributes().containsKey(QueueAttributeName.REDRIVE_POLICY);
  }

  private static String json(Map<?, ?> parts) {
    try {
      return new ObjectMapper().writeValueAsString(parts);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The properties of a resource or of a part of one, read by name.
  private record Properties(Map<?, ?> fields) {

    String text(String name) {
      Object value = fields.get(name);
      if (value == null) {
        throw new IllegalStateException("A resource in infra/ has no " + name);
      }
      return value.toString();
    }

    boolean flag(String name) {
      return Boolean.TRUE.equals(fields.get(name));
    }

    Optional<Properties> part(String name) {
      return fields.get(name) instanceof Map<?, ?> part
          ? Optional.of(new Properties(part))
          : Optional.empty();
    }

    List<Properties> list(String name) {
      return fields.get(name) instanceof List<?> items
          ? items.stream().map(item -> new Properties((Map<?, ?>) item)).toList()
          : List.of();
    }

    List<String> texts(String name) {
      return fields.get(name) instanceof List<?> items
          ? items.stream().map(String::valueOf).toList()
          : List.of();
    }
  }
}
