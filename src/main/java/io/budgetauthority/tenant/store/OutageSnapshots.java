package io.budgetauthority.tenant.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.tenant.Caller;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// What is known of tenants and their callers during an outage: the snapshots in the bucket. Each
/// is cached for less than a minute, like a key that was looked up. Safe for use by many threads.
public final class OutageSnapshots {

  private static final Duration CACHE_TTL = Duration.ofSeconds(55);
  private static final int MAX_CACHED = 10_000;

  private record Name(SnapshotStore.Kind kind, String name) {}

  private final SnapshotStore published;
  private final Clock clock;
  private final Cache<Name, Optional<String>> known =
      Caffeine.newBuilder().expireAfterWrite(CACHE_TTL).maximumSize(MAX_CACHED).build();

  public OutageSnapshots(SnapshotStore published, Clock clock) {
    this.published = published;
    this.clock = clock;
  }

  /// A published document; empty where none exists. What S3 throws, this throws.
  public Optional<String> document(SnapshotStore.Kind kind, String name) {
    return known.get(new Name(kind, name), it -> published.read(it.kind(), it.name()));
  }

  /// The policy of a tenant with its strictest mode; empty where none was published.
  public Optional<TenantSnapshot> tenant(String tenantId) {
    return document(SnapshotStore.Kind.POLICY, tenantId).map(TenantSnapshot::read);
  }

  /// The principal that has this secret; empty where none has, or where the secret has ended.
  public Optional<Caller> authenticate(String secret) {
    return document(SnapshotStore.Kind.KEY, ApiKeys.hashOf(secret))
        .map(KeySnapshot::read)
        .filter(copy -> clock.instant().isBefore(copy.goodUntil()))
        .map(KeySnapshot::caller);
  }
}
