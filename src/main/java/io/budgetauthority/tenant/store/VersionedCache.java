package io.budgetauthority.tenant.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/// What was read of configuration, for as long as protocol.md#ceilings lets a change take to apply
/// in other processes. Safe for use by many threads.
final class VersionedCache<K, V> {

  private static final Duration TTL = Duration.ofSeconds(5);
  private static final int MAX_CACHED = 20_000;

  private final ToLongFunction<V> version;
  private final Cache<K, V> cache =
      Caffeine.newBuilder().expireAfterWrite(TTL).maximumSize(MAX_CACHED).build();

  /// @param version the number of changes that led to a value
  VersionedCache(ToLongFunction<V> version) {
    this.version = version;
  }

  /// The cached value, or what `read` reads and caches.
  V get(K key, Function<K, V> read) {
    V cached = cache.getIfPresent(key);
    return cached != null ? cached : read.apply(key);
  }

  /// Caches a value that was just read or written, unless a newer one is cached. A read that began
  /// before a change must not bring the old value back.
  void putIfNewer(K key, V value) {
    var unused =
        cache
            .asMap()
            .merge(
                key,
                value,
                (old, now) -> version.applyAsLong(old) > version.applyAsLong(now) ? old : now);
  }

  void evict(K key) {
    cache.invalidate(key);
  }
}
