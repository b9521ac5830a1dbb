package io.budgetauthority.price;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The overrides of one tenant and what they were before, found by name (pricing.md#overrides).
/// Immutable but for what it remembers of its own results; safe for use by many threads.
final class OverrideVersions {

  /// One override over the time that it was in force.
  ///
  /// @param override null where there was none: it was deleted
  /// @param until null where it is in force now
  record Version(
      String provider,
      String model,
      @Nullable PriceOverride override,
      Instant since,
      @Nullable Instant until) {

    boolean isInForceAt(Instant at) {
      return !since.isAfter(at) && (until == null || at.isBefore(until));
    }
  }

  static final OverrideVersions NONE = new OverrideVersions(List.of());

  private record Applied(@Nullable Price row, Price price) {}

  private final Map<String, List<Version>> byModel = new HashMap<>();
  private final Map<PriceOverride, Applied> applied = new ConcurrentHashMap<>();

  OverrideVersions(Collection<Version> versions) {
    versions.forEach(
        version ->
            byModel.computeIfAbsent(version.model(), name -> new ArrayList<>(1)).add(version));
  }

  /// The overrides in force now, by provider and model.
  List<PriceOverride> current() {
    return byModel.values().stream()
        .flatMap(List::stream)
        .filter(version -> version.until() == null)
        .flatMap(version -> Optional.ofNullable(version.override()).stream())
        .sorted(Comparator.comparing(PriceOverride::provider).thenComparing(PriceOverride::model))
        .toList();
  }

  /// What a name means at a time: the override of the row that the table means by it, else, where
  /// the table has no such name, the override of that name.
  PriceTable.Found find(PriceTable table, @Nullable String provider, String model, Instant at) {
    PriceTable.Found found = table.find(provider, model);
    if (byModel.isEmpty()) {
      return found;
    }
    if (found instanceof PriceTable.Found.Row row) {
      PriceOverride stated = ofRow(table, row.price(), at);
      return stated == null ? found : row(stated, found);
    }
    PriceOverride stated = provider == null ? null : override(provider, model, at);
    if (stated != null) {
      return row(stated, found);
    }
    return found instanceof PriceTable.Found.Unknown && provider == null ? named(model, at) : found;
  }

  /// The override of a row, by whichever of the row's names it was stated: a row has one price,
  /// however an ask spells it. Of several, the one of the row's own key counts, else the first by
  /// provider and name.
  private @Nullable PriceOverride ofRow(PriceTable table, Price row, Instant at) {
    PriceOverride exact = override(row.provider(), row.model(), at);
    if (exact != null) {
      return exact;
    }
    return row.names().stream()
        .distinct()
        .flatMap(name -> byModel.getOrDefault(name, List.of()).stream())
        .filter(version -> version.isInForceAt(at))
        .flatMap(version -> Optional.ofNullable(version.override()).stream())
        .filter(
            override ->
                table.find(override.provider(), override.model())
                        instanceof PriceTable.Found.Row means
                    && means.price() == row)
        .min(Comparator.comparing(PriceOverride::provider).thenComparing(PriceOverride::model))
        .orElse(null);
  }

  private PriceTable.Found named(String model, Instant at) {
    List<PriceOverride> named =
        byModel.getOrDefault(model, List.of()).stream()
            .filter(version -> version.isInForceAt(at))
            .flatMap(version -> Optional.ofNullable(version.override()).stream())
            .toList();
    return switch (named.size()) {
      case 0 -> new PriceTable.Found.Unknown();
      case 1 -> row(named.getFirst(), new PriceTable.Found.Unknown());
      default ->
          new PriceTable.Found.Ambiguous(
              named.stream()
                  .map(override -> override.provider() + "/" + override.model())
                  .sorted()
                  .toList());
    };
  }

  private @Nullable PriceOverride override(String provider, String model, Instant at) {
    for (Version version : byModel.getOrDefault(model, List.of())) {
      if (version.provider().equals(provider) && version.isInForceAt(at)) {
        return version.override();
      }
    }
    return null;
  }

  /// One override of one row makes one price, so that a price is written once.
  private PriceTable.Found row(PriceOverride override, PriceTable.Found found) {
    Price row = found instanceof PriceTable.Found.Row it ? it.price() : null;
    Applied known = applied.get(override);
    if (known == null || known.row() != row) {
      known = new Applied(row, override.appliedTo(row));
      applied.put(override, known);
    }
    return new PriceTable.Found.Row(known.price());
  }
}
