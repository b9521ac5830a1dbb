package io.budgetauthority.tenant;

import static io.budgetauthority.tenant.StoredValues.number;
import static io.budgetauthority.tenant.StoredValues.text;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// API keys and the principals that they authenticate. A secret is stored only as its SHA-256:
/// secrets are long and random, so a slow hash would add nothing but latency. A look-up is cached
/// for less than a minute, which is how long a revocation may take to reach every process
/// (protocol.md#administration).
public final class ApiKeys {

  private static final Duration CACHE_TTL = Duration.ofSeconds(55);
  private static final int MAX_CACHED = 10_000;
  private static final int SECRET_BYTES = 32;

  /// The most secrets of a principal: a rotation or a revocation ends all of them in one
  /// transaction.
  private static final int MAX_SECRETS = 50;

  private static final int MAX_ATTEMPTS = 10;
  private static final int PAGE = 200;

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final ConfigurationWrites writes;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final Cache<String, Optional<Known>> known =
      Caffeine.newBuilder().expireAfterWrite(CACHE_TTL).maximumSize(MAX_CACHED).build();

  private record Known(byte[] hash, Caller caller, Instant goodUntil) {}

  /// What became of a rotation.
  public sealed interface Rotated {
    record Done(Issued issued) implements Rotated {}

    /// No such principal exists.
    record Unknown() implements Rotated {}

    /// More of its secrets are still good than one transaction can end. The overlaps of earlier
    /// rotations must end first.
    record TooOften(int times) implements Rotated {}

    /// Another request rotated it at this moment. The secret of that rotation stays as it was
    /// issued, because ending it earlier than was just promised would help nobody.
    record Meanwhile() implements Rotated {}
  }

