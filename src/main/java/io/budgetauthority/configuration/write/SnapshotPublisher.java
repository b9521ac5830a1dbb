package io.budgetauthority.configuration.write;

import io.budgetauthority.metrics.Meters;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.util.List;
import java.util.UUID;
import org.jboss.logging.Logger;

/// Publishes changed configuration into the bucket (protocol.md#outage). The transaction of a
/// change marks what it changed. The mark is deleted once the snapshot is written. So a process
/// that stops in between leaves the mark, and the next change or sweep publishes it. Safe for use
/// by many threads; publishing twice is harmless.
public final class SnapshotPublisher {

  private static final Logger LOG = Logger.getLogger("budget.configuration");
  private static final String MARK = "unpublished#";
  private static final int PAGE = 100;

  /// What belongs to no tenant is stored under the name that no tenant can have.
  private static final String PARTITION = "#config";

  private final Database database;
  private final String table;
  private final SnapshotStore store;
  private final Snapshots snapshots;

  public SnapshotPublisher(
      Database database, String table, SnapshotStore store, Snapshots snapshots) {
    this.database = database;
    this.table = table;
    this.store = store;
    this.snapshots = snapshots;
  }

  /// A write that marks what a change changed. It goes into one transaction with the change.
  Write mark(SnapshotStore.Kind kind, List<String> names) {
    return new Write.Put(
        table,
        Attributes.at(new Key(PARTITION, MARK + UUID.randomUUID()))
            .put("kind", kind.name())
            .put("names", names)
            .build());
  }

  /// Publishes what is marked. What cannot be published now stays marked, with a line in the log.
  /// The change itself is not undone.
  public void publishPending() {
    try {
      List<Attributes> marks =
          database.first(Query.prefix(table, PARTITION, MARK), PAGE, Deadline.ofRequest());
      for (Attributes mark : marks) {
        SnapshotStore.Kind kind = SnapshotStore.Kind.valueOf(mark.text("kind"));
        for (String name : mark.texts("names")) {
          store.publish(kind, name, () -> snapshots.document(kind, name));
        }
        var unused = database.write(new Write.Delete(table, mark.key()), Deadline.ofRequest());
      }
    } catch (RuntimeException e) {
      // The change is written: whatever fails now, its caller must be answered that it is done.
      Meters.notPublished();
      LOG.errorf(e, "what changed could not be published; it is tried again");
    }
  }
}
