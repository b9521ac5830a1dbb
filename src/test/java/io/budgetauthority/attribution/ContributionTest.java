package io.budgetauthority.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.storage.Attributes;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// What a decision adds that was not made by an ask while the ledger was there: a real record, with
/// what the others have in their decision.
class ContributionTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /// What a call that cost 5,000 micro-USD against an estimate of 500 adds, with another decision.
  private static Contribution with(Consumer<ObjectNode> change) {
    try (TestAttribution it = new TestAttribution()) {
      it.service.ask("one", "run", 0, 100, MicroUsd.of(1_000_000));
      it.service.commit(it.service.idOf("one"), 0, 1_000);
      StreamRecord record = it.tail.read().getLast();
      return Contribution.of(
          (Change.Stepped) Change.read(changed(record, change)), TestAttribution.DAY);
    }
  }

  private static StreamRecord changed(StreamRecord record, Consumer<ObjectNode> change) {
    try {
      Decision decision = record.reservation().decision();
      ObjectNode node = (ObjectNode) JSON.readTree(RecordJson.write(decision));
      change.accept(node);
      byte[] changed = RecordJson.pack(node);
      Attributes after = record.after().toBuilder().put("d", changed).build();
      return new StreamRecord(record.sequenceNumber(), record.at(), record.before(), after);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whenUsageHasNoDecision_itIsACallAndNoOverrun() {
    Amounts amounts = with(it -> it.putObject("verdict").put("type", "unreserved")).amounts();

    assertThat(amounts.of(Measure.CALLS)).isEqualTo(1);
    assertThat(amounts.of(Measure.UNRESERVED)).isEqualTo(1);
    assertThat(amounts.of(Measure.COMMITTED_USD)).isEqualTo(5_000);
    assertThat(amounts.of(Measure.OVERRUNS)).isEqualTo(0);
  }

  @Test
  void whenTheRunIsAnotherUsers_theCallIsAnOrphanWithItsCharge() {
    Contribution contribution =
        with(
            it -> {
              it.putObject("subject").put("orphan_of", "run");
              it.put("degraded", "ledger_unavailable");
            });

    assertThat(contribution.row().runId()).isNull();
    assertThat(contribution.amounts().of(Measure.ORPHANS)).isEqualTo(1);
    assertThat(contribution.amounts().of(Measure.ORPHANS_USD)).isEqualTo(5_000);
    assertThat(contribution.amounts().of(Measure.DEGRADED)).isEqualTo(1);
    assertThat(contribution.amounts().of(Measure.OVERRUNS)).isEqualTo(1);
  }

  @Test
  void whenADecisionHasAnUnknownField_itIsIgnored() {
    Amounts plain = with(it -> {}).amounts();

    assertThat(with(it -> it.put("a_field_of_later", 1)).amounts()).isEqualTo(plain);
  }

  @Test
  void whenADecisionHasNoVerdict_itIsRefused() {
    assertThrows(IllegalStateException.class, () -> with(it -> it.remove("verdict")).amounts());
  }
}
