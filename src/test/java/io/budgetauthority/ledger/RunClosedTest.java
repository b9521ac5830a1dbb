package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

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

      assertThat(service.database.write(notice.write(decisions), Deadline.ofRequest()).isDone())
          .isTrue();

      List<StreamRecord> records = tail.read();
      assertThat(records).hasSize(2);
      Change change = Change.read(records.getLast());
      assertThat(change).isEqualTo(new Change.RunEnded(notice));
      assertThat(notice.reserved()).isEqualTo(MicroUsd.of(5_000));
      assertThat(notice.tuple().userId()).isEqualTo("ada");
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
