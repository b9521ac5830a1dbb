package io.budgetauthority.price.override;

import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
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

/// Finds the overrides of one tenant by name, those that apply now and their former versions
/// (pricing.md#overrides). Immutable except for a cache of its own results; safe for use by many
/// threads.
final class OverrideVersions {

  static final OverrideVersions NONE = new OverrideVersions(List.of());

  private record Applied(@Nullable Price row, Price price) {}

  private final Map<String, List<OverrideVersion>> byModel = new HashMap<>();
  private final Map<PriceOverride, Applied> applied = new ConcurrentHashMap<>();

  OverrideVersions(Collection<OverrideVersion> versions) {
    versions.forEach(
        version ->
            byModel.computeIfAbsent(version.model(), name -> new ArrayList<>(1)).add(version));
  }

  /// The overrides that apply now, by provider and model.
  List<PriceOverride> current() {
    return byModel.values().stream()
        .flatMap(List::stream)
        .filter(version -> version.until() == null)
        .flatMap(version -> Optional.ofNullable(version.override()).stream())
        .sorted(Comparator.comparing(PriceOverride::provider).thenComparing(PriceOverride::model))
        .toList();
  }

  /// What a name means at a time. A name that means a row of the table means the override of that
  /// row, if one exists. With a provider, a name that means no single row means the override of
  /// exactly that provider and name. Without one, a name that the table lacks means the only
  /// override of that name; several are ambiguous.
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

  /// The override of a row. It may be stated under any of the row's names, because a row has one
  /// price under every spelling. Of several overrides, the one of the row's own key counts, else
  /// the first by provider and name.
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
    for (OverrideVersion version : byModel.getOrDefault(model, List.of())) {
      if (version.provider().equals(provider) && version.isInForceAt(at)) {
        return version.override();
      }
    }
    return null;
  }

  /// Creates one price for one override of one row and reuses it, so that its JSON is written once.
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
