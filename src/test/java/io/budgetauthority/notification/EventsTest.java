package io.budgetauthority.notification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.DecisionsTail;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Which events the real stream of real decisions comes to.
class EventsTest {

  /// The local build whose stream is read as a function would read it.
  private static final class Hearing implements AutoCloseable {
    final TestAuthority service = new TestAuthority();
    final DecisionsTail tail = new DecisionsTail(service.tenantId);
    final DynamoDbClient dynamoDb = LocalCloudForTests.dynamoDb().build();
    final Database database = new Database(dynamoDb);
    final List<BudgetEvent> heard = new ArrayList<>();
    boolean busIsAway;
    final DecisionsStream stream = newStream();

    DecisionsStream newStream() {
      String table =
          LocalCloudForTests.shared().definitions().attributionTable().create().tableName();
      return new DecisionsStream(
          new AttributionStream(
              new AttributionTable(database, table), service.configuration.policies),
          new Notifications(new Thresholds(database, table, service.clock), this::hear),
          Clock.systemUTC());
    }

    private void hear(List<BudgetEvent> events) {
      if (busIsAway) {
        throw new IllegalStateException("the bus is unavailable");
      }
      heard.addAll(events);
    }

    List<String> types() {
      return heard.stream().map(event -> event.type().wireName()).toList();
    }

    List<StreamRecord> consume() {
      List<StreamRecord> records = tail.read();
      assertThat(stream.consume(records)).isEmpty();
      return records;
    }

    @Override
    public void close() {
      tail.close();
      dynamoDb.close();
    }
  }

