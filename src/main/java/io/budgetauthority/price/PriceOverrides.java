package io.budgetauthority.price;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.time;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.budgetauthority.tenant.AuditEntry;
import io.budgetauthority.tenant.ConfigurationWrites;
import io.budgetauthority.tenant.OutageSnapshots;
import io.budgetauthority.tenant.SnapshotPublisher;
import io.budgetauthority.tenant.SnapshotStore;
import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.StoredValues;
import io.budgetauthority.tenant.Tenants;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// The prices that a tenant states itself. They take precedence over the table's
/// (pricing.md#overrides). They are stored as configuration in the ledger table and cached for less
/// than a minute, which is how long a change may take to apply in other processes. An override is
/// never overwritten: each former version is stored for as long as a decision that was made under
/// it may be settled. Safe for use by many threads.
public final class PriceOverrides {

  /// The most overrides of one tenant: each is stored in the ledger and in the tenant's snapshot.
  public static final int MAX_OVERRIDES = 5_000;

  private static final Duration CACHE_TTL = Duration.ofSeconds(55);
  private static final int MAX_CACHED_TENANTS = 10_000;
  private static final int MAX_ATTEMPTS = 5;
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private static final String CURRENT = "price#";
  private static final String FORMER = "price-version#";
  private static final String COUNT = "price-count";
  private static final String UNCHANGED = "since = :seen";
  private static final String ABSENT = "attribute_not_exists(pk)";

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Tenants tenants;
  private final Clock clock;
  private final LoadingCache<String, Loaded> known =
      Caffeine.newBuilder()
          .expireAfterWrite(CACHE_TTL)
          .maximumSize(MAX_CACHED_TENANTS)
          .build(this::read);

  public PriceOverrides(DynamoDbClient dynamoDb, String table, Tenants tenants, Clock clock) {
    this.clock = clock;
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.tenants = tenants;
  }

  /// What a name means to a tenant now: its own price where it states one, else the table's row.
  public PriceTable.Found find(
      String tenantId, PriceTable prices, @Nullable String provider, String model) {
    return known.get(tenantId).versions().find(prices, provider, model, Instant.MAX);
  }

  /// What a name meant to a tenant at the time of a decision, by the prices that it stated then.
  public PriceTable.Found findAt(
      String tenantId, PriceTable prices, @Nullable String provider, String model, Instant at) {
    Loaded loaded = known.get(tenantId);
    if (loaded.at().isBefore(at)) {
      known.invalidate(tenantId);
      loaded = known.get(tenantId);
    }
    return loaded.versions().find(prices, provider, model, at);
  }

  /// What was read of a tenant.
  ///
  /// @param at when the read began: a later decision may have been made under a newer override
  private record Loaded(OverrideVersions versions, Instant at) {}

  /// What a name means to a tenant during an outage, by the overrides in the tenant's snapshot.
  public static PriceTable.Found find(
      OutageSnapshots snapshots,
      String tenantId,
      PriceTable prices,
      @Nullable String provider,
      String model) {
    PriceTable.Found found = prices.find(provider, model);
    Stream<String> namesOfRow =
        found instanceof PriceTable.Found.Row row ? row.price().names().stream() : Stream.of();
    List<OverrideVersions.Version> published =
        Stream.concat(Stream.of(model), namesOfRow)
            .distinct()
            .flatMap(
                name ->
                    snapshots
                        .document(SnapshotStore.Kind.PRICE_OVERRIDES, publishedName(tenantId, name))
                        .stream())
            .flatMap(document -> readCopy(document).stream())
            .map(
                override ->
                    new OverrideVersions.Version(
                        override.provider(), override.model(), override, Instant.MIN, null))
            .toList();
    return new OverrideVersions(published).find(prices, provider, model, Instant.MAX);
  }

  /// All overrides of a tenant as they are stored now, by provider and model.
  public List<PriceOverride> list(String tenantId) {
    known.invalidate(tenantId);
    return known.get(tenantId).versions().current();
  }

  /// The override of exactly this provider and model, as it is stored now.
  public Optional<PriceOverride> get(String tenantId, String provider, String model) {
    return Optional.ofNullable(version(head(tenantId, provider, model)))
        .map(OverrideVersions.Version::override);
  }

  /// The overrides of a model's name by every provider, as they are stored now.
  public List<PriceOverride> named(String tenantId, String model) {
    return items(tenantId, CURRENT + StoredIds.digest(model) + "#")
        .map(PriceOverrides::version)
        .flatMap(version -> Optional.ofNullable(version.override()).stream())
        .filter(override -> override.model().equals(model))
        .toList();
  }

