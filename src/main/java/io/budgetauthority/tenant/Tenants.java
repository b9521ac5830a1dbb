package io.budgetauthority.tenant;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import com.fasterxml.jackson.core.type.TypeReference;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// The configuration of tenants: policies and ceilings. It is stored in the ledger table and cached
/// for as long as protocol.md#ceilings lets a change take to apply in other processes. Safe for use
/// by many threads.
public final class Tenants {

  private static final Duration CACHE_TTL = Duration.ofSeconds(5);
  private static final int MAX_CACHED = 20_000;
  private static final TypeReference<Map<Window, Ceiling>> CEILINGS = new TypeReference<>() {};

  /// What belongs to no tenant is stored under the name that no tenant can have.
  private static final String NO_TENANT = "";

  private static final int PAGE = 200;
  private static final String TENANT = "tenant#";
  private static final String CEILING = "ceiling#";

  /// Above every character of an id.
  private static final String END = "\u007f";

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final ConfigurationWrites writes;
  private final Cache<String, Versioned> policies =
      Caffeine.newBuilder().expireAfterWrite(CACHE_TTL).maximumSize(MAX_CACHED).build();
  private final Cache<ScopeId, CeilingSet> ceilings =
      Caffeine.newBuilder().expireAfterWrite(CACHE_TTL).maximumSize(MAX_CACHED).build();

