package io.budgetauthority.tenant.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// API keys and the principals that they authenticate. A secret is stored only as its SHA-256:
/// secrets are long and random, so a slow hash would add nothing but latency. A look-up is cached
/// for less than a minute, which is how long a revocation may take to reach every process
/// (protocol.md#administration). Safe for use by many threads.
public final class ApiKeys {

  private static final Duration CACHE_TTL = Duration.ofSeconds(55);
  private static final int MAX_CACHED = 10_000;
  private static final String LISTED = "key#";

  private final Database database;
  private final String table;
  private final Clock clock;
  private final Cache<String, Optional<Known>> cache =
      Caffeine.newBuilder().expireAfterWrite(CACHE_TTL).maximumSize(MAX_CACHED).build();

  private record Known(byte[] hash, Caller caller, Instant goodUntil) {}

  public ApiKeys(Database database, String table, Clock clock) {
    this.database = database;
    this.table = table;
    this.clock = clock;
  }

  /// A principal of a tenant as its administrators see it.
  public record Principal(Caller caller, Instant createdAt) {}

  /// A principal as it is stored.
  ///
  /// @param hash the hash of its newest secret
  /// @param olderHashes the hashes of the secrets before that, the newest first; some may have
  ///   ended
  public record Stored(Principal principal, String hash, List<String> olderHashes) {
    public Stored {
      olderHashes = List.copyOf(olderHashes);
    }

    /// The hashes of all its secrets, the newest first.
    public List<String> hashes() {
      List<String> hashes = new ArrayList<>(List.of(hash));
      hashes.addAll(olderHashes);
      return hashes;
    }
  }

  /// The principal that has this secret; empty where none has, or where the secret has ended.
  public Optional<Caller> authenticate(String secret) {
    byte[] hash = sha256(secret);
    String name = HexFormat.of().formatHex(hash);
    Optional<Known> found = cache.getIfPresent(name);
    if (found == null) {
      found = read(name);
      cache.put(name, found);
    }
    return found
        .filter(key -> MessageDigest.isEqual(key.hash(), hash))
        .filter(key -> clock.instant().isBefore(key.goodUntil()))
        .map(Known::caller);
  }

  /// Removes what is cached of these secrets, after a change.
  public void evict(List<String> hashes) {
    hashes.forEach(cache::invalidate);
  }

  private Optional<Known> read(String hash) {
    return database
        .get(table, key(hash), Deadline.ofLookUp())
        .map(
            item -> {
              Instant until = item.timeOrNull("good_until");
              return new Known(
                  HexFormat.of().parseHex(item.text("hash")),
                  readCaller(item.text("tenant"), item),
                  until == null ? Instant.MAX : until);
            });
  }

  /// A principal of a tenant as it is stored now; empty where none has that id.
  public Optional<Stored> find(String tenantId, String principalId) {
    return database
        .get(table, principalKey(tenantId, principalId), Deadline.ofRequest())
        .map(
            item ->
                new Stored(
                    readPrincipal(tenantId, item), item.text("hash"), item.texts("old_hashes")));
  }

  /// A page of a tenant's principals, by id.
  ///
  /// @param after the last principal of the page before; null for the first page
  public List<Principal> list(String tenantId, int limit, @Nullable String after) {
    return database
        .first(
            ConfigurationItems.list(
                table, tenantId, LISTED, LISTED + (after == null ? "" : after + " ")),
            limit,
            Deadline.ofRequest())
        .stream()
        .map(item -> readPrincipal(tenantId, item))
        .toList();
  }

  /// The end of each of these secrets, without those that have ended.
  public Map<String, Instant> stillGood(List<String> hashes) {
    Map<String, Instant> good = new LinkedHashMap<>();
    Instant now = clock.instant();
    for (String hash : hashes) {
      read(hash).map(Known::goodUntil).filter(now::isBefore).ifPresent(it -> good.put(hash, it));
    }
    return good;
  }

