package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.DecisionsTail;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.attribution.Change;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Deadline;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The notice that a run has ended, through the real stream.
class RunClosedTest {

  @Test
  void whenARunIsClosed_itsNoticeIsStreamedAndIsNoDecision() {
    TestAuthority service = new TestAuthority();
    try (DecisionsTail tail = new DecisionsTail(service.tenantId)) {
      service.ask("one", "run", 0, 1_000, MicroUsd.of(1_000_000));
      Run run = service.run("run");
      RunClosed notice = RunClosed.of(run, Run.State.CLOSED, service.clock.instant());
      String decisions =
          LocalCloudForTests.shared().definitions().decisionsTable().create().tableName();

      assertTrue(service.database.write(notice.write(decisions), Deadline.ofRequest()).isDone());

      List<StreamRecord> records = tail.read();
      assertEquals(2, records.size());
      Change change = Change.read(records.getLast());
      assertEquals(new Change.RunEnded(notice), change);
      assertEquals(MicroUsd.of(5_000), notice.reserved());
      assertEquals("ada", notice.tuple().userId());
    }
  }

  @Test
  void whenARunIsActive_itHasNoNotice() {
    TestAuthority service = new TestAuthority();
    service.ask("one", "run", 0, 1_000, MicroUsd.of(1_000_000));

    assertThrows(
        IllegalArgumentException.class,
        () -> RunClosed.of(service.run("run"), Run.State.ACTIVE, service.clock.instant()));
  }
}
