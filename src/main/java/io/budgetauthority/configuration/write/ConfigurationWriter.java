package io.budgetauthority.configuration.write;

import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.store.AuditTrail;
import java.util.ArrayList;
import java.util.List;

/// Writes a change with its audit entry and the marks of its snapshots in one transaction, and then
/// publishes the snapshots. Safe for use by many threads.
public final class ConfigurationWriter {

  private final Database database;
  private final AuditTrail audit;
  private final SnapshotPublisher publisher;
  private final boolean publishesAtOnce;

  public ConfigurationWriter(Database database, AuditTrail audit, SnapshotPublisher publisher) {
    this(database, audit, publisher, true);
  }

  private ConfigurationWriter(
      Database database, AuditTrail audit, SnapshotPublisher publisher, boolean publishesAtOnce) {
    this.database = database;
    this.audit = audit;
    this.publisher = publisher;
    this.publishesAtOnce = publishesAtOnce;
  }

  /// The same writer for a process that may not read what is published, nor write it: its marks
  /// stay, and the next sweep publishes what they name.
  public ConfigurationWriter withoutPublishing() {
    return new ConfigurationWriter(database, audit, publisher, false);
  }

  /// False, with nothing written, where what the change depends on has changed. A refusal by what
  /// this very change has written, in an attempt whose answer was lost, is recognised by the entry.
  ///
  /// @param evict removes what this process has cached of what changes. It runs after the
  ///   transaction, whatever its outcome, and before the snapshots are published, which may take
  ///   longer than the transaction
  public boolean write(ConfigurationChange change, Deadline deadline, Runnable evict) {
    List<Write> writes = new ArrayList<>(change.writes());
    writes.add(audit.add(change.tenantId(), change.entry()));
    change.published().forEach(it -> writes.add(publisher.mark(it.kind(), it.names())));
    boolean written;
    try {
      written =
          database.transact(writes, deadline).isDone()
              || audit.has(change.tenantId(), change.entry(), deadline);
    } finally {
      evict.run();
    }
    if (written && publishesAtOnce && !change.published().isEmpty()) {
      publisher.publishPending();
    }
    return written;
  }
}