  public Tenants(DynamoDbClient dynamoDb, String table) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.writes = new ConfigurationWrites(dynamoDb);
  }

  /// A policy and the number of changes that led to it.
  ///
  /// @param calendar the policy's time zone and how it changed
  public record Versioned(Policy policy, Calendar calendar, long version) {}

  /// One id within one scope of a tenant.
  public record ScopeId(String tenantId, Scope scope, String id) {}

  /// The policy that applies; a tenant without one of its own has [Policy#DEFAULT].
  public Versioned policy(String tenantId) {
    Versioned cached = policies.getIfPresent(tenantId);
    if (cached != null) {
      return cached;
    }
    Versioned read = readPolicy(tenantId);
    cacheIfNewer(tenantId, read);
    return read;
  }

  private void cacheIfNewer(String tenantId, Versioned policy) {
    var unused =
        policies
            .asMap()
            .merge(tenantId, policy, (old, read) -> old.version() > read.version() ? old : read);
  }

  private Versioned readPolicy(String tenantId) {
    Map<String, AttributeValue> item = get(configKey(tenantId, "policy"));
    return item.isEmpty()
        ? new Versioned(Policy.DEFAULT, Calendar.in(Policy.DEFAULT.timeZone()), 0)
        : versioned(item);
  }

  private static Versioned versioned(Map<String, AttributeValue> item) {
    Policy policy = read(item, Policy.class);
    AttributeValue calendar = item.get("calendar");
    return new Versioned(
        policy,
        calendar == null
            ? Calendar.in(policy.timeZone())
            : ConfigurationJson.read(calendar.s(), Calendar.class),
        version(item));
  }

  /// Creates a tenant with its policy. False where one of that name exists.
  public boolean create(String tenantId, Policy policy, Instant now) {
    Map<String, AttributeValue> item = new HashMap<>(configKey(tenantId, "policy"));
    item.put("doc", text(write(policy)));
    item.put("ver", number(1));
    Map<String, AttributeValue> listed =
        new HashMap<>(configKey(NO_TENANT, TENANT + StoredIds.escape(tenantId)));
    listed.put("created", StoredValues.time(now));
    try {
      return writes.write(
          List.of(
              TransactWriteItem.builder()
                  .put(
                      Put.builder()
                          .tableName(table)
                          .item(item)
                          .conditionExpression("attribute_not_exists(pk)")
                          .build())
                  .build(),
              TransactWriteItem.builder()
                  .put(Put.builder().tableName(table).item(listed).build())
                  .build(),
              toPublish(tenantId)));
    } finally {
      policies.invalidate(tenantId);
    }
  }

  /// A tenant as an operator sees it.
  public record Tenant(String tenantId, Instant createdAt, Policy policy) {}

  /// A page of the tenants, by id.
  ///
  /// @param after the last tenant of the page before; null for the first page
  public List<Tenant> list(int limit, @Nullable String after) {
    return Queries.configuration(
            dynamoDb,
            table,
            NO_TENANT,
            TENANT + (after == null ? "" : StoredIds.escape(after) + " "),
            TENANT + END,
            limit)
        .stream()
        .map(
            item -> {
              String id =
                  StoredIds.unescape(StoredValues.text(item, "sk").substring(TENANT.length()));
              return new Tenant(id, StoredValues.time(item, "created"), readPolicy(id).policy());
            })
        .toList();
  }

  /// When a tenant was created; empty where that is not known.
  public Optional<Instant> createdAt(String tenantId) {
    Map<String, AttributeValue> item =
        get(configKey(NO_TENANT, TENANT + StoredIds.escape(tenantId)));
    return item.isEmpty() ? Optional.empty() : Optional.of(StoredValues.time(item, "created"));
  }

  /// The policy as it is stored now.
  public Versioned policyNow(String tenantId) {
    Versioned read = readPolicy(tenantId);
    cacheIfNewer(tenantId, read);
    return read;
  }

  /// A check that a policy still has the version that it was read with. It goes into the
  /// transaction of a write that depends on the policy.
  public TransactWriteItem unchanged(String tenantId, Versioned seen) {
    ConditionCheck.Builder check =
        ConditionCheck.builder().tableName(table).key(configKey(tenantId, "policy"));
    if (seen.version() == 0) {
      check.conditionExpression("attribute_not_exists(pk)");
    } else {
      check
          .conditionExpression("ver = :seen")
          .expressionAttributeValues(Map.of(":seen", number(seen.version())));
    }
    return TransactWriteItem.builder().conditionCheck(check.build()).build();
  }

  /// Replaces a policy that still has the version that it was read with, and adds an audit entry of
  /// who did. False where another change was first.
  public boolean replacePolicy(String tenantId, Versioned seen, Policy next, AuditEntry entry) {
    Map<String, AttributeValue> item = new HashMap<>(configKey(tenantId, "policy"));
    item.put("doc", text(write(next)));
    item.put("ver", number(seen.version() + 1));
    Calendar calendar = seen.calendar().changedTo(next.timeZone(), entry.at());
    item.put("calendar", text(write(calendar)));
    Put.Builder put = Put.builder().tableName(table).item(item);
    if (seen.version() == 0) {
      put.conditionExpression("attribute_not_exists(pk)");
    } else {
      put.conditionExpression("ver = :seen")
          .expressionAttributeValues(Map.of(":seen", number(seen.version())));
    }
    boolean replaced =
        writes.write(
            List.of(
                TransactWriteItem.builder().put(put.build()).build(),
                TransactWriteItem.builder().put(audit(tenantId, entry)).build(),
                toPublish(tenantId)));
    if (replaced) {
      cacheIfNewer(tenantId, new Versioned(next, calendar, seen.version() + 1));
    } else {
      policies.invalidate(tenantId);
    }
    return replaced;
  }

  /// A write that marks a tenant's policy and strictest mode as to be published. It goes into one
  /// transaction with their change.
  public TransactWriteItem toPublish(String tenantId) {
    return SnapshotPublisher.mark(table, SnapshotStore.Kind.POLICY, List.of(tenantId));
  }

  /// The snapshot of a tenant, as it is stored now; empty where the tenant does not exist.
  public Optional<String> snapshot(String tenantId) {
    Versioned policy = readPolicy(tenantId);
    return policy.version() == 0
        ? Optional.empty()
        : Optional.of(
            write(
                new TenantSnapshot(
                    policy.policy(),
                    policy.version(),
                    strictest(tenantId, policy),
                    policy.calendar())));
  }

  /// The strictest mode of a tenant's policy, its default ceilings and its ceilings.
  private Mode strictest(String tenantId, Versioned policy) {
    Mode strictest = policy.policy().mode();
    for (Scope scope : Scope.values()) {
      for (Ceiling ceiling : policy.policy().defaultCeilingsOf(scope).values()) {
        strictest = stricter(strictest, ceiling);
      }
    }
    ScopeId from = null;
    List<Listed> page;
    do {
      page = listCeilings(tenantId, null, from, PAGE);
      for (Listed listed : page) {
        for (Ceiling ceiling : listed.byWindow().values()) {
          strictest = stricter(strictest, ceiling);
        }
        from = listed.scopeId();
      }
    } while (page.size() == PAGE);
    return strictest;
  }

  private static Mode stricter(Mode mode, Ceiling ceiling) {
    Mode own = ceiling.mode();
    return own != null && own.isStricterThan(mode) ? own : mode;
  }

  /// A write that adds an entry to a tenant's audit trail. It goes into one transaction with the
  /// change that the entry describes.
  public Put audit(String tenantId, AuditEntry entry) {
    Map<String, AttributeValue> item =
        new HashMap<>(
            Map.of(
                "pk", text(StoredIds.escape(tenantId) + "#audit"),
                "sk", text(entry.id()),
                "doc", text(write(entry))));
    return Put.builder().tableName(table).item(item).build();
  }

  /// A page of the audit trail, newest first.
  ///
  /// @param after the id of the last entry of the page before; null for the first page
  public List<AuditEntry> auditTrail(String tenantId, int limit, @Nullable String after) {
    Map<String, AttributeValue> values =
        new HashMap<>(Map.of(":pk", text(StoredIds.escape(tenantId) + "#audit")));
    if (after != null) {
      values.put(":after", text(after));
    }
    return Queries.first(
            dynamoDb,
            QueryRequest.builder()
                .tableName(table)
                .keyConditionExpression(after == null ? "pk = :pk" : "pk = :pk AND sk < :after")
                .expressionAttributeValues(values)
                .scanIndexForward(false),
            limit)
        .stream()
        .map(item -> read(item, AuditEntry.class))
        .toList();
  }

  /// The ceilings of one scope id, at most a few seconds old.
  public CeilingSet ceilings(ScopeId scopeId) {
    CeilingSet cached = ceilings.getIfPresent(scopeId);
    if (cached != null) {
      return cached;
    }
    return ceilingsNow(scopeId);
  }

  /// The ceilings of one scope id as they are stored now.
  public CeilingSet ceilingsNow(ScopeId scopeId) {
    Map<String, AttributeValue> item = get(ceilingsKey(scopeId));
    CeilingSet read =
        item.isEmpty() ? CeilingSet.EMPTY : new CeilingSet(read(item, CEILINGS), version(item));
    cacheIfNewer(scopeId, read);
    return read;
  }

  /// Caches ceilings that were just read or written, unless newer ones are cached. A read that
  /// began before a change must not bring the old ones back.
  public void cacheIfNewer(ScopeId scopeId, CeilingSet set) {
    var unused =
        ceilings
            .asMap()
            .merge(scopeId, set, (old, read) -> old.version() > read.version() ? old : read);
  }

  /// A write that replaces the ceilings of a scope id, under the condition that nobody replaced
  /// them since they were read. It goes into one transaction with the accounts that it moves.
  public Put replace(ScopeId scopeId, CeilingSet next) {
    Map<String, AttributeValue> item = new HashMap<>(ceilingsKey(scopeId));
    item.put("doc", text(write(next.byWindow())));
    item.put("ver", number(next.version()));
    Put.Builder put = Put.builder().tableName(table).item(item);
    if (next.version() == 1) {
      return put.conditionExpression("attribute_not_exists(pk)").build();
    }
    return put.conditionExpression("ver = :seen")
        .expressionAttributeValues(Map.of(":seen", number(next.version() - 1)))
        .build();
  }

  /// A write that updates the list of a tenant's ceilings, in one transaction with the ceilings.
  public TransactWriteItem listing(ScopeId scopeId, CeilingSet next) {
    Map<String, AttributeValue> key = configKey(scopeId.tenantId(), listingKey(scopeId));
    if (next.byWindow().isEmpty()) {
      return TransactWriteItem.builder()
          .delete(Delete.builder().tableName(table).key(key).build())
          .build();
    }
    Map<String, AttributeValue> item = new HashMap<>(key);
    item.put("doc", text(write(next.byWindow())));
    return TransactWriteItem.builder()
        .put(Put.builder().tableName(table).item(item).build())
        .build();
  }

  private static String listingKey(ScopeId scopeId) {
    return CEILING + scopeId.scope().wireName() + "#" + StoredIds.escape(scopeId.id());
  }

  /// The ceilings of one scope id, as they are listed.
  public record Listed(ScopeId scopeId, Map<Window, Ceiling> byWindow) {}

  /// Ceilings of a tenant, by scope and id.
  ///
  /// @param scope null for all of them
  /// @param from where to begin, inclusive; null for the first
  public List<Listed> listCeilings(
      String tenantId, @Nullable Scope scope, @Nullable ScopeId from, int limit) {
    String all = CEILING + (scope == null ? "" : scope.wireName() + "#");
    List<Listed> listed = new ArrayList<>();
    for (Map<String, AttributeValue> item :
        Queries.configuration(
            dynamoDb, table, tenantId, from == null ? all : listingKey(from), all + END, limit)) {
      String[] name = StoredValues.text(item, "sk").split("#", 3);
      listed.add(
          new Listed(
              new ScopeId(tenantId, Scope.ofWireName(name[1]), StoredIds.unescape(name[2])),
              read(item, CEILINGS)));
    }
    return listed;
  }

  /// Removes what is cached of a scope id and of its tenant's policy, after a change or where an
  /// account shows that a change was made.
  public void evict(ScopeId scopeId) {
    ceilings.invalidate(scopeId);
    policies.invalidate(scopeId.tenantId());
  }

  private Map<String, AttributeValue> get(Map<String, AttributeValue> key) {
    Map<String, AttributeValue> item =
        dynamoDb.getItem(get -> get.tableName(table).key(key).consistentRead(true)).item();
    return item == null ? Map.of() : item;
  }

  private static Map<String, AttributeValue> configKey(String tenantId, String sortKey) {
    return Map.of("pk", text(StoredIds.escape(tenantId) + "#config"), "sk", text(sortKey));
  }

  private static Map<String, AttributeValue> ceilingsKey(ScopeId scopeId) {
    return Map.of(
        "pk",
        text(StoredIds.partitionKey(scopeId.tenantId(), scopeId.scope(), scopeId.id())),
        "sk",
        text("ceilings"));
  }

  private static long version(Map<String, AttributeValue> item) {
    return Long.parseLong(attribute(item, "ver").n());
  }

  private static AttributeValue attribute(Map<String, AttributeValue> item, String name) {
    return Optional.ofNullable(item.get(name))
        .orElseThrow(
            () -> new IllegalStateException("a configuration item has no attribute " + name));
  }

  private static <T> T read(Map<String, AttributeValue> item, Class<T> type) {
    return ConfigurationJson.read(attribute(item, "doc").s(), type);
  }

  private static <T> T read(Map<String, AttributeValue> item, TypeReference<T> type) {
    return ConfigurationJson.read(attribute(item, "doc").s(), type);
  }

  private static String write(Object configuration) {
    return ConfigurationJson.write(configuration);
  }
}
