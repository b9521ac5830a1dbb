package io.budgetauthority.tenant;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// What is known of tenants and their callers while the ledger is away: the copies in the bucket,
/// each believed for less than a minute, as a key is that was looked up. Safe for use by many
/// threads.
public final class Standby {

  private static final Duration BELIEVED_FOR = Duration.ofSeconds(55);
  private static final int MOST_CACHED = 10_000;

  private record Name(Published.Kind kind, String name) {}

  private final Published published;
  private final Clock clock;
  private final Cache<Name, Optional<String>> known =
      Caffeine.newBuilder().expireAfterWrite(BELIEVED_FOR).maximumSize(MOST_CACHED).build();

  public Standby(Published published, Clock clock) {
    this.published = published;
    this.clock = clock;
  }

  /// A published document; empty where there is none. What S3 throws, this throws.
  public Optional<String> document(Published.Kind kind, String name) {
    return known.get(new Name(kind, name), it -> published.read(it.kind(), it.name()));
  }

  /// The policy of a tenant with its strictest mode; empty where none was published.
  public Optional<TenantCopy> tenant(String tenantId) {
    return document(Published.Kind.POLICY, tenantId).map(TenantCopy::read);
  }

  /// Who holds this secret; empty where nobody does, or no longer.
  public Optional<Caller> authenticate(String secret) {
    return document(Published.Kind.KEY, ApiKeys.hashOf(secret))
        .map(KeyCopy::read)
        .filter(copy -> clock.instant().isBefore(copy.goodUntil()))
        .map(KeyCopy::caller);
  }
}
