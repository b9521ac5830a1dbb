package io.budgetauthority.price.table;

import io.budgetauthority.price.PriceTable;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Holds the price tables in memory. A request reads only what is here. The store is read at the
/// start of a process and then outside requests. A table that cannot be read leaves the one that
/// applies in place (pricing.md#loading). Safe for use by many threads.
public final class PriceBook {

  private record InForce(PriceTable table, Instant since) {}

  private final PriceStore store;
  private final Map<String, PriceTable> byVersion = new ConcurrentHashMap<>();
  private volatile @Nullable InForce inForce;

  public PriceBook(PriceStore store) {
    this.store = store;
  }

  /// The table that applies; empty before the first was read.
  public Optional<PriceTable> current() {
    return Optional.ofNullable(inForce).map(InForce::table);
  }

  /// When the table that applies was published; empty before the first was read.
  public Optional<Instant> inForceSince() {
    return Optional.ofNullable(inForce).map(InForce::since);
  }

  /// A version's table, from memory or the store; empty where none exists.
  public Optional<PriceTable> table(String version) {
    PriceTable remembered = byVersion.get(version);
    if (remembered != null) {
      return Optional.of(remembered);
    }
    Optional<PriceTable> read = store.read(version);
    read.ifPresent(table -> byVersion.put(version, table));
    return read;
  }

  /// Reads from the store which version applies, and its table if that is new. What the store
  /// throws, this throws, and the table in memory still applies. Only one thread refreshes at a
  /// time, so that a late answer never replaces a newer one.
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
