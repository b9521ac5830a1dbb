package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Desk;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// What the ledger makes of a DynamoDB that conflicts, throttles, fails or is silent (ledger.md,
/// "Reserve", step 4). Faults are put in where the SDK sends.
class LedgerCallsTest {

  /// Throws what is asked for on the next calls, then lets everything through.
  private static final class NextCalls implements ExecutionInterceptor {
    private final AtomicInteger left = new AtomicInteger();
    private volatile Function<SdkRequest, @Nullable RuntimeException> fault = request -> null;

    void fail(int times, Function<SdkRequest, @Nullable RuntimeException> with) {
      fault = with;
      left.set(times);
    }

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      RuntimeException thrown = fault.apply(context.request());
      if (thrown != null && left.getAndDecrement() > 0) {
        throw thrown;
      }
    }
  }

  private static final int FOR_EVER = Integer.MAX_VALUE;

  private final NextCalls next = new NextCalls();
  private final Desk desk = new Desk(next);

  /// A transaction that is cancelled, its first write for no reason of its own and the second for
  /// this one.
  private static Function<SdkRequest, @Nullable RuntimeException> cancelled(String second) {
    return request ->
        request instanceof TransactWriteItemsRequest transaction
            ? TransactionCanceledException.builder()
                .message("injected")
                .statusCode(400)
                .awsErrorDetails(
                    AwsErrorDetails.builder().errorCode("TransactionCanceledException").build())
                .cancellationReasons(
                    transaction.transactItems().stream()
                        .map(
                            write ->
                                CancellationReason.builder()
                                    .code(
                                        write.equals(transaction.transactItems().get(1))
                                            ? second
                                            : "None")
                                    .build())
                        .toList())
                .build()
            : null;
  }

  private static Function<SdkRequest, @Nullable RuntimeException> error(int status, String code) {
    return request ->
        DynamoDbException.builder()
            .message("injected")
            .statusCode(status)
            .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).build())
            .build();
  }

  private static Function<SdkRequest, @Nullable RuntimeException> silence() {
    return request -> SdkClientException.create("injected: no answer");
  }

  private Answer ask() {
    return desk.ask("key", "run", 0, 100, null);
  }

  private void assertHeldOnce() {
    assertInstanceOf(Answer.Decided.class, ask());
    assertEquals(MicroUsd.of(500), desk.run("run").account().reserved());
  }

  private <T extends Throwable> void assertGivesUp(Class<T> with, Supplier<?> call) {
    assertThrows(with, call::get);
    next.fail(0, request -> null);
  }

  @Test
  void conflictsAreWaitedOutAndThenAreContention() {
    next.fail(3, cancelled("TransactionConflict"));
    assertHeldOnce();
    assertTrue(desk.ledger.isReachable());

    next.fail(FOR_EVER, cancelled("TransactionConflict"));
    assertGivesUp(LedgerContended.class, () -> desk.ask("other", "run", 0, 1, null));
    assertTrue(desk.ledger.isReachable(), "it answered");
  }

  @Test
  void throttlingIsWaitedOutAndThenIsContention() {
    for (String code : List.of("ThrottlingError", "ProvisionedThroughputExceeded")) {
      next.fail(2, cancelled(code));
      assertHeldOnce();
    }

    next.fail(FOR_EVER, cancelled("ThrottlingError"));
    assertGivesUp(LedgerContended.class, () -> desk.ask("other", "run", 0, 1, null));
    assertTrue(desk.ledger.isReachable(), "it answered");
    assertHeldOnce();
  }

  @Test
  void aFaultOfOursIsNotTriedAgain() {
    next.fail(1, cancelled("ValidationError"));
    assertGivesUp(TransactionCanceledException.class, this::ask);
    next.fail(1, error(400, "ValidationException"));
    DynamoDbException ours = assertThrows(DynamoDbException.class, this::ask);
    assertEquals(400, ours.statusCode());
    assertHeldOnce();
  }

  @Test
  void whatTheServerGotWrongOrLeftUnansweredIsSentAgainUntilTheDeadline() {
    next.fail(2, error(500, "InternalServerError"));
    assertHeldOnce();
    next.fail(2, error(400, "ThrottlingException"));
    assertHeldOnce();
    next.fail(2, silence());
    assertHeldOnce();

    next.fail(FOR_EVER, error(500, "InternalServerError"));
    assertGivesUp(LedgerUnavailable.class, this::ask);
    assertFalse(desk.ledger.isReachable());
    assertHeldOnce();
    next.fail(FOR_EVER, silence());
    assertGivesUp(LedgerUnavailable.class, this::ask);
    assertFalse(desk.ledger.isReachable());
  }

  @Test
  void aReadOfMoreKeysThanABatchTakesIsReadInSeveral() {
    List<Integer> batches = new ArrayList<>();
    next.fail(
        0,
        request -> {
          if (request instanceof BatchGetItemRequest batch) {
            batches.add(
                batch.requestItems().values().stream().mapToInt(it -> it.keys().size()).sum());
          }
          return null;
        });
    List<ReservationId> ids = new ArrayList<>();
    for (int i = 0; i < 130; i++) {
      ids.add(desk.idOf("key-" + i));
    }
    for (int i : new int[] {0, 99, 100, 129}) {
      desk.ask("key-" + i, "run", 0, 1, null);
    }
    batches.clear();

    Map<ReservationId, Reservation> found =
        desk.ledger.findAll(desk.tenantId, ids, Deadline.in(Duration.ofSeconds(5)));

    assertEquals(4, found.size());
    assertTrue(found.containsKey(desk.idOf("key-129")));
    assertEquals(List.of(100, 30), batches);
    assertEquals(
        Map.of(),
        desk.ledger.findAll("other-" + desk.tenantId, ids, Deadline.in(Duration.ofSeconds(5))),
        "nothing of a tenant is another's");
  }

  @Test
  void aReservationIsItsTenantsAlone() {
    ask();
    Deadline deadline = Deadline.in(Duration.ofSeconds(5));

    assertTrue(desk.ledger.find(desk.tenantId, desk.idOf("key"), deadline).isPresent());
    assertTrue(desk.ledger.find("other-" + desk.tenantId, desk.idOf("key"), deadline).isEmpty());
    assertTrue(desk.ledger.find(desk.tenantId, desk.idOf("none"), deadline).isEmpty());
  }

  @Test
  void aPostingToAnAccountThatIsGoneIsAFault() {
    ask();
    Reservation held =
        desk.ledger
            .find(desk.tenantId, desk.idOf("key"), Deadline.in(Duration.ofSeconds(5)))
            .orElseThrow();
    AccountKey nowhere = AccountKey.total(desk.tenantId, Scope.USER, "nobody");
    Reservation.Step.Move move =
        (Reservation.Step.Move) held.release("not called", desk.clock.instant());
    Reservation.Step.Move astray =
        new Reservation.Step.Move(
            move.next(), List.of(new Posting(nowhere, MicroUsd.of(-500), MicroUsd.ZERO)));

    assertThrows(
        IllegalStateException.class,
        () -> desk.ledger.settle(astray, Deadline.in(Duration.ofSeconds(5))));
    assertEquals(
        Ledger.Taken.SHORT,
        desk.ledger.settle(
            new Reservation.Step.Move(
                move.next(),
                List.of(new Posting(nowhere, MicroUsd.of(5), MicroUsd.ZERO, MicroUsd.of(5)))),
            Deadline.in(Duration.ofSeconds(5))));
    assertEquals(Ledger.Taken.DONE, desk.ledger.settle(move, Deadline.in(Duration.ofSeconds(5))));
    assertEquals(
        Ledger.Taken.STALE, desk.ledger.settle(astray, Deadline.in(Duration.ofSeconds(5))));
  }

  @Test
  void aDeadlineEndsAndNobodySleepsPastIt() {
    Deadline soon = Deadline.in(Duration.ofMillis(3));
    assertFalse(soon.pause(), "the shortest pause is longer");
    Deadline over = Deadline.in(Duration.ZERO);
    assertTrue(over.isPast());
    assertEquals(Duration.ofMillis(1), over.remaining());
    Deadline later = Deadline.in(Duration.ofMinutes(1));
    assertFalse(later.isPast());
    assertTrue(later.remaining().compareTo(Duration.ofSeconds(50)) > 0);
    assertTrue(later.pause());
    Thread.currentThread().interrupt();
    assertFalse(later.pause(), "who is interrupted does not go on");
    assertTrue(Thread.interrupted(), "and is told so");
  }
}