  /// The snapshot of the overrides of one model's name; empty where none exist.
  ///
  /// @param name the result of [#publishedName]
  public Optional<String> snapshot(String name) {
    String[] parts = name.split("#", 2);
    List<PriceOverride> stated = named(StoredIds.unescape(parts[0]), StoredIds.unescape(parts[1]));
    return stated.isEmpty() ? Optional.empty() : Optional.of(write(stated));
  }

  /// The name of a snapshot. Each model has one of its own, so that a change publishes only that.
  private static String publishedName(String tenantId, String model) {
    return StoredIds.escape(tenantId) + "#" + StoredIds.escape(model);
  }

  /// What became of a change.
  public enum Changed {
    CREATED,
    REPLACED,
    DELETED,
    /// The tenant has no override of that name to delete.
    NOT_FOUND,
    /// The tenant has [#MAX_OVERRIDES] overrides.
    TOO_MANY
  }

  /// Stores an override, and an audit entry of who stated it.
  ///
  /// @param entry creates the audit entry, given the override that is replaced
  public Changed put(
      String tenantId,
      PriceOverride override,
      Function<Optional<PriceOverride>, AuditEntry> entry) {
    return change(tenantId, override.provider(), override.model(), override, entry);
  }

  /// Deletes an override: the table's price applies again.
  ///
  /// @param entry creates the audit entry, given the override that is deleted
  public Changed delete(
      String tenantId,
      String provider,
      String model,
      Function<Optional<PriceOverride>, AuditEntry> entry) {
    return change(tenantId, provider, model, null, entry);
  }

