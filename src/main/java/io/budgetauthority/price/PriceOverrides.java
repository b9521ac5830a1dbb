package io.budgetauthority.price;

import static io.budgetauthority.tenant.StoredValues.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.ConfigurationWrites;
import io.budgetauthority.tenant.Publications;
import io.budgetauthority.tenant.Published;
import io.budgetauthority.tenant.Standby;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.Tenants;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// Prices that a tenant states itself: they win over the table's (pricing.md). They are kept as
/// configuration in the ledger table and remembered for less than a minute, which is how long a
/// change may take to be in force elsewhere. Safe for use by many threads.
public final class PriceOverrides {

  private static final Duration IN_FORCE_WITHIN = Duration.ofSeconds(55);
  private static final int MOST_CACHED_TENANTS = 10_000;
  private static final int MOST_KEY_BYTES = 1_024;
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Tenants tenants;
  private final Cache<String, List<Price>> known =
      Caffeine.newBuilder()
          .expireAfterWrite(IN_FORCE_WITHIN)
          .maximumSize(MOST_CACHED_TENANTS)
          .build();

  public PriceOverrides(DynamoDbClient dynamoDb, String table, Tenants tenants) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.tenants = tenants;
  }

  /// What a name means to a tenant: its own price where it states one, else the table's row.
  public PriceTable.Found find(
      String tenantId, PriceTable prices, @Nullable String provider, String model) {
    return find(of(tenantId), prices, provider, model);
  }

  /// The same while the ledger is away, by the prices that were published of the tenant.
  public static PriceTable.Found find(
      Standby standby,
      String tenantId,
      PriceTable prices,
      @Nullable String provider,
      String model) {
    List<Price> published =
        standby
            .document(Published.Kind.PRICE_OVERRIDES, tenantId)
            .map(PriceOverrides::readCopy)
            .orElse(List.of());
    return find(published, prices, provider, model);
  }

  private static PriceTable.Found find(
      List<Price> overrides, PriceTable prices, @Nullable String provider, String model) {
    PriceTable.Found found = prices.find(provider, model);
    if (overrides.isEmpty()) {
      return found;
    }
    Price row = found instanceof PriceTable.Found.Row it ? it.price() : null;
    List<Price> stated =
        overrides.stream()
            .filter(
                override ->
                    (row != null && isFor(override, row.provider(), row.model()))
                        || (override.model().equals(model)
                            && (provider == null || override.provider().equals(provider))))
            .toList();
    return switch (stated.size()) {
      case 0 -> found;
      case 1 -> new PriceTable.Found.Row(stated.getFirst());
      default ->
          new PriceTable.Found.Ambiguous(
              stated.stream()
                  .map(override -> override.provider() + "/" + override.model())
                  .toList());
    };
  }

  private static boolean isFor(Price override, String provider, String model) {
    return override.provider().equals(provider) && override.model().equals(model);
  }

  /// All that a tenant states, at most a minute old.
  public List<Price> of(String tenantId) {
    List<Price> cached = known.getIfPresent(tenantId);
    if (cached != null) {
      return cached;
    }
    List<Price> read = read(tenantId);
    known.put(tenantId, read);
    return read;
  }

  /// What is to be published of a tenant's prices, as they are stored now; empty where it states
  /// none.
  public Optional<String> copy(String tenantId) {
    List<Price> stated = read(tenantId);
    return stated.isEmpty() ? Optional.empty() : Optional.of(write(stated));
  }

  private List<Price> read(String tenantId) {
    return dynamoDb
        .queryPaginator(
            query ->
                query
                    .tableName(table)
                    .keyConditionExpression("pk = :pk AND begins_with(sk, :price)")
                    .consistentRead(true)
                    .expressionAttributeValues(
                        Map.of(
                            ":pk", text(StoredIds.escape(tenantId) + "#config"),
                            ":price", text("price#"))))
        .items()
        .stream()
        .map(PriceOverrides::readItem)
        .sorted(Comparator.comparing(Price::provider).thenComparing(Price::model))
        .toList();
  }

  /// The override of exactly this provider and model, as it is stored now.
  public Optional<Price> get(String tenantId, String provider, String model) {
    known.invalidate(tenantId);
    return of(tenantId).stream().filter(override -> isFor(override, provider, model)).findFirst();
  }

  /// States a price, and records who did.
  public void put(String tenantId, Price price, AuditEntry entry) {
    Map<String, AttributeValue> item =
        new HashMap<>(key(tenantId, price.provider(), price.model()));
    item.put("doc", text(write(price)));
    change(tenantId, TransactWriteItem.builder().put(putItem(item)).build(), entry);
  }

  private Put putItem(Map<String, AttributeValue> item) {
    return Put.builder().tableName(table).item(item).build();
  }

  /// Takes a price back: the table's applies again.
  public void delete(String tenantId, String provider, String model, AuditEntry entry) {
    Delete delete = Delete.builder().tableName(table).key(key(tenantId, provider, model)).build();
    change(tenantId, TransactWriteItem.builder().delete(delete).build(), entry);
  }

  private void change(String tenantId, TransactWriteItem write, AuditEntry entry) {
    TransactWriteItem audit =
        TransactWriteItem.builder().put(tenants.audit(tenantId, entry)).build();
    TransactWriteItem mark =
        Publications.mark(table, Published.Kind.PRICE_OVERRIDES, List.of(tenantId));
    if (!new ConfigurationWrites(dynamoDb).write(List.of(write, audit, mark))) {
      throw new IllegalStateException("a price override is written unconditionally");
    }
    known.invalidate(tenantId);
  }

  private static Map<String, AttributeValue> key(String tenantId, String provider, String model) {
    return Map.of(
        "pk", text(StoredIds.escape(tenantId) + "#config"),
        "sk", text(sortKey(provider, model)));
  }

  /// A sort key has at most 1,024 bytes, which 256 characters may exceed: such a name is kept by
  /// its hash. No name makes the key of another, since a hash is without the separator.
  private static String sortKey(String provider, String model) {
    String named = "price#" + StoredIds.escape(provider) + "#" + StoredIds.escape(model);
    byte[] bytes = named.getBytes(StandardCharsets.UTF_8);
    return bytes.length <= MOST_KEY_BYTES ? named : "price#" + PriceTables.sha256(bytes);
  }

  private static List<Price> readCopy(String document) {
    try {
      return JSON.readValue(document, new TypeReference<List<Price>>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("published price overrides cannot be read", e);
    }
  }

  private static Price readItem(Map<String, AttributeValue> item) {
    try {
      AttributeValue doc =
          Optional.ofNullable(item.get("doc"))
              .orElseThrow(() -> new IllegalStateException("a price override has no doc"));
      return JSON.readValue(doc.s(), Price.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored price override cannot be read", e);
    }
  }

  private static String write(Object price) {
    try {
      return JSON.writeValueAsString(price);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a price cannot be written", e);
    }
  }
}
