package io.budgetauthority.price.override;

import com.fasterxml.jackson.core.type.TypeReference;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.store.ConfigurationItems;
import io.budgetauthority.tenant.store.ConfigurationJson;
import io.budgetauthority.tenant.store.OutageSnapshots;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The prices that a tenant states itself. They take precedence over the table's
/// (pricing.md#overrides). They are stored as configuration in the ledger table and cached for less
/// than a minute, which is how long a change may take to apply in other processes. An override is
/// never overwritten: each former version is stored for as long as a decision that was made under
/// it may be settled. Safe for use by many threads.
public final class PriceOverrides {

  /// The most overrides of one tenant: each is stored in the ledger and in the tenant's snapshot.
  public static final int MAX_OVERRIDES = 5_000;

  private static final Duration CACHE_TTL = Duration.ofSeconds(55);
  private static final int MAX_CACHED_TENANTS = 10_000;
  private static final TypeReference<List<PriceOverride>> OVERRIDES = new TypeReference<>() {};

  private static final String CURRENT = "price#";
  private static final String FORMER = "price-version#";
  private static final String COUNT = "price-count";

  private final Database database;
  private final String table;
  private final Clock clock;
  private final LoadingCache<String, Loaded> known =
      Caffeine.newBuilder()
          .expireAfterWrite(CACHE_TTL)
          .maximumSize(MAX_CACHED_TENANTS)
          .build(this::read);

  public PriceOverrides(Database database, String table, Clock clock) {
    this.clock = clock;
    this.database = database;
    this.table = table;
  }

  /// What a name means to a tenant now: its own price where it states one, else the table's row.
  public PriceTable.Found find(
      String tenantId, PriceTable prices, @Nullable String provider, String model) {
    return known.get(tenantId).versions().find(prices, provider, model, Instant.MAX);
  }

  /// What a name meant to a tenant at the time of a decision, by the prices that it stated then.
  public PriceTable.Found findAt(
      String tenantId, PriceTable prices, @Nullable String provider, String model, Instant at) {
    Loaded loaded = known.get(tenantId);
    if (loaded.at().isBefore(at)) {
      known.invalidate(tenantId);
      loaded = known.get(tenantId);
    }
    return loaded.versions().find(prices, provider, model, at);
  }

  /// What was read of a tenant.
  ///
  /// @param at when the read began: a later decision may have been made under a newer override
  private record Loaded(OverrideVersions versions, Instant at) {}

  /// What a name means to a tenant during an outage, by the overrides in the tenant's snapshot.
  public static PriceTable.Found find(
      OutageSnapshots snapshots,
      String tenantId,
      PriceTable prices,
      @Nullable String provider,
      String model) {
    PriceTable.Found found = prices.find(provider, model);
    Stream<String> namesOfRow =
        found instanceof PriceTable.Found.Row row ? row.price().names().stream() : Stream.of();
    List<OverrideVersion> published =
        Stream.concat(Stream.of(model), namesOfRow)
            .distinct()
            .flatMap(
                name ->
                    snapshots
                        .document(SnapshotStore.Kind.PRICE_OVERRIDES, snapshotName(tenantId, name))
                        .stream())
            .flatMap(document -> ConfigurationJson.read(document, OVERRIDES).stream())
            .map(
                override ->
                    new OverrideVersion(
                        override.provider(), override.model(), override, Instant.MIN, null))
            .toList();
    return new OverrideVersions(published).find(prices, provider, model, Instant.MAX);
  }

  /// All overrides of a tenant as they are stored now, by provider and model.
  public List<PriceOverride> list(String tenantId) {
    known.invalidate(tenantId);
    return known.get(tenantId).versions().current();
  }

  /// The override of exactly this provider and model, as it is stored now.
  public Optional<PriceOverride> get(String tenantId, String provider, String model) {
    return Optional.ofNullable(stored(tenantId, provider, model)).map(OverrideVersion::override);
  }

  /// The overrides of a model's name by every provider, as they are stored now.
  public List<PriceOverride> named(String tenantId, String model) {
    return versions(tenantId, CURRENT + StoredIds.digest(model) + "#").stream()
        .flatMap(version -> Optional.ofNullable(version.override()).stream())
        .filter(override -> override.model().equals(model))
        .toList();
  }

  /// The rows that a model's name without a provider would mean once an override is stored: that
  /// override and those of other providers. Empty where the table has the name, because the table
  /// decides then.
  ///
  /// @param table null where none was loaded
  public List<RowName> sharing(
      String tenantId, @Nullable PriceTable table, PriceOverride override) {
    if (table != null
        && !(table.find(null, override.model()) instanceof PriceTable.Found.Unknown)) {
      return List.of();
    }
    return Stream.concat(
            Stream.of(override.provider()),
            named(tenantId, override.model()).stream().map(PriceOverride::provider))
        .distinct()
        .sorted()
        .map(provider -> new RowName(provider, override.model()))
        .toList();
  }

