package io.budgetauthority.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.InjectedOutage;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What arrives on the usage queue (protocol.md#usage-queue).
class UsageQueueTest {

  private final InjectedOutage ledger = new InjectedOutage();
  private final TestAuthority service = new TestAuthority(ledger);

  @BeforeEach
  void aTenant() {
    service.policy(Policy.DEFAULT);
  }

  private ReservationId reserved(String key) {
    assertThat(service.ask(key, "run", 0, 100, null)).isInstanceOf(Answer.Decided.class);
    return service.idOf(key);
  }

  private Reservation read(ReservationId id) {
    return service
        .ledger
        .find(service.tenantId, id, Deadline.in(Duration.ofSeconds(5)))
        .orElseThrow();
  }

  private String message(String type, String names, String body) {
    return message(service.tenantId, type, names, body);
  }

  private String message(String tenantId, String type, String names, String body) {
    return "{\"type\": \"%s\", \"tenant_id\": \"%s\", %s, \"sent_at\": \"%s\", \"body\": %s}"
        .formatted(type, tenantId, names, service.clock.instant(), body);
  }

  private static String of(ReservationId id) {
    return "\"reservation_id\": \"" + id.reservationId() + "\"";
  }

  private static String of(String key) {
    return "\"principal_id\": \"gateway\", \"idempotency_key\": \"" + key + "\"";
  }

  private static String usage(int outputTokens) {
    return "{\"usage\": {\"input_tokens\": 0, \"output_tokens\": " + outputTokens + "}}";
  }

  private void deliver(String... messages) {
    for (String message : messages) {
      service.queue.send(message);
    }
    deliver();
  }

  private void deliver() {
    while (service.queue.deliverTo(service.usageQueue) > 0) {
      // Until the queue is empty.
    }
  }

  @Test
  void whenCommitsAreSentAgain_eachReservationIsChargedOnce() {
    ReservationId byId = reserved("a");
    ReservationId byKey = reserved("b");
    String first = message("commit", of(byId), usage(10));
    String second = message("commit", of("b"), usage(20));
    deliver(first, second, first, second);
    assertThat(read(byId).state()).isEqualTo(ReservationState.COMMITTED);
    assertThat(read(byKey).state()).isEqualTo(ReservationState.COMMITTED);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(150));
    assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.ZERO);
    assertThat(service.queue.reasonsOfTheDead()).isEmpty();
  }

  @Test
  void whenAReleaseOrExtensionIsSent_itIsApplied() {
    ReservationId released = reserved("a");
    ReservationId extended = reserved("b");
    deliver(
        message("release", of(released), "{\"reason\": \"cancelled by the user\"}"),
        message(
            "extend",
            of(extended),
            "{\"expires_at\": \"" + service.clock.instant().plusSeconds(3_000) + "\"}"));
    assertThat(read(released).state()).isEqualTo(ReservationState.RELEASED);
    assertThat(read(released).releaseReason()).isEqualTo("cancelled by the user");
    assertThat(read(extended).expiresAt()).isEqualTo(service.clock.instant().plusSeconds(3_000));
  }

  @Test
  void whenUsageHasNoDecision_itIsChargedOnce() {
    String usage =
        message(
            "usage",
            of("u"),
            "{\"run_id\": \"run\", \"model\": \"model-a\","
                + " \"usage\": {\"input_tokens\": 0, \"output_tokens\": 100}}");
    deliver(usage, usage);
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(500));
  }

  @Test
  void whenMessagesComeInAnyOrder_theEndIsTheSame() {
    List<String> keys = List.of("a", "b", "c");
    List<String> messages = new ArrayList<>();
    for (String key : keys) {
      ReservationId id = reserved(key);
      messages.add(
          message(
              "extend",
              of(id),
              "{\"expires_at\": \"" + service.clock.instant().plusSeconds(3_000) + "\"}"));
      messages.add(message("commit", of(id), "{\"usage_quality\": \"missing\"}"));
      messages.add(message("release", of(id), "{}"));
      messages.add(message("commit", of(id), usage(10)));
    }
    Random random = new Random(20_261_124);
    for (int round = 0; round < 5; round++) {
      Collections.shuffle(messages, random);
      deliver(messages.toArray(String[]::new));
      for (String key : keys) {
        assertThat(read(service.idOf(key)).state()).isEqualTo(ReservationState.COMMITTED);
      }
      assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(150));
      assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.ZERO);
    }
    assertThat(service.queue.reasonsOfTheDead()).isEmpty();
  }

  @Test
  void whenAMessageCanNeverSucceed_itIsADeadLetterWithAReason() {
    ReservationId id = reserved("a");
    TestAuthority other = new TestAuthority();
    other.policy(Policy.DEFAULT);
    deliver(
        "not json",
        message("commit", of(id), "{\"usge\": {}}"),
        message(other.tenantId, "release", of(id), "{}"),
        message("no-such-tenant", "commit", of(id), usage(1)),
        message("commit", of(id), usage(10)));
    List<String> reasons = service.queue.reasonsOfTheDead();
    assertThat(reasons).hasSize(4);
    assertThat(has(reasons, "is not well-formed JSON")).as(reasons.toString()).isTrue();
    assertThat(has(reasons, "/body/usge")).as(reasons.toString()).isTrue();
    assertThat(has(reasons, "is not of tenant " + other.tenantId)).as(reasons.toString()).isTrue();
    assertThat(has(reasons, "there is no tenant no-such-tenant")).as(reasons.toString()).isTrue();
    assertThat(service.run("run").account().committed()).isEqualTo(MicroUsd.of(50));
  }

  /// A decision of an outage, with what a hostile sender changed in it.
  private String degraded(String key, String estimate, String more, String asked) {
    return message(
        "decision",
        of(key),
        """
        {"request_hash": "h", %s "expires_at": "%s", "decision": {
         "verdict": {"type": "granted", "kind": "allow"}, "mode": "hard_gate",
         "subject": {"run_id": "run-1"}, "estimate_usd": "%s", "price_table_version": "v",
         "created_at": "%s", "degraded": "ledger_unavailable", "asked": {"choices": 1%s}}}
        """
            .formatted(more, service.clock.instant(), estimate, service.clock.instant(), asked));
  }

  @Test
  void whenNoAuthorityCanHaveSentADecision_itIsADeadLetter() {
    String limit = "\"run_limit_usd\": \"1000000000.00\",";
    deliver(
        degraded("k0", "9000000000000.00", "", ""),
        degraded("k1", "-0.01", "", ""),
        degraded("k2", "1.00", limit, ""),
        degraded("k3", "1.00", "\"parent_run_id\": \"run-1\",", ""),
        degraded("k4", "1.00", "", ", \"input_tokens\": -5"),
        degraded("k5", "1.00", "", ", \"parts\": {\"cache_read_tokens\": -10}"));

    assertThat(service.queue.reasonsOfTheDead()).hasSize(6);
    assertThat(service.runs.find(service.tenantId, "run-1")).isEmpty();
  }

  @Test
  void whenADecisionIsTheDearestPossible_itIsRecorded() {
    deliver(degraded("k", "9223372.036854", "", ""));

    assertThat(service.queue.reasonsOfTheDead()).isEmpty();
    assertThat(service.runs.find(service.tenantId, "run-1")).isPresent();
  }

  private static boolean has(List<String> reasons, String part) {
    return reasons.stream().anyMatch(reason -> reason.contains(part));
  }

  @Test
  void whenAMessageIsTooOld_itIsADeadLetter() {
    String commit = message("commit", of(reserved("a")), usage(10));
    service.clock.advance(Duration.ofDays(29).plusMillis(1));
    deliver(commit);
    assertThat(has(service.queue.reasonsOfTheDead(), "was sent")).isTrue();
  }

  @Test
  void whenNoReservationIsFound_theSettlementIsRetried() {
    String commit = message("commit", of("later"), usage(10));
    service.queue.send(commit);
    assertThat(service.queue.deliverTo(service.usageQueue)).isEqualTo(1);
    ReservationId id = reserved("later");
    deliver();
    assertThat(read(id).state()).isEqualTo(ReservationState.COMMITTED);

    deliver(message("commit", of("never"), usage(10)));
    assertThat(has(service.queue.reasonsOfTheDead(), "there is no reservation")).isTrue();
  }

  @Test
  void whenTheCauseIsPutRight_aDeadLetterCanBeSentAgain() {
    deliver(message("commit", of("late"), usage(10)), "not json");
    DeadLetters letters =
        new DeadLetters(service.queue.sqs(), service.queue.url(), service.queue.deadUrl());
    DeadLetters.Found found = letters.read(100);
    assertThat(found.letters()).hasSize(2);
    assertThat(found.complete()).isTrue();
    assertThat(letters.read(100).letters())
        .as("they stay")
        .containsExactlyInAnyOrderElementsOf(found.letters());
    ReservationId id = reserved("late");
    assertThat(
            letters.redrive(100, it -> it.reason().contains("there is no reservation")).letters())
        .hasSize(1);
    deliver();
    assertThat(read(id).state()).isEqualTo(ReservationState.COMMITTED);
    assertThat(service.queue.reasonsOfTheDead()).hasSize(1);
  }

  @Test
  void whenADeadLetterFailsDuringARedrive_itIsNotSentTwice() {
    deliver("not json", "nor this");
    DeadLetters letters =
        new DeadLetters(service.queue.sqs(), service.queue.url(), service.queue.deadUrl());
    assertThat(
            letters
                .redrive(
                    100,
                    letter -> {
                      deliver();
                      return true;
                    })
                .letters())
        .hasSize(2);
    deliver();
    assertThat(service.queue.reasonsOfTheDead()).hasSize(2);
  }

  @Test
  void whenAnotherReaderHoldsLetters_aPassIsNotComplete() {
    deliver("not json", "nor this");
    DeadLetters letters =
        new DeadLetters(service.queue.sqs(), service.queue.url(), service.queue.deadUrl());
    DeadLetters.Found first =
        letters.redrive(
            100,
            letter -> {
              DeadLetters.Found meanwhile = letters.read(100);
              assertThat(meanwhile.letters()).isEmpty();
              assertThat(meanwhile.complete()).isFalse();
              return false;
            });
    assertThat(first.complete()).isTrue();
    assertThat(letters.read(1).complete()).as("it stopped at its maximum").isFalse();
    assertThat(letters.read(100).letters()).hasSize(2);
  }

  @Test
  void whenAnOutageOutlastsTheReceives_theMessageIsKept() {
    ReservationId id = reserved("a");
    service.queue.send(message("commit", of(id), usage(10)));
    ledger.set(true);
    for (int receive = 0; receive < 2 * TestAuthority.MAX_RECEIVES; receive++) {
      assertThat(service.queue.deliverTo(service.usageQueue)).isEqualTo(1);
    }
    ledger.set(false);
    deliver();
    assertThat(read(id).state()).isEqualTo(ReservationState.COMMITTED);
    assertThat(service.queue.reasonsOfTheDead()).isEmpty();
  }

  @Test
  void whenACancelledCallIsCommitted_itIsADeadLetter() {
    assertThat(
            service.settlement.cancel(
                service.gateway,
                "a",
                Policy.DEFAULT.mode(),
                "service-1",
                Duration.ofDays(Policy.DEFAULT.retentionDays())))
        .isEmpty();
    deliver(message("release", of("a"), "{}"), message("commit", of("a"), usage(10)));
    assertThat(service.queue.reasonsOfTheDead()).hasSize(1);
  }
}
