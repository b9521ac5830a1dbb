package io.budgetauthority.price;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The price tables in memory. A request only ever reads here; the store is asked at start and then
/// off the request's path, and a table that cannot be read leaves the one in force in place
/// (pricing.md, "Loading"). Safe for use by many threads.
public final class PriceBook {

  private final PriceStore store;
  private final Map<String, PriceTable> byVersion = new ConcurrentHashMap<>();
  private volatile @Nullable PriceTable inForce;

  public PriceBook(PriceStore store) {
    this.store = store;
  }

  /// The table in force; empty before the first was read.
  public Optional<PriceTable> current() {
    return Optional.ofNullable(inForce);
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
  /// this throws: the table in force stays.
  public void refresh() {
    Optional<String> version = store.currentVersion();
    if (version.isPresent() && (inForce == null || !inForce.version().equals(version.get()))) {
      inForce =
          table(version.get())
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          "price table " + version.get() + " is in force but missing"));
    }
  }
}
