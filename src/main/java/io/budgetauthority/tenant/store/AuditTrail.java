package io.budgetauthority.tenant.store;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who changed what of a tenant's configuration. Safe for use by many threads.
public final class AuditTrail {

  private final Database database;
  private final String table;

  public AuditTrail(Database database, String table) {
    this.database = database;
    this.table = table;
  }

  /// A write that adds an entry. It goes into one transaction with the change that the entry
  /// describes.
  public Write add(String tenantId, AuditEntry entry) {
    return new Write.Put(table, ConfigurationItems.item(key(tenantId, entry), entry).build());
  }

  /// Whether the trail has an entry. The transaction of a change writes both, so the change is made
  /// exactly where its entry is stored.
  public boolean has(String tenantId, AuditEntry entry, Deadline deadline) {
    return database.get(table, key(tenantId, entry), deadline).isPresent();
  }

  private static Key key(String tenantId, AuditEntry entry) {
    return new Key(partition(tenantId), entry.id());
  }

  /// A page of a tenant's trail, newest first.
  ///
  /// @param after the id of the last entry of the page before; null for the first page
  public List<AuditEntry> list(String tenantId, int limit, @Nullable String after) {
    Attributes.Builder values = Attributes.builder().put(":pk", partition(tenantId));
    Write.Condition condition =
        after == null
            ? new Write.Condition("pk = :pk", values.build())
            : new Write.Condition("pk = :pk AND sk < :after", values.put(":after", after).build());
    return database
        .first(new Query(table, null, condition, true, true), limit, Deadline.ofRequest())
        .stream()
        .map(item -> ConfigurationItems.read(item, AuditEntry.class))
        .toList();
  }

  private static String partition(String tenantId) {
    return StoredIds.escape(tenantId) + "#audit";
  }
}
