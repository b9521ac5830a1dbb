package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One published version of all prices. It is immutable, and rows are found by name in a hash
/// look-up. Two rows with one name get an [IllegalArgumentException].
public final class PriceTable {

  private static final int MAX_NEAR = 10;
  private static final Pattern DATE = Pattern.compile("[-@]?20[0-9]{2}-?[0-9]{2}-?[0-9]{2}$");

  private final String version;
  private final Instant createdAt;
  private final String source;
  private final Map<String, Price> byName = new LinkedHashMap<>();
  private final Map<String, List<Price>> bySuffix = new HashMap<>();
  private volatile @Nullable Map<String, List<RowName>> nearNames;

  @JsonCreator
  public PriceTable(
      @JsonProperty("version") String version,
      @JsonProperty("created_at") Instant createdAt,
      @JsonProperty("source") String source,
      @JsonProperty("rows") Collection<Price> rows) {
    this.version = version;
    this.createdAt = createdAt;
    this.source = source;
    for (Price row : rows) {
      index(row.model(), row);
      row.aliases().forEach(alias -> index(alias, row));
    }
  }

  private void index(String name, Price row) {
    if (byName.putIfAbsent(name, row) != null) {
      throw new IllegalArgumentException("two rows are named " + name);
    }
    for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
      List<Price> named =
          bySuffix.computeIfAbsent(name.substring(slash + 1), suffix -> new ArrayList<>(1));
      if (!named.contains(row)) {
        named.add(row);
      }
    }
  }

  @JsonProperty("version")
  public String version() {
    return version;
  }

  @JsonProperty("created_at")
  public Instant createdAt() {
    return createdAt;
  }

  @JsonProperty("source")
  public String source() {
    return source;
  }

  @JsonProperty("rows")
  public List<Price> rows() {
    return byName.entrySet().stream()
        .filter(entry -> entry.getKey().equals(entry.getValue().model()))
        .map(Map.Entry::getValue)
        .toList();
  }

  /// Whether the row exists and has only prices of zero.
  public boolean hasZeroRow(RowName name) {
    Price row = row(name);
    return row != null && !row.cards().isEmpty() && row.allZero();
  }

  /// Whether the row exists and its prices of zero are approved.
  public boolean hasApprovedRow(RowName name) {
    Price row = row(name);
    return row != null && row.allZero() && row.zeroApproved();
  }

  private @Nullable Price row(RowName name) {
    Price row = byName.get(name.model());
    return row != null && row.model().equals(name.model()) && row.provider().equals(name.provider())
        ? row
        : null;
  }

  /// The same table with these rows of zeros approved.
  public PriceTable approving(Collection<RowName> zeros) {
    Set<RowName> approved = Set.copyOf(zeros);
    return new PriceTable(
        version,
        createdAt,
        source,
        rows().stream()
            .map(row -> approved.contains(RowName.of(row)) ? row.withZeroApproved() : row)
            .toList());
  }

  /// What a name means.
  public sealed interface Found {
    record Row(Price price) implements Found {}

    record Unknown() implements Found {}

    record Ambiguous(List<String> candidates) implements Found {
      public Ambiguous {
        candidates = List.copyOf(candidates);
      }
    }
  }

  /// The row that a name means (pricing.md#names): the one with that key; else `provider/name`;
  /// else the only key that ends in `/name`. With a provider, a row of another provider never
  /// answers. No case is changed and no prefix removed.
  public Found find(@Nullable String provider, String name) {
    Price exact = byName.get(name);
    if (exact != null && isOf(provider, exact)) {
      return new Found.Row(exact);
    }
    Price prefixed = provider == null ? null : byName.get(provider + "/" + name);
    if (prefixed != null) {
      return new Found.Row(prefixed);
    }
    List<Price> ending =
        bySuffix.getOrDefault(name, List.of()).stream().filter(row -> isOf(provider, row)).toList();
    return switch (ending.size()) {
      case 0 -> new Found.Unknown();
      case 1 -> new Found.Row(ending.getFirst());
      default -> new Found.Ambiguous(ending.stream().map(Price::model).sorted().toList());
    };
  }

  /// Whether two rows price the same model: they have the same key, and one is a row of the other's
  /// provider.
  public static boolean isSameRow(Price one, Price other) {
    return one.model().equals(other.model())
        && (isOf(one.provider(), other) || isOf(other.provider(), one));
  }

  /// The rows that a caller may have meant by a name that means none, at most ten, by key. They are
  /// of the same model by another provider or in another spelling.
  public List<RowName> near(String name) {
    Map<String, List<RowName>> index = nearNames;
    if (index == null) {
      index = indexNear();
      nearNames = index;
    }
    return index.getOrDefault(plain(name), List.of()).stream().limit(MAX_NEAR).toList();
  }

  private Map<String, List<RowName>> indexNear() {
    Map<String, List<RowName>> index = new HashMap<>();
    rows().stream()
        .sorted(Comparator.comparing(Price::model))
        .forEach(
            row ->
                index
                    .computeIfAbsent(plain(row.model()), key -> new ArrayList<>(1))
                    .add(RowName.of(row)));
    return index;
  }

  /// The last part of a name in lower-case letters and digits, without a date at its end.
  private static String plain(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
    return DATE.matcher(last).replaceFirst("").replaceAll("[^a-z0-9]", "");
  }

  /// A row belongs to the provider that its source names, and to the one that its key begins with:
  /// callers write `vertex_ai` where a row has `vertex_ai-anthropic_models`.
  private static boolean isOf(@Nullable String provider, Price row) {
    return provider == null
        || provider.equals(row.provider())
        || (row.model().length() > provider.length()
            && row.model().startsWith(provider)
            && row.model().charAt(provider.length()) == '/');
  }
}