  @Test
  void whenACallIsBlocked_theEventNamesTheCeiling() {
    try (Hearing it = new Hearing()) {
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(10));
      it.consume();

      assertThat(it.types()).isEqualTo(List.of("budget.blocked"));
      BudgetEvent event = it.heard.getFirst();
      assertThat(event.detail().get("code")).isEqualTo(ProblemCode.RUN_CEILING_REACHED);
      assertThat(event.detail().get("blocking_scope")).isEqualTo(Scope.RUN);
      assertThat(event.detail().get("decision_id")).isEqualTo(it.service.idOf("one").decisionId());
      assertThat(event.detail().get("reservation_id")).isNull();
      assertThat(event.time()).isEqualTo(it.service.clock.instant());
    }
  }

  @Test
  void whenABatchIsReadAgain_theEventIdsAreTheSame() {
    try (Hearing it = new Hearing()) {
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(10));
      it.service.ask("two", "other", 0, 100, MicroUsd.of(1_000_000));
      it.service.commit(it.service.idOf("two"), 0, 900);
      List<StreamRecord> records = it.consume();
      List<BudgetEvent> first = List.copyOf(it.heard);
      it.heard.clear();

      it.stream.consume(records);

      assertThat(it.types()).isEqualTo(List.of("budget.blocked", "budget.overrun"));
      assertThat(it.heard).isEqualTo(first);
    }
  }

  @Test
  void whenBetterUsageIsReported_eachOverrunIsAnEvent() {
    try (Hearing it = new Hearing()) {
      it.service.policy(
          TestAuthority.policyWithDowngrade(
              Policy.DEFAULT,
              new Policy.DowngradeRule(
                  List.of(TestAuthority.MODEL),
                  List.of(
                      new Policy.DowngradeRule.Alternative(
                          null, TestAuthority.CHEAP_MODEL, null, null, List.of())),
                  null)));
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(1_000));
      it.service.commit(it.service.idOf("one"), 0, 2_000, UsageQuality.ESTIMATED);
      it.service.commit(it.service.idOf("one"), 0, 3_000, UsageQuality.EXACT);
      it.consume();

      List<String> types = new ArrayList<>(it.types());
      types.removeIf("budget.threshold_crossed"::equals);
      assertThat(types).isEqualTo(List.of("budget.downgraded", "budget.overrun", "budget.overrun"));
      assertThat(it.heard.stream().map(BudgetEvent::id).distinct().count())
          .isEqualTo(it.heard.size());
      BudgetEvent downgrade = it.heard.getFirst();
      assertThat(downgrade.detail().get("requested_model")).isEqualTo(TestAuthority.MODEL);
      assertThat(downgrade.detail().get("selected_model")).isEqualTo(TestAuthority.CHEAP_MODEL);
      assertThat(it.heard.get(1).detail().get("overrun_usd")).isEqualTo(MicroUsd.of(500));
    }
  }

  @Test
  void whenAChargeIsPresumed_anEventIsSent() {
    try (Hearing it = new Hearing()) {
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(1_000_000));
      it.service.clock.advance(Duration.ofHours(2));
      take(it, reservation(it).expire(it.service.clock.instant(), Duration.ZERO));
      take(it, reservation(it).reconcile(it.service.clock.instant()));
      it.consume();

      assertThat(it.types()).isEqualTo(List.of("budget.presumed"));
      assertThat(it.heard.getFirst().detail().get("presumed_usd")).isEqualTo(MicroUsd.of(5_000));
    }
  }

  private static Reservation reservation(Hearing it) {
    return it.service.settlement.find(it.service.gateway, it.service.idOf("one")).orElseThrow();
  }

  private static void take(Hearing it, Reservation.Step step) {
    it.service.ledger.settle((Reservation.Step.Move) step, Deadline.in(Duration.ofSeconds(5)));
  }

  @Test
  void whenAThresholdIsCrossed_oneEventIsSent() {
    try (Hearing it = new Hearing()) {
      MicroUsd limit = MicroUsd.of(10_000);
      it.service.ask("one", "run", 0, 900, limit);
      it.consume();
      assertThat(it.types()).isEmpty();

      it.service.ask("two", "run", 0, 400, limit);
      List<StreamRecord> crossing = it.consume();
      assertThat(it.types()).isEqualTo(List.of("budget.threshold_crossed"));
      Map<String, ?> detail = it.heard.getFirst().detail();
      assertThat(detail.get("threshold_percent")).isEqualTo(50);
      assertThat(detail.get("scope_id")).isEqualTo("run");
      assertThat(detail.get("limit_usd")).isEqualTo(limit);

      it.service.ask("three", "run", 0, 100, limit);
      it.consume();
      it.newStream().consume(crossing);
      assertThat(it.heard).hasSize(1);

      it.service.ask("four", "run", 0, 600, limit);
      it.consume();
      assertThat(it.heard.stream().map(event -> event.detail().get("threshold_percent")).toList())
          .isEqualTo(List.of(50, 80, 95));
    }
  }

  @Test
  void whenAnotherProcessSentAThreshold_itIsNotSentAgain() {
    try (Hearing it = new Hearing()) {
      MicroUsd limit = MicroUsd.of(10_000);
      it.service.ask("one", "run", 0, 1_100, limit);
      it.consume();
      it.service.ask("two", "run", 0, 550, limit);
      it.newStream().consume(it.tail.read());
      it.service.ask("three", "run", 0, 1, limit);
      it.consume();

      assertThat(it.heard.stream().map(event -> event.detail().get("threshold_percent")).toList())
          .isEqualTo(List.of(50, 80));
    }
  }

  @Test
  void whenAChargeCrossesAThreshold_theNextDecisionSendsIt() {
    try (Hearing it = new Hearing()) {
      MicroUsd limit = MicroUsd.of(10_000);
      it.service.ask("one", "run", 0, 100, limit);
      // A charge above its hold crosses it, which no decision saw.
      it.service.commit(it.service.idOf("one"), 0, 1_200);
      it.consume();
      it.heard.removeIf(event -> event.type() == BudgetEvent.Type.OVERRUN);
      assertThat(it.types()).isEmpty();

      it.service.ask("two", "run", 0, 1, limit);
      it.consume();

      assertThat(it.types()).isEqualTo(List.of("budget.threshold_crossed"));
    }
  }

  @Test
  void whenAUsersCeilingIsHalfUsed_theEventNamesIt() {
    try (Hearing it = new Hearing()) {
      it.service.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(5_000_000));
      it.consume();

      assertThat(it.types()).isEqualTo(List.of("budget.threshold_crossed"));
      assertThat(it.heard.getFirst().detail().get("scope")).isEqualTo(Scope.USER);
      assertThat(it.heard.getFirst().detail().get("scope_id")).isEqualTo("ada");
    }
  }

  @Test
  void whenTheBusIsUnavailable_noEventIsLost() {
    try (Hearing it = new Hearing()) {
      it.service.ask("one", "run", 0, 1_500, MicroUsd.of(10_000));
      it.service.ask("two", "run", 0, 5_000, MicroUsd.of(10_000));
      List<StreamRecord> records = it.tail.read();
      it.busIsAway = true;
      assertThrows(IllegalStateException.class, () -> it.stream.consume(records));
      assertThat(it.types()).isEmpty();

      it.busIsAway = false;
      it.stream.consume(records);

      assertThat(it.types()).isEqualTo(List.of("budget.blocked", "budget.threshold_crossed"));
    }
  }

  @Test
  void whenARecordIsUnreadable_theOthersAreRead() {
    try (Hearing it = new Hearing()) {
      it.service.ask("one", "run", 0, 1_000, MicroUsd.of(10));
      List<StreamRecord> records = new ArrayList<>(it.tail.read());
      StreamRecord good = records.getFirst();
      records.addFirst(
          new StreamRecord(
              "1",
              good.at(),
              Attributes.NONE,
              Attributes.builder().put("pk", "x").put("tenant", "y").build()));
      records.addFirst(
          new StreamRecord(
              "2", good.at().minus(Duration.ofDays(31)), Attributes.NONE, good.after()));

      List<DecisionsStream.Unreadable> unreadable = it.stream.consume(records);

      assertThat(unreadable.stream().map(DecisionsStream.Unreadable::sequenceNumber).toList())
          .isEqualTo(List.of("2", "1"));
      assertThat(it.types()).isEqualTo(List.of("budget.blocked"));
    }
  }
}
