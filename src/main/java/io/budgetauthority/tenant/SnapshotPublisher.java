package io.budgetauthority.tenant;

import static io.budgetauthority.tenant.StoredValues.text;

import io.budgetauthority.metrics.Meters;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jboss.logging.Logger;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// Makes sure that every change of an original of [SnapshotStore] is published. A mark is written
/// in the transaction of the change and deleted once the snapshots are written. So a publication
/// that failed, or whose process ended, is done again. Safe for use by many threads.
public final class SnapshotPublisher {

  private static final Logger LOG = Logger.getLogger("budget.snapshots");
  private static final String MARK = "unpublished#";
  private static final int PAGE = 100;

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final SnapshotStore published;
  private final Tenants tenants;
  private final ApiKeys keys;
  private final Function<String, Optional<String>> priceOverrides;

  /// @param priceOverrides reads the snapshot of overrides of a name
  public SnapshotPublisher(
      DynamoDbClient dynamoDb,
      String table,
      SnapshotStore published,
      Tenants tenants,
      ApiKeys keys,
      Function<String, Optional<String>> priceOverrides) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.published = published;
    this.tenants = tenants;
    this.keys = keys;
    this.priceOverrides = priceOverrides;
  }

  /// A write that marks originals as changed, in one transaction with their change.
  public static TransactWriteItem mark(String table, SnapshotStore.Kind kind, List<String> names) {
    Map<String, AttributeValue> item = new HashMap<>(key(MARK + UUID.randomUUID()));
    item.put("kind", text(kind.name()));
    item.put(
        "names",
        AttributeValue.builder().l(names.stream().map(StoredValues::text).toList()).build());
    return TransactWriteItem.builder()
        .put(Put.builder().tableName(table).item(item).build())
        .build();
  }

  /// What belongs to no tenant is stored under the name that no tenant can have.
  private static Map<String, AttributeValue> key(String sortKey) {
    return Map.of("pk", text("#config"), "sk", text(sortKey));
  }

  /// Publishes what is marked. What cannot be published now stays marked, with a line in the log.
  /// The change itself is not undone.
  public void publishPending() {
    try {
      for (Map<String, AttributeValue> mark : marks()) {
        SnapshotStore.Kind kind = SnapshotStore.Kind.valueOf(StoredValues.text(mark, "kind"));
        for (String name : StoredValues.texts(mark, "names")) {
          published.publish(kind, name, () -> original(kind, name));
        }
        String sortKey = StoredValues.text(mark, "sk");
        dynamoDb.deleteItem(it -> it.tableName(table).key(key(sortKey)));
      }
    } catch (RuntimeException e) {
      // The change is written: whatever fails now, its caller must be answered that it is done.
      Meters.notPublished();
      LOG.errorf(e, "what changed could not be published; it is tried again");
    }
  }

  private Optional<String> original(SnapshotStore.Kind kind, String name) {
    return switch (kind) {
      case POLICY -> tenants.snapshot(name);
      case KEY -> keys.snapshot(name);
      case PRICE_OVERRIDES -> priceOverrides.apply(name);
    };
  }

  private List<Map<String, AttributeValue>> marks() {
    return Queries.first(
        dynamoDb,
        QueryRequest.builder()
            .tableName(table)
            .keyConditionExpression("pk = :pk AND begins_with(sk, :mark)")
            .expressionAttributeValues(Map.of(":pk", text("#config"), ":mark", text(MARK)))
            .consistentRead(true),
        PAGE);
  }
}
