package io.budgetauthority.configuration;

import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.AuditTrail;
import java.util.ArrayList;
import java.util.List;

/// Writes a change with its audit entry and the marks of its snapshots in one transaction, and then
/// publishes the snapshots. Safe for use by many threads.
public final class ConfigurationWriter {

  private final Database database;
  private final AuditTrail audit;
  private final SnapshotPublisher publisher;

  public ConfigurationWriter(Database database, AuditTrail audit, SnapshotPublisher publisher) {
    this.database = database;
    this.audit = audit;
    this.publisher = publisher;
  }

  /// False, with nothing written, where what the change depends on has changed.
  boolean write(ConfigurationChange change, Deadline deadline) {
    List<Write> writes = new ArrayList<>(change.writes());
    writes.add(audit.add(change.tenantId(), change.entry()));
    change.published().forEach(it -> writes.add(publisher.mark(it.kind(), it.names())));
    if (!database.transact(writes, deadline).isDone()) {
      return false;
    }
    if (!change.published().isEmpty()) {
      publisher.publishPending();
    }
    return true;
  }
}