  private Changed change(
      String tenantId,
      String provider,
      String model,
      @Nullable PriceOverride next,
      Function<Optional<PriceOverride>, AuditEntry> entryOf) {
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      Map<String, AttributeValue> stored = head(tenantId, provider, model);
      OverrideVersions.Version before = version(stored);
      Optional<PriceOverride> former =
          Optional.ofNullable(before).map(OverrideVersions.Version::override);
      boolean existed = former.isPresent();
      if (next == null && !existed) {
        return Changed.NOT_FOUND;
      }
      if (next != null && !existed && count(tenantId) >= MAX_OVERRIDES) {
        return Changed.TOO_MANY;
      }
      AuditEntry entry = entryOf.apply(former);
      Instant since = entry.at();
      if (before != null && !since.isAfter(before.since())) {
        since = before.since().plusMillis(1);
      }
      List<TransactWriteItem> writes = new ArrayList<>();
      writes.add(putHead(tenantId, provider, model, next, since, before));
      if (before != null) {
        writes.add(keep(tenantId, before, since));
      }
      if (existed != (next != null)) {
        writes.add(counted(tenantId, existed ? -1 : 1));
      }
      writes.add(TransactWriteItem.builder().put(tenants.audit(tenantId, entry)).build());
      writes.add(
          SnapshotPublisher.mark(
              table, SnapshotStore.Kind.PRICE_OVERRIDES, List.of(publishedName(tenantId, model))));
      if (new ConfigurationWrites(dynamoDb).write(writes)) {
        known.invalidate(tenantId);
        if (next == null) {
          return Changed.DELETED;
        }
        return existed ? Changed.REPLACED : Changed.CREATED;
      }
    }
    throw new ConfigurationWrites.Busy("the override of " + provider + "/" + model);
  }

  private TransactWriteItem putHead(
      String tenantId,
      String provider,
      String model,
      @Nullable PriceOverride next,
      Instant since,
      OverrideVersions.@Nullable Version before) {
    Map<String, AttributeValue> item =
        item(key(tenantId, sortKey(CURRENT, provider, model)), provider, model, next, since);
    Put.Builder put = Put.builder().tableName(table).item(item);
    if (before == null) {
      put.conditionExpression(ABSENT);
    } else {
      put.conditionExpression(UNCHANGED)
          .expressionAttributeValues(Map.of(":seen", time(before.since())));
    }
    return TransactWriteItem.builder().put(put.build()).build();
  }

  /// Stores a former version for as long as a decision that was made under it may be settled.
  private TransactWriteItem keep(String tenantId, OverrideVersions.Version former, Instant until) {
    int days = tenants.policy(tenantId).policy().retentionDays() + 1;
    String name =
        sortKey(FORMER, former.provider(), former.model())
            + "#%015d".formatted(until.toEpochMilli());
    Map<String, AttributeValue> item =
        item(
            key(tenantId, name),
            former.provider(),
            former.model(),
            former.override(),
            former.since());
    item.put("until", time(until));
    item.put("ttl", number(until.plus(Duration.ofDays(days)).getEpochSecond()));
    return TransactWriteItem.builder()
        .put(Put.builder().tableName(table).item(item).build())
        .build();
  }

  private static Map<String, AttributeValue> item(
      Map<String, AttributeValue> key,
      String provider,
      String model,
      @Nullable PriceOverride override,
      Instant since) {
    Map<String, AttributeValue> item = new HashMap<>(key);
    item.put("provider", text(provider));
    item.put("model", text(model));
    item.put("since", time(since));
    if (override != null) {
      item.put("doc", text(write(override)));
    }
    return item;
  }

  private TransactWriteItem counted(String tenantId, int change) {
    Update.Builder update =
        Update.builder()
            .tableName(table)
            .key(key(tenantId, COUNT))
            .updateExpression("ADD n :change");
    if (change < 0) {
      return TransactWriteItem.builder()
          .update(update.expressionAttributeValues(Map.of(":change", number(change))).build())
          .build();
    }
    return TransactWriteItem.builder()
        .update(
            update
                .conditionExpression("attribute_not_exists(n) OR n < :max")
                .expressionAttributeValues(
                    Map.of(":change", number(change), ":max", number(MAX_OVERRIDES)))
                .build())
        .build();
  }

  private long count(String tenantId) {
    Map<String, AttributeValue> item = get(key(tenantId, COUNT));
    return item.isEmpty() ? 0 : number(item, "n");
  }

  private Map<String, AttributeValue> head(String tenantId, String provider, String model) {
    return get(key(tenantId, sortKey(CURRENT, provider, model)));
  }

  private Map<String, AttributeValue> get(Map<String, AttributeValue> key) {
    Map<String, AttributeValue> item =
        dynamoDb.getItem(it -> it.tableName(table).key(key).consistentRead(true)).item();
    return item == null ? Map.of() : item;
  }

  private Loaded read(String tenantId) {
    Instant at = clock.instant();
    List<OverrideVersions.Version> versions =
        Stream.of(CURRENT, FORMER)
            .flatMap(prefix -> items(tenantId, prefix))
            .flatMap(item -> Optional.ofNullable(version(item)).stream())
            .toList();
    return new Loaded(
        versions.isEmpty() ? OverrideVersions.NONE : new OverrideVersions(versions), at);
  }

  private Stream<Map<String, AttributeValue>> items(String tenantId, String prefix) {
    return dynamoDb
        .queryPaginator(
            query ->
                query
                    .tableName(table)
                    .keyConditionExpression("pk = :pk AND begins_with(sk, :prefix)")
                    .consistentRead(true)
                    .expressionAttributeValues(
                        Map.of(
                            ":pk", text(StoredIds.escape(tenantId) + "#config"),
                            ":prefix", text(prefix))))
        .items()
        .stream();
  }

  /// An item as a version; null where no item exists, or it is not of this form.
  private static OverrideVersions.@Nullable Version version(Map<String, AttributeValue> item) {
    if (!item.containsKey("since")) {
      return null;
    }
    String doc = StoredValues.textOrNull(item, "doc");
    return new OverrideVersions.Version(
        text(item, "provider"),
        text(item, "model"),
        doc == null ? null : readOverride(doc),
        time(item, "since"),
        item.containsKey("until") ? time(item, "until") : null);
  }

  private static Map<String, AttributeValue> key(String tenantId, String sortKey) {
    return Map.of("pk", text(StoredIds.escape(tenantId) + "#config"), "sk", text(sortKey));
  }

  /// The names are digests, because a sort key has at most 1,024 bytes, which two names may exceed.
  private static String sortKey(String prefix, String provider, String model) {
    return prefix + StoredIds.digest(model) + "#" + StoredIds.digest(provider);
  }

  private static List<PriceOverride> readCopy(String document) {
    try {
      return JSON.readValue(document, new TypeReference<List<PriceOverride>>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("published price overrides cannot be read", e);
    }
  }

  private static PriceOverride readOverride(String document) {
    try {
      return JSON.readValue(document, PriceOverride.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored price override cannot be read", e);
    }
  }

  private static String write(Object overrides) {
    try {
      return JSON.writeValueAsString(overrides);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a price override cannot be written", e);
    }
  }
}
