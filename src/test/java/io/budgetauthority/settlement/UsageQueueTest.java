package io.budgetauthority.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Away;
import io.budgetauthority.Desk;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.Deadline;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Policy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What arrives on the usage queue (protocol section 5).
class UsageQueueTest {

  private final Away ledger = new Away();
  private final Desk desk = new Desk(ledger);

  @BeforeEach
  void aTenant() {
    desk.policy(Policy.DEFAULT);
  }

  private ReservationId reserved(String key) {
    assertInstanceOf(Answer.Decided.class, desk.ask(key, "run", 0, 100, null));
    return desk.idOf(key);
  }

  private Reservation read(ReservationId id) {
    return desk.ledger.find(desk.tenantId, id, Deadline.in(Duration.ofSeconds(5))).orElseThrow();
  }

  private String message(String type, String names, String body) {
    return message(desk.tenantId, type, names, body);
  }

  private String message(String tenantId, String type, String names, String body) {
    return "{\"type\": \"%s\", \"tenant_id\": \"%s\", %s, \"sent_at\": \"%s\", \"body\": %s}"
        .formatted(type, tenantId, names, desk.clock.instant(), body);
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
      desk.queue.send(message);
    }
    deliver();
  }

  private void deliver() {
    while (desk.queue.deliverTo(desk.usageQueue) > 0) {
      // Until the queue is empty.
    }
  }

  @Test
  void aCommitSettlesByReservationOrByKeyAnyNumberOfTimes() {
    ReservationId byId = reserved("a");
    ReservationId byKey = reserved("b");
    String first = message("commit", of(byId), usage(10));
    String second = message("commit", of("b"), usage(20));
    deliver(first, second, first, second);
    assertEquals(ReservationState.COMMITTED, read(byId).state());
    assertEquals(ReservationState.COMMITTED, read(byKey).state());
    assertEquals(MicroUsd.of(150), desk.run("run").account().committed());
    assertEquals(MicroUsd.ZERO, desk.run("run").account().reserved());
    assertEquals(List.of(), desk.queue.reasonsOfTheDead());
  }

  @Test
  void aReleaseFreesTheHoldAndAnExtensionGivesTime() {
    ReservationId released = reserved("a");
    ReservationId extended = reserved("b");
    deliver(
        message("release", of(released), "{\"reason\": \"went away\"}"),
        message(
            "extend",
            of(extended),
            "{\"expires_at\": \"" + desk.clock.instant().plusSeconds(3_000) + "\"}"));
    assertEquals(ReservationState.RELEASED, read(released).state());
    assertEquals("went away", read(released).releaseReason());
    assertEquals(desk.clock.instant().plusSeconds(3_000), read(extended).expiresAt());
  }

  @Test
  void usageWithoutADecisionIsChargedOnce() {
    String usage =
        message(
            "usage",
            of("u"),
            "{\"run_id\": \"run\", \"model\": \"model-a\","
                + " \"usage\": {\"input_tokens\": 0, \"output_tokens\": 100}}");
    deliver(usage, usage);
    assertEquals(MicroUsd.of(500), desk.run("run").account().committed());
  }

  @Test
  void theOrderOfMessagesDoesNotMatter() {
    List<String> keys = List.of("a", "b", "c");
    List<String> messages = new ArrayList<>();
    for (String key : keys) {
      ReservationId id = reserved(key);
      messages.add(
          message(
              "extend",
              of(id),
              "{\"expires_at\": \"" + desk.clock.instant().plusSeconds(3_000) + "\"}"));
      messages.add(message("commit", of(id), "{\"usage_quality\": \"missing\"}"));
      messages.add(message("release", of(id), "{}"));
      messages.add(message("commit", of(id), usage(10)));
    }
    Random random = new Random(20_261_124);
    for (int round = 0; round < 5; round++) {
      Collections.shuffle(messages, random);
      deliver(messages.toArray(String[]::new));
      for (String key : keys) {
        assertEquals(ReservationState.COMMITTED, read(desk.idOf(key)).state());
      }
      assertEquals(MicroUsd.of(150), desk.run("run").account().committed());
      assertEquals(MicroUsd.ZERO, desk.run("run").account().reserved());
    }
    assertEquals(List.of(), desk.queue.reasonsOfTheDead());
  }

  @Test
  void whatCanNeverSucceedIsADeadLetterWithItsReasonAndKeepsNothingBack() {
    ReservationId id = reserved("a");
    Desk other = new Desk();
    other.policy(Policy.DEFAULT);
    deliver(
        "not json",
        message("commit", of(id), "{\"usge\": {}}"),
        message(other.tenantId, "release", of(id), "{}"),
        message("no-such-tenant", "commit", of(id), usage(1)),
        message("commit", of(id), usage(10)));
    List<String> reasons = desk.queue.reasonsOfTheDead();
    assertEquals(4, reasons.size(), reasons.toString());
    assertTrue(has(reasons, "is not well-formed JSON"), reasons.toString());
    assertTrue(has(reasons, "/body/usge"), reasons.toString());
    assertTrue(has(reasons, "is not of tenant " + other.tenantId), reasons.toString());
    assertTrue(has(reasons, "there is no tenant no-such-tenant"), reasons.toString());
    assertEquals(MicroUsd.of(50), desk.run("run").account().committed());
  }

  private static boolean has(List<String> reasons, String part) {
    return reasons.stream().anyMatch(reason -> reason.contains(part));
  }

  @Test
  void aMessageOlderThanItsReservationMayBeKeptIsADeadLetter() {
    String commit = message("commit", of(reserved("a")), usage(10));
    desk.clock.advance(Duration.ofDays(29).plusMillis(1));
    deliver(commit);
    assertTrue(has(desk.queue.reasonsOfTheDead(), "was sent"));
  }

  @Test
  void aSettlementThatFindsNoReservationIsTriedUntilItsReceivesAreSpent() {
    String commit = message("commit", of("later"), usage(10));
    desk.queue.send(commit);
    assertEquals(1, desk.queue.deliverTo(desk.usageQueue));
    ReservationId id = reserved("later");
    deliver();
    assertEquals(ReservationState.COMMITTED, read(id).state());

    deliver(message("commit", of("never"), usage(10)));
    assertTrue(has(desk.queue.reasonsOfTheDead(), "there is no reservation"));
  }

  @Test
  void deadLettersAreShownWithTheirReasonsAndSentAgainOnceWhatWasWrongIsPutRight() {
    deliver(message("commit", of("late"), usage(10)), "not json");
    DeadLetters letters = new DeadLetters(desk.queue.sqs(), desk.queue.url(), desk.queue.deadUrl());
    List<DeadLetters.Letter> shown = new ArrayList<>();
    assertEquals(2, letters.show(shown::add));
    assertEquals(2, letters.show(it -> {}), "they stay");
    ReservationId id = reserved("late");
    assertEquals(1, letters.redrive(it -> it.reason().contains("there is no reservation")));
    deliver();
    assertEquals(ReservationState.COMMITTED, read(id).state());
    assertEquals(1, desk.queue.reasonsOfTheDead().size());
  }

  @Test
  void aLetterThatComesBackWhileOthersAreSentAgainIsNotSentTwice() {
    deliver("not json", "nor this");
    DeadLetters letters = new DeadLetters(desk.queue.sqs(), desk.queue.url(), desk.queue.deadUrl());
    assertEquals(
        2,
        letters.redrive(
            letter -> {
              deliver();
              return true;
            }));
    deliver();
    assertEquals(2, desk.queue.reasonsOfTheDead().size());
  }

  @Test
  void aMessageOutlivesAnOutageThatIsLongerThanItsReceives() {
    ReservationId id = reserved("a");
    desk.queue.send(message("commit", of(id), usage(10)));
    ledger.set(true);
    for (int receive = 0; receive < 2 * Desk.MOST_RECEIVES; receive++) {
      assertEquals(1, desk.queue.deliverTo(desk.usageQueue));
    }
    ledger.set(false);
    deliver();
    assertEquals(ReservationState.COMMITTED, read(id).state());
    assertEquals(List.of(), desk.queue.reasonsOfTheDead());
  }

  @Test
  void aCommitOfACancelledCallIsADeadLetterAndItsReleaseIsNothing() {
    assertTrue(
        desk.settlement
            .cancel(
                desk.gateway,
                "a",
                Policy.DEFAULT.mode(),
                "desk-1",
                Duration.ofDays(Policy.DEFAULT.retentionDays()))
            .isEmpty());
    deliver(message("release", of("a"), "{}"), message("commit", of("a"), usage(10)));
    assertEquals(1, desk.queue.reasonsOfTheDead().size());
  }
}