  /// The writes that create a principal with one secret.
  public List<Write> create(Principal principal, String hash) {
    return List.of(
        lookUp(principal.caller(), hash),
        new Write.Put(table, listed(new Stored(principal, hash, List.of()))));
  }

  /// The writes that give a principal a new secret, unless it got another one since it was read.
  ///
  /// @param older the hashes of the secrets that are still good
  public List<Write> replaceSecret(Stored seen, String hash, List<String> older) {
    return List.of(
        new Write.Put(table, listed(new Stored(seen.principal(), hash, older)), hasNewest(seen)),
        lookUp(seen.principal().caller(), hash));
  }

  /// A write that ends a secret at a time.
  public Write end(String hash, Instant at) {
    return new Write.Update(
        table,
        key(hash),
        "SET good_until = :until",
        null,
        Attributes.builder().put(":until", at).build());
  }

  /// The writes that delete a principal and all its secrets, unless it got another one since it was
  /// read.
  public List<Write> delete(Stored seen) {
    List<Write> writes = new ArrayList<>();
    Caller caller = seen.principal().caller();
    writes.add(
        new Write.Delete(
            table, principalKey(caller.tenantId(), caller.principalId()), hasNewest(seen)));
    seen.hashes().forEach(hash -> writes.add(new Write.Delete(table, key(hash))));
    return writes;
  }

  /// A check that a principal exists.
  public Write exists(String tenantId, String principalId) {
    return new Write.Check(table, principalKey(tenantId, principalId), Write.Condition.PRESENT);
  }

  private static Write.Condition hasNewest(Stored seen) {
    return new Write.Condition(
        "#hash = :newest", Map.of("#hash", "hash"), Attributes.of(":newest", seen.hash()));
  }

  private Write lookUp(Caller caller, String hash) {
    return new Write.Put(
        table,
        described(Attributes.at(key(hash)), caller)
            .put("hash", hash)
            .put("tenant", caller.tenantId())
            .build());
  }

  private static Attributes listed(Stored stored) {
    Caller caller = stored.principal().caller();
    Attributes.Builder item =
        described(Attributes.at(principalKey(caller.tenantId(), caller.principalId())), caller)
            .put("created", stored.principal().createdAt())
            .put("hash", stored.hash());
    if (!stored.olderHashes().isEmpty()) {
      item.put("old_hashes", stored.olderHashes());
    }
    return item.build();
  }

  private static Attributes.Builder described(Attributes.Builder item, Caller caller) {
    item.put("principal", caller.principalId())
        .put("role", caller.role().wireName())
        .putIfPresent("user_id", caller.userId())
        .putIfPresent("key_id", caller.keyId());
    if (!caller.teams().isEmpty()) {
      item.put("teams", caller.teams());
    }
    if (!caller.features().isEmpty()) {
      item.put("features", caller.features());
    }
    return item;
  }

  private static Principal readPrincipal(String tenantId, Attributes item) {
    return new Principal(readCaller(tenantId, item), item.time("created"));
  }

  private static Caller readCaller(String tenantId, Attributes item) {
    return new Caller(
        tenantId,
        item.text("principal"),
        Role.ofWireName(item.text("role")),
        item.textOrNull("user_id"),
        item.textOrNull("key_id"),
        item.texts("teams"),
        item.texts("features"));
  }

  private static Key key(String hash) {
    return new Key("apikey#" + hash, "key");
  }

  private static Key principalKey(String tenantId, String principalId) {
    return ConfigurationItems.key(tenantId, LISTED + principalId);
  }

  /// The snapshot of the key with this hash, as it is stored now; empty where no such key exists.
  public Optional<String> snapshot(String hash) {
    return read(hash)
        .map(key -> ConfigurationJson.write(new KeySnapshot(key.caller(), key.goodUntil())));
  }

  /// The SHA-256 of a secret, in hexadecimal digits.
  public static String hashOf(String secret) {
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