  public ApiKeys(DynamoDbClient dynamoDb, String table, Clock clock) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.writes = new ConfigurationWrites(dynamoDb);
    this.clock = clock;
  }

  /// A principal of a tenant as its administrators see it.
  public record Principal(Caller caller, Instant createdAt) {}

  /// A principal with its secret, which is shown only this once.
  public record Issued(Principal principal, String secret) {}

  /// The principal that has this secret; empty where none has, or where the secret has ended.
  public Optional<Caller> authenticate(String secret) {
    byte[] hash = sha256(secret);
    String name = HexFormat.of().formatHex(hash);
    Optional<Known> found = known.getIfPresent(name);
    if (found == null) {
      found = read(name);
      known.put(name, found);
    }
    return found
        .filter(key -> MessageDigest.isEqual(key.hash(), hash))
        .filter(key -> clock.instant().isBefore(key.goodUntil()))
        .map(Known::caller);
  }

  /// Creates a principal of a tenant and its secret, and an audit entry of who did.
  public Issued issue(Caller wanted, Tenants tenants, AuditEntry entry) {
    String secret = newSecret();
    Principal principal = new Principal(wanted, clock.instant());
    write(secret, principal, List.of(auditWrite(tenants, wanted.tenantId(), entry)));
    return new Issued(principal, secret);
  }

  /// Stores a principal under a secret that the caller chose. A repetition changes nothing.
  public void store(String secret, Caller caller) {
    write(secret, new Principal(caller, clock.instant()), List.of());
  }

  private void write(String secret, Principal principal, List<TransactWriteItem> beside) {
    String hash = hashOf(secret);
    Map<String, AttributeValue> listed =
        new HashMap<>(
            principalKey(principal.caller().tenantId(), principal.caller().principalId()));
    listed.putAll(describe(principal.caller()));
    listed.put("created", number(principal.createdAt().toEpochMilli()));
    listed.put("hash", text(hash));
    List<TransactWriteItem> together = new ArrayList<>(beside);
    together.add(put(lookUpItem(hash, principal.caller())));
    together.add(put(listed));
    together.add(toPublish(List.of(hash)));
    if (!writes.write(together)) {
      throw new IllegalStateException("a key is written unconditionally");
    }
    known.invalidate(hash);
  }

  /// Gives a principal a new secret. Every older one ends within `overlap`, or earlier where its
  /// end was earlier.
  public Rotated rotate(
      String tenantId, String principalId, Duration overlap, Tenants tenants, AuditEntry entry) {
    Map<String, AttributeValue> listed = get(principalKey(tenantId, principalId));
    if (listed.isEmpty()) {
      return new Rotated.Unknown();
    }
    Instant until = clock.instant().plus(overlap);
    String oldHash = required(listed, "hash");
    Map<String, Instant> older = stillGood(hashesOf(oldHash, listed));
    if (older.size() > MAX_SECRETS) {
      return new Rotated.TooOften(older.size());
    }
    Principal principal = readPrincipal(tenantId, listed);
    String secret = newSecret();
    String hash = hashOf(secret);
    Map<String, AttributeValue> renewed = new HashMap<>(listed);
    renewed.put("hash", text(hash));
    renewed.put("old_hashes", texts(List.copyOf(older.keySet())));
    List<TransactWriteItem> together = new ArrayList<>();
    together.add(put(lookUpItem(hash, principal.caller())));
    together.add(
        TransactWriteItem.builder()
            .put(
                Put.builder()
                    .tableName(table)
                    .item(renewed)
                    .conditionExpression("#hash = :old")
                    .expressionAttributeNames(Map.of("#hash", "hash"))
                    .expressionAttributeValues(Map.of(":old", text(oldHash)))
                    .build())
            .build());
    older.forEach(
        (one, good) -> {
          if (good.isAfter(until)) {
            together.add(endAt(one, until));
          }
        });
    together.add(auditWrite(tenants, tenantId, entry));
    List<String> changed = new ArrayList<>(older.keySet());
    changed.add(hash);
    together.add(toPublish(changed));
    if (!writes.write(together)) {
      return new Rotated.Meanwhile();
    }
    older.keySet().forEach(known::invalidate);
    return new Rotated.Done(new Issued(principal, secret));
  }

  /// The end of each of these secrets, without those that have ended.
  private Map<String, Instant> stillGood(List<String> hashes) {
    Map<String, Instant> good = new LinkedHashMap<>();
    Instant now = clock.instant();
    for (String hash : hashes) {
      read(hash).map(Known::goodUntil).filter(now::isBefore).ifPresent(it -> good.put(hash, it));
    }
    return good;
  }

  private TransactWriteItem endAt(String hash, Instant until) {
    return TransactWriteItem.builder()
        .update(
            Update.builder()
                .tableName(table)
                .key(key(hash))
                .updateExpression("SET good_until = :until")
                .expressionAttributeValues(Map.of(":until", number(until.toEpochMilli())))
                .build())
        .build();
  }

  /// The secrets that a principal has and had, the newest first, as many as may be good at once.
  private static List<String> hashesOf(String hash, Map<String, AttributeValue> listed) {
    List<String> hashes = new ArrayList<>();
    hashes.add(hash);
    AttributeValue older = listed.get("old_hashes");
    if (older != null) {
      hashes.addAll(older.l().stream().map(AttributeValue::s).toList());
    }
    return hashes;
  }

  private static AttributeValue texts(List<String> values) {
    return AttributeValue.builder().l(values.stream().map(StoredValues::text).toList()).build();
  }

  /// What became of a revocation.
  public enum Revoked {
    DONE,
    /// No such principal exists.
    UNKNOWN,
    /// It is the last admin of its tenant. Without it, nobody could configure the tenant any more.
    LAST_ADMIN
  }

  /// Deletes a principal. None of its secrets is good any more, and neither is one that it is given
  /// at this moment. Where the principal is an admin, the same transaction checks that another
  /// admin exists.
  public Revoked revoke(String tenantId, String principalId, Tenants tenants, AuditEntry entry) {
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      Map<String, AttributeValue> listed = get(principalKey(tenantId, principalId));
      if (listed.isEmpty()) {
        return Revoked.UNKNOWN;
      }
      List<TransactWriteItem> together = new ArrayList<>();
      if (readPrincipal(tenantId, listed).caller().role() == Role.ADMIN) {
        Optional<String> other = otherAdmin(tenantId, principalId);
        if (other.isEmpty()) {
          return Revoked.LAST_ADMIN;
        }
        together.add(isThere(principalKey(tenantId, other.get())));
      }
      String newest = required(listed, "hash");
      together.add(
          TransactWriteItem.builder()
              .delete(
                  Delete.builder()
                      .tableName(table)
                      .key(principalKey(tenantId, principalId))
                      .conditionExpression("#hash = :newest")
                      .expressionAttributeNames(Map.of("#hash", "hash"))
                      .expressionAttributeValues(Map.of(":newest", text(newest)))
                      .build())
              .build());
      List<String> hashes = hashesOf(newest, listed);
      hashes.forEach(hash -> together.add(delete(key(hash))));
      together.add(auditWrite(tenants, tenantId, entry));
      together.add(toPublish(hashes));
      if (writes.write(together)) {
        hashes.forEach(known::invalidate);
        return Revoked.DONE;
      }
    }
    throw new ConfigurationWrites.Busy("key " + principalId);
  }

  private Optional<String> otherAdmin(String tenantId, String principalId) {
    String after = null;
    List<Principal> page;
    do {
      page = list(tenantId, PAGE, after);
      for (Principal principal : page) {
        Caller caller = principal.caller();
        if (caller.role() == Role.ADMIN && !caller.principalId().equals(principalId)) {
          return Optional.of(caller.principalId());
        }
        after = caller.principalId();
      }
    } while (page.size() == PAGE);
    return Optional.empty();
  }

  private TransactWriteItem isThere(Map<String, AttributeValue> key) {
    return TransactWriteItem.builder()
        .conditionCheck(
            ConditionCheck.builder()
                .tableName(table)
                .key(key)
                .conditionExpression("attribute_exists(pk)")
                .build())
        .build();
  }

  /// A principal of a tenant; empty where none has that id.
  public Optional<Principal> find(String tenantId, String principalId) {
    return Optional.of(get(principalKey(tenantId, principalId)))
        .filter(listed -> !listed.isEmpty())
        .map(listed -> readPrincipal(tenantId, listed));
  }

  /// A page of a tenant's principals, by id.
  public List<Principal> list(String tenantId, int limit, @Nullable String after) {
    return Queries.configuration(
            dynamoDb,
            table,
            tenantId,
            "key#" + (after == null ? "" : after + " "),
            "key#\u007f",
            limit)
        .stream()
        .map(item -> readPrincipal(tenantId, item))
        .toList();
  }

  private Optional<Known> read(String name) {
    Map<String, AttributeValue> item = get(key(name));
    if (item.isEmpty()) {
      return Optional.empty();
    }
    Caller caller = readCaller(required(item, "tenant"), item);
    AttributeValue until = item.get("good_until");
    return Optional.of(
        new Known(
            HexFormat.of().parseHex(required(item, "hash")),
            caller,
            until == null ? Instant.MAX : Instant.ofEpochMilli(Long.parseLong(until.n()))));
  }

  private Map<String, AttributeValue> get(Map<String, AttributeValue> key) {
    Map<String, AttributeValue> item =
        dynamoDb.getItem(get -> get.tableName(table).key(key).consistentRead(true)).item();
    return item == null ? Map.of() : item;
  }

  private static Caller readCaller(String tenantId, Map<String, AttributeValue> item) {
    return new Caller(
        tenantId,
        required(item, "principal"),
        Role.valueOf(required(item, "role").toUpperCase(Locale.ROOT)),
        optional(item, "user_id"),
        optional(item, "key_id"),
        names(item, "teams"),
        names(item, "features"));
  }

  private static List<String> names(Map<String, AttributeValue> item, String name) {
    return item.containsKey(name) ? StoredValues.texts(item, name) : List.of();
  }

  private static Principal readPrincipal(String tenantId, Map<String, AttributeValue> item) {
    AttributeValue created =
        Optional.ofNullable(item.get("created"))
            .orElseThrow(() -> new IllegalStateException("a principal's item has no created"));
    return new Principal(
        readCaller(tenantId, item), Instant.ofEpochMilli(Long.parseLong(created.n())));
  }

  private static Map<String, AttributeValue> describe(Caller caller) {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("principal", text(caller.principalId()));
    item.put("role", text(caller.role().wireName()));
    if (caller.userId() != null) {
      item.put("user_id", text(caller.userId()));
    }
    if (caller.keyId() != null) {
      item.put("key_id", text(caller.keyId()));
    }
    if (!caller.teams().isEmpty()) {
      item.put("teams", texts(caller.teams()));
    }
    if (!caller.features().isEmpty()) {
      item.put("features", texts(caller.features()));
    }
    return item;
  }

  private static Map<String, AttributeValue> lookUpItem(String hash, Caller caller) {
    Map<String, AttributeValue> item = new HashMap<>(key(hash));
    item.putAll(describe(caller));
    item.put("hash", text(hash));
    item.put("tenant", text(caller.tenantId()));
    return item;
  }

  private TransactWriteItem put(Map<String, AttributeValue> item) {
    return TransactWriteItem.builder()
        .put(Put.builder().tableName(table).item(item).build())
        .build();
  }

  private TransactWriteItem delete(Map<String, AttributeValue> key) {
    return TransactWriteItem.builder()
        .delete(Delete.builder().tableName(table).key(key).build())
        .build();
  }

  private static TransactWriteItem auditWrite(Tenants tenants, String tenantId, AuditEntry entry) {
    return TransactWriteItem.builder().put(tenants.audit(tenantId, entry)).build();
  }

  private static Map<String, AttributeValue> key(String hash) {
    return Map.of("pk", text("apikey#" + hash), "sk", text("key"));
  }

  private static Map<String, AttributeValue> principalKey(String tenantId, String principalId) {
    return Map.of(
        "pk", text(StoredIds.escape(tenantId) + "#config"), "sk", text("key#" + principalId));
  }

  private static String required(Map<String, AttributeValue> item, String name) {
    return Optional.ofNullable(optional(item, name))
        .orElseThrow(() -> new IllegalStateException("an API key's item has no attribute " + name));
  }

  private static @Nullable String optional(Map<String, AttributeValue> item, String name) {
    AttributeValue value = item.get(name);
    return value == null ? null : value.s();
  }

  private String newSecret() {
    byte[] bytes = new byte[SECRET_BYTES];
    random.nextBytes(bytes);
    return "bak_" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private TransactWriteItem toPublish(List<String> hashes) {
    return SnapshotPublisher.mark(table, SnapshotStore.Kind.KEY, hashes);
  }

  /// The snapshot of the key with this hash, as it is stored now; empty where no such key exists.
  public Optional<String> snapshot(String hash) {
    return read(hash)
        .map(key -> ConfigurationJson.write(new KeySnapshot(key.caller(), key.goodUntil())));
  }

  static String hashOf(String secret) {
    return HexFormat.of().formatHex(sha256(secret));
  }

  private static byte[] sha256(String secret) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
