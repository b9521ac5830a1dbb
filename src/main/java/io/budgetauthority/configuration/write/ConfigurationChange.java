package io.budgetauthority.configuration.write;

import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.util.List;

/// One change of a tenant's configuration.
///
/// @param entry who changes what, for the audit trail
/// @param writes what is written, under the conditions that nothing changed since it was read
/// @param published the snapshots that change with it
public record ConfigurationChange(
    String tenantId, AuditEntry entry, List<Write> writes, List<Published> published) {

  public ConfigurationChange {
    writes = List.copyOf(writes);
    published = List.copyOf(published);
  }

  /// Snapshots of one kind that change.
  public record Published(SnapshotStore.Kind kind, List<String> names) {
    public Published(SnapshotStore.Kind kind, String name) {
      this(kind, List.of(name));
    }
  }
}