  /// The snapshot of the overrides of one model's name; empty where none exist.
  ///
  /// @param name the result of [#snapshotName]
  public Optional<String> snapshot(String name) {
    String[] parts = name.split("#", 2);
    List<PriceOverride> stated = named(StoredIds.unescape(parts[0]), StoredIds.unescape(parts[1]));
    return stated.isEmpty() ? Optional.empty() : Optional.of(ConfigurationJson.write(stated));
  }

  /// The name of a snapshot. Each model has one of its own, so that a change publishes only that.
  public static String snapshotName(String tenantId, String model) {
    return StoredIds.escape(tenantId) + "#" + StoredIds.escape(model);
  }

  /// Removes what is cached of a tenant, after a change.
  public void evict(String tenantId) {
    known.invalidate(tenantId);
  }

  /// Whether the tenant has [#MAX_OVERRIDES] overrides.
  public boolean isFull(String tenantId) {
    return database
            .get(table, ConfigurationItems.key(tenantId, COUNT), Deadline.ofRequest())
            .map(item -> item.number("n"))
            .orElse(0L)
        >= MAX_OVERRIDES;
  }

  /// What is stored of an override now; null where it never existed.
  public @Nullable OverrideVersion stored(String tenantId, String provider, String model) {
    return database
        .get(table, key(tenantId, CURRENT, provider, model), Deadline.ofRequest())
        .map(PriceOverrides::version)
        .orElse(null);
  }

  /// The writes that replace an override, unless it changed since it was read. The version before
  /// is stored for as long as a decision that was made under it may be settled.
  ///
  /// @param before what is stored; null where it never existed
  /// @param next null to delete the override
  /// @param kept how long the version before is stored
  public List<Write> replace(
      String tenantId,
      String provider,
      String model,
      @Nullable OverrideVersion before,
      @Nullable PriceOverride next,
      Instant now,
      Duration kept) {
    boolean existed = before != null && before.override() != null;
    Instant since =
        before != null && !now.isAfter(before.since()) ? before.since().plusMillis(1) : now;
    List<Write> writes = new ArrayList<>();
    Attributes current =
        item(key(tenantId, CURRENT, provider, model), provider, model, next, since).build();
    writes.add(new Write.Put(table, current, unchanged(before)));
    if (before != null) {
      writes.add(new Write.Put(table, former(tenantId, before, since, kept)));
    }
    if (existed != (next != null)) {
      writes.add(count(tenantId, existed ? -1 : 1));
    }
    return writes;
  }

  private static Write.Condition unchanged(@Nullable OverrideVersion before) {
    return before == null
        ? Write.Condition.ABSENT
        : new Write.Condition(
            "since = :seen", Attributes.builder().put(":seen", before.since()).build());
  }

  private static Attributes former(
      String tenantId, OverrideVersion former, Instant until, Duration kept) {
    Key plain = key(tenantId, FORMER, former.provider(), former.model());
    Key key = new Key(plain.partition(), plain.sort() + "#%015d".formatted(until.toEpochMilli()));
    return item(key, former.provider(), former.model(), former.override(), former.since())
        .put("until", until)
        .put("ttl", until.plus(kept).getEpochSecond())
        .build();
  }

  private static Attributes.Builder item(
      Key key, String provider, String model, @Nullable PriceOverride override, Instant since) {
    return Attributes.at(key)
        .put("provider", provider)
        .put("model", model)
        .put("since", since)
        .putIfPresent("doc", override == null ? null : ConfigurationJson.write(override));
  }

  private Write count(String tenantId, int change) {
    Write.Update update =
        new Write.Update(
            table,
            ConfigurationItems.key(tenantId, COUNT),
            "ADD n :change",
            null,
            Attributes.of(":change", change));
    return change < 0
        ? update
        : update.onlyIf(
            new Write.Condition(
                "attribute_not_exists(n) OR n < :max", Attributes.of(":max", MAX_OVERRIDES)));
  }

  private Loaded read(String tenantId) {
    Instant at = clock.instant();
    List<OverrideVersion> versions = new ArrayList<>(versions(tenantId, CURRENT));
    versions.addAll(versions(tenantId, FORMER));
    return new Loaded(
        versions.isEmpty() ? OverrideVersions.NONE : new OverrideVersions(versions), at);
  }

  private List<OverrideVersion> versions(String tenantId, String prefix) {
    List<OverrideVersion> versions = new ArrayList<>();
    database.each(
        Query.prefix(table, ConfigurationItems.partition(tenantId), prefix),
        Deadline::ofLookUp,
        item -> versions.add(version(item)));
    return versions;
  }

  private static OverrideVersion version(Attributes item) {
    String doc = item.textOrNull("doc");
    return new OverrideVersion(
        item.text("provider"),
        item.text("model"),
        doc == null ? null : ConfigurationJson.read(doc, PriceOverride.class),
        item.time("since"),
        item.timeOrNull("until"));
  }

  /// The names are digests, because a sort key has at most 1,024 bytes, which two names may exceed.
  private static Key key(String tenantId, String prefix, String provider, String model) {
    return ConfigurationItems.key(
        tenantId, prefix + StoredIds.digest(model) + "#" + StoredIds.digest(provider));
  }
}
