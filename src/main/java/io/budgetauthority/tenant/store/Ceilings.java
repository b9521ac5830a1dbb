package io.budgetauthority.tenant.store;

import com.fasterxml.jackson.core.type.TypeReference;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The ceilings of tenants, stored in the ledger table: one item for each scope id, and one in the
/// list of its tenant. Safe for use by many threads.
public final class Ceilings {

  private static final TypeReference<Map<CeilingWindow, Ceiling>> BY_WINDOW =
      new TypeReference<>() {};
  private static final String LISTED = "ceiling#";

  private final Database database;
  private final String table;
  private final VersionedCache<ScopeId, CeilingSet> cache =
      new VersionedCache<>(CeilingSet::version);

  public Ceilings(Database database, String table) {
    this.database = database;
    this.table = table;
  }

  /// The ceilings of one scope id, at most a few seconds old.
  public CeilingSet of(ScopeId scopeId) {
    return cache.get(scopeId, this::now);
  }

  /// The ceilings of one scope id as they are stored now.
  public CeilingSet now(ScopeId scopeId) {
    CeilingSet read =
        database
            .get(table, key(scopeId), Deadline.ofLookUp())
            .map(
                item ->
                    new CeilingSet(
                        ConfigurationItems.read(item, BY_WINDOW), ConfigurationItems.version(item)))
            .orElse(CeilingSet.EMPTY);
    cacheIfNewer(scopeId, read);
    return read;
  }

  /// Caches ceilings that were just read or written, unless newer ones are cached.
  public void cacheIfNewer(ScopeId scopeId, CeilingSet set) {
    cache.putIfNewer(scopeId, set);
  }

  /// Removes what is cached, where an account shows that a change was made.
  public void evict(ScopeId scopeId) {
    cache.evict(scopeId);
  }

  /// The writes that store the ceilings of a scope id over the version before them, and update the
  /// tenant's list.
  public List<Write> replace(ScopeId scopeId, CeilingSet next) {
    Key listed = ConfigurationItems.key(scopeId.tenantId(), listingKey(scopeId));
    return List.of(
        ConfigurationItems.replace(
            table, ConfigurationItems.item(key(scopeId), next.byWindow()), next.version()),
        next.byWindow().isEmpty()
            ? new Write.Delete(table, listed)
            : new Write.Put(table, ConfigurationItems.item(listed, next.byWindow()).build()));
  }

  /// The check that the ceilings of a scope id are still as they were read.
  public Write unchanged(ScopeId scopeId, CeilingSet seen) {
    return new Write.Check(table, key(scopeId), ConfigurationItems.hasVersion(seen.version()));
  }

  /// The ceilings of one scope id, as they are listed.
  public record Listed(ScopeId scopeId, Map<CeilingWindow, Ceiling> byWindow) {}

  /// Ceilings of a tenant, by scope and id.
  ///
  /// @param scope null for all of them
  /// @param from where to begin, inclusive; null for the first
  public List<Listed> list(
      String tenantId, @Nullable Scope scope, @Nullable ScopeId from, int limit) {
    String all = LISTED + (scope == null ? "" : scope.wireName() + "#");
    return database
        .first(
            ConfigurationItems.list(table, tenantId, all, from == null ? all : listingKey(from)),
            limit,
            Deadline.ofRequest())
        .stream()
        .map(item -> readListed(tenantId, item))
        .toList();
  }

  private static Listed readListed(String tenantId, Attributes item) {
    String[] name = item.text("sk").split("#", 3);
    return new Listed(
        new ScopeId(tenantId, Scope.ofWireName(name[1]), StoredIds.unescape(name[2])),
        ConfigurationItems.read(item, BY_WINDOW));
  }

  private static Key key(ScopeId scopeId) {
    return new Key(scopeId.partitionKey(), "ceilings");
  }

  private static String listingKey(ScopeId scopeId) {
    return LISTED + scopeId.scope().wireName() + "#" + StoredIds.escape(scopeId.id());
  }
}
