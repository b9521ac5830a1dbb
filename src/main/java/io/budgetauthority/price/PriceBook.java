package io.budgetauthority.price;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The price tables in memory. A request only ever reads here; the store is asked at start and then
/// off the request's path, and a table that cannot be read leaves the one in force in place
/// (pricing.md#loading). Safe for use by many threads.
public final class PriceBook {

  private record InForce(PriceTable table, Instant since) {}

  private final PriceStore store;
  private final Map<String, PriceTable> byVersion = new ConcurrentHashMap<>();
  private volatile @Nullable InForce inForce;

  public PriceBook(PriceStore store) {
    this.store = store;
  }

  /// The table in force; empty before the first was read.
  public Optional<PriceTable> current() {
    return Optional.ofNullable(inForce).map(InForce::table);
  }

  /// When the table in force was published; empty before the first was read.
  public Optional<Instant> inForceSince() {
    return Optional.ofNullable(inForce).map(InForce::since);
  }

  /// A version's table, from memory or the store; empty where there is none.
  public Optional<PriceTable> table(String version) {
    PriceTable remembered = byVersion.get(version);
    if (remembered != null) {
      return Optional.of(remembered);
    }
    Optional<PriceTable> read = store.read(version);
    read.ifPresent(table -> byVersion.put(version, table));
    return read;
  }

  /// Asks the store which version is in force, and reads it if it is new. What the store throws,
  /// this throws: the table in force stays. One at a time, so that an answer that came late never
  /// takes the place of a newer one.
  public synchronized void refresh() {
    PriceStore.Current current = store.current().orElse(null);
    if (current == null) {
      return;
    }
    PriceTable table =
        table(current.version())
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "price table " + current.version() + " is in force but missing"));
    inForce = new InForce(table, current.since() == null ? table.createdAt() : current.since());
  }
}
