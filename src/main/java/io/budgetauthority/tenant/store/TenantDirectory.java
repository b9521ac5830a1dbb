package io.budgetauthority.tenant.store;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Policy;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The list of all tenants, for operators. Safe for use by many threads.
public final class TenantDirectory {

  private static final String TENANT = "tenant#";

  private final Database database;
  private final String table;
  private final Policies policies;

  public TenantDirectory(Database database, String table, Policies policies) {
    this.database = database;
    this.table = table;
    this.policies = policies;
  }

  /// A tenant as an operator sees it.
  public record Tenant(String tenantId, Instant createdAt, Policy policy) {}

  /// A page of the tenants, by id.
  ///
  /// @param after the last tenant of the page before; null for the first page
  public List<Tenant> list(int limit, @Nullable String after) {
    String from = TENANT + (after == null ? "" : ConfigurationItems.after(after));
    return database
        .first(
            ConfigurationItems.list(table, ConfigurationItems.NO_TENANT, TENANT, from),
            limit,
            Deadline.ofRequest())
        .stream()
        .map(this::read)
        .toList();
  }

  private Tenant read(Attributes item) {
    String tenantId = StoredIds.unescape(item.text("sk").substring(TENANT.length()));
    return new Tenant(tenantId, item.time("created"), policies.now(tenantId).policy());
  }

  /// When a tenant was created; empty where that is not known.
  public Optional<Instant> createdAt(String tenantId) {
    return database
        .get(table, key(tenantId), Deadline.ofRequest())
        .map(item -> item.time("created"));
  }

  private static Key key(String tenantId) {
    return ConfigurationItems.key(
        ConfigurationItems.NO_TENANT, TENANT + StoredIds.escape(tenantId));
  }

  /// A write that adds a tenant to the list.
  public Write add(String tenantId, Instant createdAt) {
    return new Write.Put(table, Attributes.at(key(tenantId)).put("created", createdAt).build());
  }
}
